//! `tidegate up`: every configured service, or the demo.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::{CommandEntry, target};
use crate::configuration::Loaded;
use crate::{Outcome, message};

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "up", arguments, run };

/// What runs without a configuration file: a disk in memory, on this machine only. Nothing is written anywhere.
const DEMO: &str = r#"
[target]
nqn = "nqn.2026-11.io.tidegate:demo"
devices = ["memory:512M"]
"#;

fn arguments() -> Command {
    Command::new("up")
        .about("Run all configured services; without a file, a demo of every service on 127.0.0.1")
        .arg(configuration_argument())
}

/// `-c FILE`, as `up` and `check` take it.
pub(super) fn configuration_argument() -> Arg {
    Arg::new("configuration")
        .short('c')
        .long("configuration")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("The configuration, in TOML")
}

fn run(matches: &ArgMatches) -> Outcome {
    let loaded = match matches.get_one::<PathBuf>("configuration") {
        Some(path) => Loaded::read(path),
        None => Loaded::built_in(DEMO),
    };
    let started = loaded.and_then(|loaded| target::from_configuration(&loaded));
    match started {
        Ok((settings, options)) => target::serve(settings, &options),
        Err(error) => message::usage(error),
    }
}
