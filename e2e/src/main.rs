//! `e2e`: runs the scenarios. `cargo xtask test` builds what it needs and calls it.
//!
//! ```text
//! e2e [--binary PATH] [--list] [FILTER...]
//! ```
//! A line for each scenario, then `scenarios: N passed, N failed, N skipped`. Exit status 0 if none failed, 1 if one did,
//! 2 for wrong usage.

mod scenarios;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use e2e::scenario::{self, Selection};

fn main() -> ExitCode {
    let mut output = std::io::stdout().lock();
    match run(&mut output) {
        Ok(code) => code,
        Err(problem) => {
            // Nobody is left to tell if standard error is gone as well.
            let _ = writeln!(std::io::stderr(), "e2e: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(output: &mut impl Write) -> Result<ExitCode, String> {
    let mut selection = Selection { binary: default_binary(), filters: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--binary" => selection.binary = arguments.next().ok_or("--binary needs a PATH")?.into(),
            "--list" => {
                let names = scenarios::table().iter().map(|entry| format!("{}\n", entry.name)).collect::<String>();
                output.write_all(names.as_bytes()).map_err(|error| error.to_string())?;
                return Ok(ExitCode::SUCCESS);
            }
            option if option.starts_with('-') => {
                return Err(format!("unknown option {option}; known: --binary PATH, --list"));
            }
            filter => selection.filters.push(filter.to_owned()),
        }
    }
    if !selection.binary.is_file() {
        let path = selection.binary.display();
        return Err(format!("no program at {path}; build it (cargo build --release) or name it with --binary PATH"));
    }
    e2e::service::adopt_orphans().map_err(|failure| failure.to_string())?;
    let counts = scenario::run(&scenarios::table(), &selection, output).map_err(|error| error.to_string())?;
    writeln!(output, "scenarios: {} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped)
        .map_err(|error| error.to_string())?;
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The release build in the same target directory as this program.
fn default_binary() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.ancestors().nth(2).unwrap_or(&own).join("release/tidegate")
}
