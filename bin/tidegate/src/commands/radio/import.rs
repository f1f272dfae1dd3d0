//! `tidegate radio import`: brings directories into a library before, or without, a service that does.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use daemon::Position;
use indicatif::{ProgressBar, ProgressStyle};
use radio_library::import::{Effort, ImportOptions, ImportSummary, Placed, Progress, Selection};
use reactor::clock::{self, Duration, Instant};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::state;
use crate::commands::CommandEntry;
use crate::{Outcome, message};

pub(super) const SUBCOMMAND: CommandEntry = CommandEntry { name: "import", arguments, run };

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

fn arguments() -> Command {
    let flag = |name: &'static str, short, help: &'static str| {
        Arg::new(name).short(short).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("import")
        .about("Bring directories of music into a radio's library, and the library to what they have now")
        .after_help(
            "Only what is new or changed is read. An import that is interrupted goes on where it was when it is started again. What is \
             gone from a directory is gone from the library; what is known about it is kept for the case that it comes back.\n\
             Exit status: 0, or 1 when something could not be read or written.",
        )
        .arg(state::argument())
        .arg(flag("all", 'a', "All files, whatever their names end in"))
        .arg(flag("lazy", 'l', "Leave paths that are known alone, without a look at them").conflicts_with("force"))
        .arg(flag("force", 'f', "Read every file, also those that did not change"))
        .arg(flag("verbose", 'v', "Say what becomes of each file"))
        .arg(
            Arg::new("workers")
                .long("workers")
                .value_name("N")
                .value_parser(value_parser!(NonZeroUsize))
                .help("Threads that read files; default: one for each processor, at least 2"),
        )
        .arg(
            Arg::new("path")
                .value_name("PATH")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("Directories, looked through with all that is below, and files"),
        )
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The first one asks, a second one ends.
        let ends = signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop));
        if let Err(error) = ends.and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop))) {
            return message::failure(error);
        }
    }
    let library = match state::open(matches) {
        Ok(library) => library,
        Err(outcome) => return outcome,
    };
    let paths: Vec<PathBuf> = matches.get_many("path").into_iter().flatten().cloned().collect();
    let mut display = Display::new(matches.get_flag("verbose"));
    let mut observer = |progress: Progress<'_>| {
        display.show(&progress);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let result = library.import(&paths, &options(matches), &mut observer);
    display.bar.finish_and_clear();
    match result {
        Ok(summary) => end(&summary),
        Err(error) => message::failure(message::chain(&error)),
    }
}

fn options(matches: &ArgMatches) -> ImportOptions {
    let since_epoch = clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mut options = ImportOptions::new(since_epoch.as_secs());
    if matches.get_flag("all") {
        options.selection = Selection::All;
    }
    if matches.get_flag("lazy") {
        options.effort = Effort::Lazy;
    }
    if matches.get_flag("force") {
        options.effort = Effort::Force;
    }
    if let Some(workers) = matches.get_one::<NonZeroUsize>("workers") {
        options.workers = *workers;
    }
    options
}

fn end(summary: &ImportSummary) -> Outcome {
    message::line(summary);
    if summary.stopped {
        return message::failure("interrupted; the same command goes on from here");
    }
    if summary.problem_count > 0 { Outcome::Failure } else { Outcome::Success }
}

/// A bar for people, lines for everybody else.
struct Display {
    bar: ProgressBar,
    verbose: bool,
    files: u64,
    done: u64,
    line_at: Instant,
}

impl Display {
    fn new(verbose: bool) -> Self {
        // Draws nothing where standard error is no terminal.
        let bar = ProgressBar::new_spinner();
        Self { bar, verbose, files: 0, done: 0, line_at: clock::now() + LINE_EVERY }
    }

    fn show(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Looking { files } => {
                self.bar.set_message(format!("{files} files seen"));
                self.bar.tick();
            }
            Progress::Found { files } => {
                self.files = *files;
                self.bar.set_length(*files);
                let template = "{wide_bar} {pos} of {len} files, {per_sec}, {eta} left";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    self.bar.set_style(style);
                }
            }
            Progress::File { path, placed } => {
                self.done += u64::from(!matches!(placed, Placed::Removed));
                self.file(path, placed);
            }
            Progress::Problem(problem) => self.bar.suspend(|| message::error(problem)),
        }
        self.bar.set_position(self.done);
        if self.bar.is_hidden() && self.files > 0 && clock::now() >= self.line_at {
            self.line_at = clock::now() + LINE_EVERY;
            message::line(format_args!("{} of {} files", self.done, self.files));
        }
    }

    fn file(&self, path: &Path, placed: &Placed) {
        if let Placed::Refused { reason } = placed {
            self.bar.suspend(|| message::error(format_args!("{}: {reason}", path.display())));
        } else if self.verbose {
            self.bar.suspend(|| message::line(format_args!("{placed} {}", path.display())));
        }
    }
}
