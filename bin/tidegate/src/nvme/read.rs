//! `tidegate nvme read`: blocks of a namespace to a file or to standard output.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use nvme_host::{CopyPlan, ReconnectPolicy, Session, read_blocks};

use super::connection::{json, namespace, subsystem_options, with_namespace};
use super::progress::{Progress, bytes_per_second, rate_text};
use super::{Failure, Subcommand};
use crate::document::Document;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { name: "read", arguments, run };

/// The name of standard input and output.
pub(super) const STANDARD: &str = "-";

fn arguments() -> Command {
    with_range(with_namespace(Command::new("read").about("Read blocks to a file or to standard output"))).arg(
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FILE|-")
            .value_parser(value_parser!(PathBuf))
            .default_value(STANDARD)
            .help("Where to write the data; -: standard output"),
    )
}

/// Adds the range of blocks and how it is moved.
pub(super) fn with_range(command: Command) -> Command {
    command
        .arg(
            Arg::new("first-block")
                .long("first-block")
                .value_name("BLOCK")
                .value_parser(value_parser!(u64))
                .default_value("0")
                .help("The first logical block"),
        )
        .arg(
            Arg::new("blocks")
                .long("blocks")
                .value_name("COUNT")
                .value_parser(value_parser!(u64).range(1..))
                .help("How many blocks; default: to the end"),
        )
        .arg(
            Arg::new("queue-depth")
                .long("queue-depth")
                .value_name("COMMANDS")
                .value_parser(value_parser!(u16).range(1..=1023))
                .default_value("16")
                .help("How many commands are outstanding at a time"),
        )
}

/// Bytes of one command: large enough that commands do not count, small enough that many are under way.
pub(super) const PIECE_BYTES: u32 = 256 * 1024;

/// The session that moves the blocks.
pub(super) fn session(matches: &ArgMatches) -> Result<Session, Failure> {
    let depth = matches.get_one("queue-depth").copied().unwrap_or(16);
    Ok(Session::connect(subsystem_options(matches)?, ReconnectPolicy::default(), depth)?)
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let path = matches.get_one::<PathBuf>("output").map_or(Path::new(STANDARD), PathBuf::as_path);
    let to_standard_output = path == Path::new(STANDARD);
    if to_standard_output && std::io::stdout().is_terminal() {
        return Err(Failure::usage("the data would go to the terminal; --output FILE, or a pipe, takes them"));
    }
    if to_standard_output && json(matches) {
        return Err(Failure::usage(
            "--json and the data cannot both go to standard output; --output FILE takes the data",
        ));
    }
    let mut session = session(matches)?;
    let namespace = namespace(matches, session.controller())?;
    let plan = CopyPlan {
        namespace: &namespace,
        first_block: matches.get_one("first-block").copied().unwrap_or(0),
        block_count: matches.get_one("blocks").copied(),
        piece_bytes: PIECE_BYTES.min(session.controller().maximum_transfer_bytes()),
    };
    plan.check()?;
    let mut output: Box<dyn Write> = if to_standard_output {
        Box::new(std::io::stdout().lock())
    } else {
        let file = File::create(path)
            .map_err(|error| Failure::running(format!("cannot create {}: {error}", path.display())))?;
        Box::new(BufWriter::with_capacity(PIECE_BYTES as usize, file))
    };
    let total_blocks = plan.block_count.unwrap_or(namespace.block_count.saturating_sub(plan.first_block));
    let mut progress = Progress::start(Some(total_blocks * u64::from(namespace.block_size_bytes)));
    let result = read_blocks(&mut session, plan, &mut output, &mut |done| progress.update(done));
    let elapsed = progress.finish();
    let bytes = result?;
    if !to_standard_output {
        summary(bytes, elapsed).print(json(matches));
    }
    Ok(())
}

/// What was moved.
pub(super) fn summary(bytes: u64, elapsed: reactor::clock::Duration) -> Document {
    let rate = bytes_per_second(bytes, elapsed);
    Document::new()
        .with("bytes", bytes)
        .with_text("seconds", elapsed.as_secs_f64(), format_args!("{:.3}", elapsed.as_secs_f64()))
        .with_text("bytes_per_second", rate, rate_text(rate))
}
