//! `tidegate nvme write`: a file or standard input to blocks of a namespace.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use nvme_host::{CopyPlan, Namespace, write_blocks};

use super::connection::{json, namespace, with_namespace};
use super::progress::Progress;
use super::read::{PIECE_BYTES, STANDARD, session, summary, with_range};
use super::{Failure, Subcommand};

pub(super) const SUBCOMMAND: Subcommand = Subcommand { name: "write", arguments, run };

fn arguments() -> Command {
    with_range(with_namespace(
        Command::new("write").about("Write blocks from a file or from standard input, then flush"),
    ))
    .arg(
        Arg::new("input")
            .short('i')
            .long("input")
            .value_name("FILE|-")
            .value_parser(value_parser!(PathBuf))
            .default_value(STANDARD)
            .help("Where the data come from; -: standard input. Whole blocks are written only"),
    )
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let path = matches.get_one::<PathBuf>("input").map_or(Path::new(STANDARD), PathBuf::as_path);
    let (mut input, length) = open(path)?;
    let mut session = session(matches)?;
    let namespace = namespace(matches, session.controller())?;
    let plan = CopyPlan {
        namespace: &namespace,
        first_block: matches.get_one("first-block").copied().unwrap_or(0),
        block_count: matches.get_one("blocks").copied(),
        piece_bytes: PIECE_BYTES.min(session.controller().maximum_transfer_bytes()),
    };
    plan.check()?;
    let total = planned_bytes(plan, length);
    if let (Some(length), None) = (length, plan.block_count) {
        check_length(path, length, plan, &namespace)?;
    }
    let mut progress = Progress::start(total);
    let result = write_blocks(&mut session, plan, &mut input, &mut |done| progress.update(done));
    let elapsed = progress.finish();
    let bytes = result?;
    session.flush(&namespace)?;
    summary(bytes, elapsed).print(json(matches));
    Ok(())
}

/// The input, and its length where that is known.
fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if path == Path::new(STANDARD) {
        if std::io::stdin().is_terminal() {
            return Err(Failure::usage("the data would come from the terminal; --input FILE, or a pipe, gives them"));
        }
        return Ok((Box::new(std::io::stdin().lock()), None));
    }
    let failed = |error| Failure::running(format!("cannot read {}: {error}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
}

fn planned_bytes(plan: CopyPlan<'_>, length: Option<u64>) -> Option<u64> {
    plan.block_count.map(|blocks| blocks * u64::from(plan.namespace.block_size_bytes)).or(length)
}

/// Refuses a file that would not fit before anything of it is written.
fn check_length(path: &Path, length: u64, plan: CopyPlan<'_>, namespace: &Namespace) -> Result<(), Failure> {
    let block = u64::from(namespace.block_size_bytes);
    let room = (namespace.block_count - plan.first_block).saturating_mul(block);
    let path = path.display();
    if !length.is_multiple_of(block) {
        let excess = length % block;
        return Err(Failure::running(format!(
            "{path} has {length} bytes and so ends with {excess} bytes of a block of {block}; nothing was written; \
             pad it to a multiple of {block}, or name the whole blocks with --blocks"
        )));
    }
    if length > room {
        return Err(Failure::running(format!(
            "{path} has {length} bytes, and from block {} on there is room for {room}; nothing was written",
            plan.first_block
        )));
    }
    Ok(())
}
