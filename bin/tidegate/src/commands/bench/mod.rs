//! `tidegate bench`: the load generator. Its command line is fio's, and so is the whole command line when the binary is
//! started under the name `fio`.
//!
//! Three things can be asked for, each with a file or folder of its own here; what is done is in the crates `bench` and
//! `bench_remote`:
//! - [`local`]: jobs are run here.
//! - [`serve`]: `--server`: jobs of front ends are run.
//! - [`remote`]: `--client`: jobs are run by workers.

mod interruption;
mod local;
mod remote;
mod screen;
pub(crate) mod serve;
mod voice;

use std::ffi::OsString;
use std::path::Path;

use bench::command_line;
use bench::job_file::Host;
use clap::{Arg, ArgMatches, Command};
use control::log::LogOptions;
use daemon::Position;

use super::CommandEntry;
use crate::{Outcome, log_options, message};

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "bench", arguments, run };

/// The version of fio that output and files are compatible with.
const COMPATIBLE: &str = "fio-3.33";
/// The name under which the binary takes fio's command line.
const TOOL: &str = "fio";

/// What the load generator was called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// `fio`: scripts rely on what fio does.
    Fio,
    /// `tidegate bench`: where fio takes something else for what was asked, it is refused: a device with less bytes than a job says,
    /// help on what does not exist.
    Bench,
}

fn arguments() -> Command {
    Command::new("bench")
        .about("Generate I/O from fio's job files and options, and measure it")
        .after_help(
            "All options are fio's: `tidegate bench --help` lists them. --allow-exec lets job files run programs.\n\
             `tidegate bench --server --help` tells how to be a worker of fio's front ends.",
        )
        .disable_help_flag(true)
        .arg(
            Arg::new("arguments")
                .value_name("JOBFILE | --name=JOB …")
                .num_args(0..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .value_parser(clap::value_parser!(OsString)),
        )
}

fn run(matches: &ArgMatches, position: Position) -> Outcome {
    let arguments = matches.get_many::<OsString>("arguments").into_iter().flatten().cloned().collect();
    generate(Name::Bench, arguments, position)
}

/// The arguments of the load generator, when the command line is one for it: by its first word, or by the name of the
/// program. They are not for clap, which knows no options that are cut short.
pub(crate) fn own_arguments(command_line: impl Iterator<Item = OsString>) -> Option<(Name, Vec<OsString>)> {
    let mut words = command_line;
    let program = words.next()?;
    let is_tool = Path::new(&program).file_name().is_some_and(|name| name == TOOL);
    if !is_tool && words.next()? != ENTRY.name {
        return None;
    }
    Some((if is_tool { Name::Fio } else { Name::Bench }, words.collect()))
}

/// Does what the command line of the load generator says. As with fio, everything that is wrong ends with status 1.
pub(crate) fn generate(name: Name, arguments: Vec<OsString>, position: Position) -> Outcome {
    if serve::is_asked(&arguments) {
        return serve::run(arguments, position);
    }
    if let Err(failure) = log_options::start(&LogOptions::default(), ENTRY.name) {
        return message::failed(&failure);
    }
    match command_line::parse(arguments, &mut Host) {
        Ok(command_line::Outcome::Answer(text)) => {
            message::text(&text);
            Outcome::Success
        }
        Ok(command_line::Outcome::Run(invocation)) => local::run(&invocation, name),
        Ok(command_line::Outcome::Remote(invocation)) => remote::run(&invocation),
        Err(error) => match command_line::answer_of_fio(&error).filter(|_| name == Name::Fio) {
            Some(answer) => {
                message::verbatim_error(&answer.error);
                message::text(&answer.output);
                if answer.is_success { Outcome::Success } else { Outcome::Failure }
            }
            None => message::failure(message::chain(&error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(words: &[&str]) -> Option<(Name, Vec<OsString>)> {
        own_arguments(words.iter().map(OsString::from))
    }

    #[test]
    fn the_first_word_or_the_name_of_the_program_makes_it_the_load_generator() {
        assert_eq!(own(&["tidegate", "bench", "--name=x"]), Some((Name::Bench, vec!["--name=x".into()])));
        assert_eq!(own(&["/usr/bin/fio", "-v"]), Some((Name::Fio, vec!["-v".into()])));
        assert_eq!(own(&["fio"]), Some((Name::Fio, Vec::new())));
        for other in [&["tidegate"][..], &["tidegate", "target", "bench"], &["tidegate", "-v", "bench"], &["fiox", "a"]]
        {
            assert_eq!(own(other), None, "{other:?}");
        }
    }
}
