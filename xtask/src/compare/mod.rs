//! `cargo xtask compare`: what we are measured against, side by side in one run.
//!
//! Figures of two machines, or of two days, cannot be compared. So everything is measured in turns on the machine at
//! hand, round after round, and what counts is the ratio of the medians. A comparison is one file and one line in
//! [`TABLE`].

mod bare_loop;
mod bench;
mod bench_remote;
mod daemon;
mod loop_device;
mod machine;
mod programs;
mod radio;
mod radio_library;
mod radio_listen;
mod radio_pacing;
mod radio_stations;
mod radio_stream;
mod target;

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::task::{Task, TaskError};

pub(crate) const TASK: Task = Task { arguments, run };

/// One comparison.
struct Comparison {
    /// Its name, description and arguments.
    arguments: fn() -> Command,
    run: fn(&ArgMatches) -> Result<(), TaskError>,
}

/// Every comparison, and the programs that they start.
const TABLE: &[Comparison] = &[
    target::COMPARISON,
    daemon::COMPARISON,
    bench::COMPARISON,
    bench_remote::COMPARISON,
    radio::COMPARISON,
    radio_library::COMPARISON,
    radio_stream::COMPARISON,
    bare_loop::COMPARISON,
    radio_listen::COMPARISON,
];

fn arguments() -> Command {
    Command::new("compare")
        .about("Measure ourselves and our yardsticks side by side; writes docs/measurements/")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(TABLE.iter().map(|comparison| (comparison.arguments)()))
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let Some((name, arguments)) = matches.subcommand() else {
        return Err(TaskError::new("no comparison named"));
    };
    match TABLE.iter().find(|comparison| (comparison.arguments)().get_name() == name) {
        Some(comparison) => (comparison.run)(arguments),
        None => Err(TaskError::new(format_args!("there is no comparison '{name}'"))),
    }
}

/// Adds how long and how often to measure, and where the report goes.
fn with_rounds(command: Command) -> Command {
    with_times(command).arg(
        Arg::new("output")
            .long("output")
            .value_name("FILE")
            .value_parser(value_parser!(std::path::PathBuf))
            .help("Where to write the report; default: the file in docs/measurements/"),
    )
}

/// Adds how long and how often to measure.
fn with_times(command: Command) -> Command {
    command
        .arg(
            Arg::new("rounds")
                .long("rounds")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..=99))
                .default_value("5")
                .help("How often each case is measured, in turns"),
        )
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..=600))
                .default_value("2")
                .help("How long each measurement takes"),
        )
}

/// The samples of one case, and what they come to.
#[derive(Debug, Clone, Default)]
struct Samples(Vec<u64>);

impl Samples {
    fn add(&mut self, sample: u64) {
        self.0.push(sample);
        self.0.sort_unstable();
    }

    /// The median; 0 without samples.
    fn median(&self) -> u64 {
        let middle = self.0.len() / 2;
        match (self.0.get(middle), self.0.len().is_multiple_of(2)) {
            (None, _) => 0,
            (Some(&upper), false) => upper,
            (Some(&upper), true) => self.0[middle - 1].midpoint(upper),
        }
    }

    /// The smallest and the largest; 0 without samples.
    fn spread(&self) -> (u64, u64) {
        (self.0.first().copied().unwrap_or(0), self.0.last().copied().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let mut samples = Samples::default();
        assert_eq!((samples.median(), samples.spread()), (0, (0, 0)));
        for (sample, median) in [(9, 9), (1, 5), (5, 5), (7, 6)] {
            samples.add(sample);
            assert_eq!(samples.median(), median);
        }
        assert_eq!(samples.spread(), (1, 9));
    }
}
