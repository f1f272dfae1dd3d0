//! `cargo xtask TASK`: everything that is done to the project besides compiling it.
//!
//! A task is one file (or folder) here and one line in [`TABLE`]. Continuous integration is `cargo xtask ci`; nothing is
//! checked anywhere that cannot be checked here.

mod ci;
mod compare;
mod dist;
mod fuzz;
mod soak;
mod task;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use task::{Task, TaskError, say};

/// Every task, in the order of the help text.
const TABLE: &[Task] = &[test::TASK, ci::TASK, tidy::TASK, fuzz::TASK, soak::TASK, compare::TASK, dist::TASK];

fn main() -> ExitCode {
    let command = clap::Command::new("cargo xtask")
        .about("The project's own tasks")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(TABLE.iter().map(|task| (task.arguments)()));
    let matches = command.get_matches();
    let Some((name, arguments)) = matches.subcommand() else {
        return ExitCode::from(2);
    };
    let Some(task) = TABLE.iter().find(|task| (task.arguments)().get_name() == name) else {
        return ExitCode::from(2);
    };
    match (task.run)(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(TaskError(problem)) => {
            say(format_args!("xtask {name}: {problem}"));
            ExitCode::FAILURE
        }
    }
}
