//! `add`: brings files and directories into the library.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command};
use radio_library::import::{Effort, ImportOptions, Placed, Progress, Selection};

use super::{Call, CommandEntry, CommandError};
use crate::context::Context;
use crate::importer::summary_line;
use crate::rights::Rights;
use crate::station::wall_ms;

/// `add`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "add",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words,
};

fn arguments() -> Command {
    let flag = |name: &'static str, short, help: &'static str| {
        Arg::new(name).short(short).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("add")
        .about("Add or update audio files; directories with all that is in them")
        .after_help(
            "Paths are of the machine that the radio runs on, absolute, and within the directories that it was started with. Files that are \
             gone from a directory are taken out of the library.",
        )
        .arg(flag("all", 'a', "All files, whatever their names end in"))
        .arg(flag("lazy", 'l', "Leave paths that are known alone, without a look at them").conflicts_with("force"))
        .arg(flag("force", 'f', "Read every file, also those that did not change"))
        .arg(flag("verbose", 'v', "Say what becomes of each file"))
        .arg(Arg::new("paths").value_name("PATH").num_args(1..).required(true).help("Files and directories"))
}

fn words(context: &Context) -> Vec<String> {
    context.directories.iter().map(|path| path.display().to_string()).collect()
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let paths: Vec<PathBuf> = call.values("paths").into_iter().map(PathBuf::from).collect();
    if let Some(relative) = paths.iter().find(|path| path.is_relative()) {
        return Err(CommandError::usage(format_args!("add: {}: expected an absolute path", relative.display())));
    }
    let mut options = ImportOptions::new(wall_ms() / 1000);
    // What the service was started with is looked through again by itself; the rest when somebody asks again.
    options.remember = false;
    options.selection = if call.flag("all") { Selection::All } else { Selection::Known };
    options.effort = match (call.flag("lazy"), call.flag("force")) {
        (true, _) => Effort::Lazy,
        (_, true) => Effort::Force,
        _ => Effort::Changed,
    };
    let (import, verbose) = (call.context.import.clone(), call.flag("verbose"));
    let (mut problems, mut unplayable) = (0, 0);
    let mut gone = None;
    let mut observer = |progress: Progress<'_>| {
        let told = match progress {
            Progress::File { path, placed: Placed::Refused { reason } } => {
                // What lies about in a directory is nobody's mistake.
                unplayable += u32::from(paths.iter().any(|named| named == path));
                call.note(format_args!("{}: {reason}", path.display()))
            }
            Progress::File { path, placed } if verbose => call.line(line(path, placed)),
            Progress::Problem(problem) => {
                problems += 1;
                call.note(problem)
            }
            _ if *call.streams.interrupted.borrow() => Err(CommandError::Interrupted),
            _ => Ok(()),
        };
        match told {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                gone = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let summary = import.run(&paths, &options, &mut observer).map_err(CommandError::caused)?;
    if let Some(error) = gone {
        return Err(error);
    }
    if verbose {
        call.line(summary_line(&summary))?;
    }
    match (problems, unplayable) {
        (0, 0) => Ok(()),
        (0, _) => Err(CommandError::failed(format_args!("{unplayable} of the files that were named cannot be played"))),
        _ => Err(CommandError::failed(format_args!("{problems} files or directories could not be read"))),
    }
}

fn line(path: &std::path::Path, placed: &Placed) -> String {
    let path = path.display();
    match placed {
        Placed::Added => format!("added {path}"),
        Placed::Renamed { from } => format!("renamed {} to {path}", from.display()),
        Placed::Updated => format!("updated {path}"),
        Placed::Replaced => format!("replaced {path}"),
        Placed::Refused { reason } => format!("{path}: {reason}"),
        Placed::Removed => format!("removed {path}"),
    }
}
