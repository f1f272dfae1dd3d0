//! `tidegate nvme flush`: makes what was written durable.

use clap::{ArgMatches, Command};
use nvme_host::{ReconnectPolicy, Session};

use super::connection::{json, namespace, subsystem_options, with_namespace};
use super::{Failure, Subcommand};
use crate::document::Document;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { name: "flush", arguments, run };

fn arguments() -> Command {
    with_namespace(Command::new("flush").about("Make all that was written to a namespace durable"))
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let mut session = Session::connect(subsystem_options(matches)?, ReconnectPolicy::NEVER, 1)?;
    let namespace = namespace(matches, session.controller())?;
    session.flush(&namespace)?;
    Document::new().with("namespace", namespace.id).with("flushed", true).print(json(matches));
    Ok(())
}
