//! `cargo xtask soak`: the scenarios again and again, until one fails or the time is over.
//!
//! What fails once in a hundred runs fails here before it fails on somebody.

use clap::{Arg, ArgMatches, value_parser};
use reactor::clock::{self, Duration};

use crate::task::{Task, TaskError, say};
use crate::test;

pub(crate) const TASK: Task = Task { arguments, run };

fn arguments() -> clap::Command {
    clap::Command::new("soak")
        .about("Run the end-to-end scenarios over and over")
        .arg(
            Arg::new("minutes")
                .long("minutes")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .default_value("60")
                .help("Begins no round after so many minutes"),
        )
        .arg(
            Arg::new("filter")
                .value_name("FILTER")
                .num_args(0..)
                .help("Only scenarios whose name contains one of these"),
        )
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let minutes = matches.get_one::<u64>("minutes").copied().unwrap_or(60);
    let filters: Vec<String> = matches.get_many("filter").into_iter().flatten().cloned().collect();
    let until = clock::now() + Duration::from_secs(60 * minutes);
    let mut round = 0;
    while clock::now() < until {
        round += 1;
        say(format_args!("==> round {round}"));
        test::scenarios_once(&filters)
            .map_err(|TaskError(problem)| TaskError::new(format_args!("round {round}: {problem}")))?;
    }
    say(format_args!("{round} rounds, no failure"));
    Ok(())
}
