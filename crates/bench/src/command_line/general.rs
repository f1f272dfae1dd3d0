//! Options of the program: one table.

use std::path::PathBuf;
use std::time::Duration;

use super::help;
use crate::options::ValueError;
use crate::options::kind::{Argument, nearest};
use crate::options::number::{DefaultUnit, duration};
use crate::run::{IdleProfile, calibration, chain};
use crate::statistics::log::inflate;

/// Forms of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputFormats {
    /// Text for people.
    pub normal: bool,
    /// A line of fields.
    pub terse: bool,
    /// JSON.
    pub json: bool,
    /// JSON with all buckets of latency; `json` is set too.
    pub json_plus: bool,
}

/// Whether progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Eta {
    /// On a terminal.
    #[default]
    Automatic,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the options of the program say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneralOptions {
    /// Where results go; nothing is standard output.
    pub output: Option<PathBuf>,
    /// Forms of the results.
    pub output_formats: OutputFormats,
    /// Version of the terse form, 2 to 5.
    pub terse_version: u8,
    /// Whether progress is shown.
    pub eta: Eta,
    /// How often, at least [`ETA_INTERVAL_MIN`].
    pub eta_interval: Duration,
    /// A new line is begun this often; nothing is never.
    pub eta_newline: Option<Duration>,
    /// Results so far are told this often; nothing is never.
    pub status_interval: Option<Duration>,
    /// What debug messages are about, as given.
    pub debug: Vec<String>,
    /// The only job that they are about, by its number in the run, from 0; nothing is all jobs.
    pub debug_job: Option<u32>,
    /// Jobs are read and checked, and not run.
    pub parse_only: bool,
    /// Sections of job files are shown as command lines.
    pub show_command: bool,
    /// Jobs that write or trim are refused.
    pub readonly: bool,
    /// Jobs may run programs (`ioengine=exec`, `exec_prerun`, `exec_postrun`).
    pub allow_exec: bool,
    /// Warnings are errors.
    pub warnings_fatal: bool,
    /// Only these sections are run; none is all.
    pub sections: Vec<String>,
    /// Where files of the program's own go; nothing is the current directory.
    pub aux_path: Option<PathBuf>,
    /// The bandwidth of all jobs together is logged.
    pub bandwidth_log: bool,
    /// Jobs end once this file exists.
    pub trigger_file: Option<PathBuf>,
    /// Jobs end after this time.
    pub trigger_timeout: Option<Duration>,
    /// This is run when a trigger ends the jobs, once states of verification are saved.
    pub trigger: Option<String>,
    /// It is told how idle processors are.
    pub idle_profile: Option<IdleProfile>,
    /// What workers run when a trigger ends their jobs.
    pub trigger_remote: Option<String>,
    /// Progress of all workers is shown on the whole screen.
    pub tui: bool,
    /// The program, and words before its other arguments, that reaches workers behind `ssh://`.
    pub ssh_command: Option<String>,
}

impl Default for GeneralOptions {
    fn default() -> Self {
        Self {
            output: None,
            output_formats: OutputFormats { normal: true, terse: false, json: false, json_plus: false },
            terse_version: 3,
            eta: Eta::Automatic,
            eta_interval: Duration::from_secs(1),
            eta_newline: None,
            status_interval: None,
            debug: Vec::new(),
            debug_job: None,
            parse_only: false,
            show_command: false,
            readonly: false,
            allow_exec: false,
            warnings_fatal: false,
            sections: Vec::new(),
            aux_path: None,
            bandwidth_log: false,
            trigger_file: None,
            trigger_timeout: None,
            trigger: None,
            idle_profile: None,
            trigger_remote: None,
            tui: false,
            ssh_command: None,
        }
    }
}

/// Shortest time between two showings of the progress: fio's own.
pub const ETA_INTERVAL_MIN: Duration = Duration::from_millis(250);

/// The word that chooses a job.
const DEBUG_JOB: &str = "job";

/// What debug messages can be about.
pub(super) const DEBUG_SUBJECTS: [&str; 19] = [
    "process",
    "file",
    "io",
    "mem",
    "blktrace",
    "verify",
    "random",
    "parse",
    "diskutil",
    "job",
    "mutex",
    "profile",
    "time",
    "net",
    "rate",
    "compress",
    "steadystate",
    "helperthread",
    "zbd",
];

/// What an option has done.
#[derive(Debug)]
pub(super) enum Effect {
    /// It was noted.
    Set,
    /// It was noted, and is enough of a command line by itself.
    Asked,
    /// It asks for this, and for nothing after it.
    Answer(String),
}

type Set = fn(&mut GeneralOptions) -> Effect;
type SetValue = fn(&mut GeneralOptions, &str) -> Result<Effect, ValueError>;
type SetOptional = fn(&mut GeneralOptions, Option<&str>) -> Result<Effect, ValueError>;

/// What an option means to a front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrontEndOption {
    /// Names a worker, or a list of them.
    Client,
    /// Names a job file of a worker's.
    RemoteConfig,
    /// Is noted.
    TriggerRemote,
    /// Is noted.
    Tui,
    /// Is noted.
    SshCommand,
}

/// What an option does with its value.
pub(super) enum Action {
    None(Set),
    Required(SetValue),
    Optional(SetOptional),
    /// It is for front ends; see `remote.rs`.
    FrontEnd(Option<Argument>, FrontEndOption),
    Unsupported(Option<Argument>, &'static str),
    /// It is there, but where it is given something else reads the command line.
    Elsewhere(Option<Argument>, &'static str),
}

/// An option of the program.
pub(super) struct GeneralOption {
    pub(super) name: &'static str,
    /// Its short form, which fio takes without telling.
    pub(super) letter: Option<char>,
    /// What its value is called in the help.
    pub(super) value: &'static str,
    pub(super) help: &'static str,
    pub(super) action: Action,
}

impl std::fmt::Debug for GeneralOption {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GeneralOption").field("name", &self.name).finish_non_exhaustive()
    }
}

impl GeneralOption {
    pub(super) fn argument(&self) -> Option<Argument> {
        match self.action {
            Action::None(_) => None,
            Action::Required(_) => Some(Argument::Required),
            Action::Optional(_) => Some(Argument::Optional),
            Action::FrontEnd(argument, _) | Action::Unsupported(argument, _) | Action::Elsewhere(argument, _) => {
                argument
            }
        }
    }

    pub(super) fn apply(&self, general: &mut GeneralOptions, value: Option<&str>) -> Result<Effect, ValueError> {
        match self.action {
            Action::None(set) => Ok(set(general)),
            Action::Optional(set) => set(general, value),
            Action::FrontEnd(_, option) => Ok(set_front_end(option, general, value)),
            Action::Unsupported(_, reason) | Action::Elsewhere(_, reason) => Err(ValueError::Unsupported(reason)),
            Action::Required(set) => {
                let value = value.ok_or_else(|| ValueError::Missing { accepted: self.value.to_owned() })?;
                set(general, value)
            }
        }
    }

    pub(super) const fn is_supported(&self) -> bool {
        self.reason_missing().is_none()
    }

    /// Why it is refused; nothing if it is not.
    pub(super) const fn reason_missing(&self) -> Option<&'static str> {
        match self.action {
            Action::Unsupported(_, reason) => Some(reason),
            Action::None(_)
            | Action::Required(_)
            | Action::Optional(_)
            | Action::FrontEnd(..)
            | Action::Elsewhere(..) => None,
        }
    }
}

const fn option(
    name: &'static str,
    letter: char,
    value: &'static str,
    action: Action,
    help: &'static str,
) -> GeneralOption {
    GeneralOption { name, letter: Some(letter), value, help, action }
}

const WORKER: &str = "a worker's command line has --server, written out: `--server --help` tells its options";
const SELF_TEST: &str = "self-tests of fio are no part of this program";
const REQUIRED: Option<Argument> = Some(Argument::Required);
const OPTIONAL: Option<Argument> = Some(Argument::Optional);

/// Every option of the program, in the order of the help.
pub(super) const GENERAL: &[GeneralOption] = &[
    option("help", 'h', "", Action::None(|_| answer(help::usage())), "Show this"),
    option("version", 'v', "", Action::None(|_| answer(help::version())), "Show the version"),
    option(
        "cmdhelp",
        'c',
        "OPTION",
        Action::Optional(|_, name| help::of_options(name)),
        "Show options of jobs; all of them without a name",
    ),
    option(
        "enghelp",
        'i',
        "ENGINE[,OPTION]",
        Action::Optional(|_, name| help::of_engines(name)),
        "Show engines and their options",
    ),
    option(
        "output",
        'o',
        "FILE",
        Action::Required(|general, path| set(&mut general.output, path)),
        "Write results to a file",
    ),
    option(
        "output-format",
        'F',
        "FORMAT[,FORMAT]",
        Action::Required(output_format),
        "Forms of results: normal, terse, json, json+",
    ),
    option("minimal", 'm', "", Action::None(minimal), "The same as --output-format=terse"),
    option("append-terse", 'f', "", Action::Optional(append_terse), "Write the terse form too"),
    option("terse-version", 'V', "VERSION", Action::Required(terse_version), "Version of the terse form: 2 to 5"),
    option(
        "bandwidth-log",
        'b',
        "",
        Action::None(|general| {
            general.bandwidth_log = true;
            Effect::Set
        }),
        "Log the bandwidth of all jobs together",
    ),
    option("eta", 'e', "WHEN", Action::Required(eta), "Show progress: always, never or auto, which is on a terminal"),
    option("eta-interval", 'O', "TIME", Action::Required(eta_interval), "How often to show progress"),
    option("eta-newline", 'E', "TIME", Action::Required(eta_newline), "How often to begin a new line for it"),
    option("status-interval", 'L', "TIME", Action::Required(status_interval), "How often to tell the results so far"),
    option("section", 'x', "NAME", Action::Required(section), "Run only this section of job files; can be given again"),
    option("readonly", 'r', "", Action::None(readonly), "Refuse jobs that write or trim"),
    GeneralOption {
        name: "allow-exec",
        letter: None,
        value: "",
        help: "Let jobs run programs: ioengine=exec, exec_prerun, exec_postrun",
        action: Action::None(|general| {
            general.allow_exec = true;
            Effect::Set
        }),
    },
    option("parse-only", 'P', "", Action::None(parse_only), "Read and check jobs, run none"),
    option("showcmd", 's', "", Action::None(show_command), "Show job files as command lines"),
    option("warnings-fatal", 'w', "", Action::None(warnings_fatal), "Take warnings for errors"),
    option(
        "debug",
        'd',
        "SUBJECT[,SUBJECT]",
        Action::Required(debug),
        "Tell more on standard error: of process, file, io, verify and time; with job:NUMBER of this job only, from 0",
    ),
    option(
        "aux-path",
        'K',
        "DIRECTORY",
        Action::Required(|general, path| set(&mut general.aux_path, path)),
        "Where files of the program's own go",
    ),
    option(
        "trigger-file",
        'W',
        "FILE",
        Action::Required(|general, path| set(&mut general.trigger_file, path)),
        "End the jobs once this file exists",
    ),
    option("trigger-timeout", 'B', "TIME", Action::Required(trigger_timeout), "End the jobs after this time"),
    option(
        "trigger",
        'H',
        "COMMAND",
        Action::Required(trigger),
        "Run this when a trigger ends the jobs, once states of verification are saved",
    ),
    option(
        "max-jobs",
        'j',
        "NUMBER",
        Action::Required(|_, _| Ok(Effect::Set)),
        "Without effect: there is room for all jobs",
    ),
    option(
        "alloc-size",
        'a',
        "KIB",
        Action::Required(|_, _| Ok(Effect::Set)),
        "Without effect: no memory is set apart",
    ),
    option(
        "trigger-remote",
        'J',
        "COMMAND",
        Action::FrontEnd(REQUIRED, FrontEndOption::TriggerRemote),
        "Run this on workers when a trigger ends the jobs",
    ),
    option(
        "server",
        'S',
        "ADDRESS",
        Action::Elsewhere(OPTIONAL, WORKER),
        "Run the jobs of front ends: with --help after it, more",
    ),
    option(
        "daemonize",
        'D',
        "PIDFILE",
        Action::Elsewhere(REQUIRED, WORKER),
        "With --server: do that in the background",
    ),
    option(
        "client",
        'C',
        "HOST",
        Action::FrontEnd(REQUIRED, FrontEndOption::Client),
        "Run the jobs on this worker, or on those that a file lists; ssh://USER@HOST starts one there",
    ),
    option(
        "remote-config",
        'R',
        "FILE",
        Action::FrontEnd(REQUIRED, FrontEndOption::RemoteConfig),
        "Run a job file of the worker's",
    ),
    GeneralOption {
        name: "tui",
        letter: None,
        value: "",
        help: "Show the progress of all workers on the whole screen",
        action: Action::FrontEnd(None, FrontEndOption::Tui),
    },
    GeneralOption {
        name: "ssh-command",
        letter: None,
        value: "COMMAND",
        help: "Reach workers behind ssh:// with this program and these words instead of ssh",
        action: Action::FrontEnd(REQUIRED, FrontEndOption::SshCommand),
    },
    option(
        "idle-prof",
        'I',
        "WHAT",
        Action::Required(idle_profile),
        "Tell how idle processors are: system, percpu (each as well) or calibrate (a unit of work, no jobs)",
    ),
    option(
        "inflate-log",
        'X',
        "FILE",
        Action::Required(inflate_log),
        "Show a log that log_store_compressed has stored",
    ),
    option(
        "merge-blktrace-only",
        'A',
        "",
        Action::Unsupported(None, "merging of traces comes later"),
        "Merge traces, run nothing",
    ),
    option("latency-log", 'l', "FILE", Action::Unsupported(REQUIRED, "use write_lat_log in the job"), "Removed"),
    option("cpuclock-test", 'T', "", Action::Unsupported(None, SELF_TEST), "Test the clock of the processor"),
    option("crctest", 'G', "NAME", Action::Unsupported(OPTIONAL, SELF_TEST), "Measure checksums"),
    option("memcpytest", 'M', "NAME", Action::Unsupported(OPTIONAL, SELF_TEST), "Measure copies of memory"),
];

fn set_front_end(option: FrontEndOption, general: &mut GeneralOptions, value: Option<&str>) -> Effect {
    let text = || value.filter(|value| !value.is_empty()).map(str::to_owned);
    match option {
        // The list of workers is not an option of the program.
        FrontEndOption::Client | FrontEndOption::RemoteConfig => {}
        FrontEndOption::TriggerRemote => general.trigger_remote = text(),
        FrontEndOption::Tui => general.tui = true,
        FrontEndOption::SshCommand => general.ssh_command = text(),
    }
    Effect::Set
}

fn answer(text: String) -> Effect {
    Effect::Answer(text)
}

fn set(field: &mut Option<PathBuf>, path: &str) -> Result<Effect, ValueError> {
    if path.is_empty() {
        return Err(ValueError::Missing { accepted: "a path".to_owned() });
    }
    *field = Some(PathBuf::from(path));
    Ok(Effect::Set)
}

fn output_format(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    const WORDS: [&str; 6] = ["normal", "terse", "minimal", "csv", "json", "json+"];
    let mut formats = OutputFormats { normal: false, terse: false, json: false, json_plus: false };
    for word in text.split(',') {
        match word {
            "normal" => formats.normal = true,
            "terse" | "minimal" | "csv" => formats.terse = true,
            "json" => formats.json = true,
            "json+" => (formats.json, formats.json_plus) = (true, true),
            _ => {
                let nearest = nearest(word, WORDS);
                return Err(ValueError::NoSuchWord { text: word.to_owned(), words: WORDS.to_vec(), nearest });
            }
        }
    }
    general.output_formats = formats;
    Ok(Effect::Set)
}

fn minimal(general: &mut GeneralOptions) -> Effect {
    general.output_formats = OutputFormats { normal: false, terse: true, json: false, json_plus: false };
    Effect::Set
}

fn append_terse(general: &mut GeneralOptions, _: Option<&str>) -> Result<Effect, ValueError> {
    general.output_formats.terse = true;
    Ok(Effect::Set)
}

fn terse_version(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    let version = text.parse().ok().filter(|version| (2..=5).contains(version));
    general.terse_version =
        version.ok_or_else(|| ValueError::malformed(text, "a version of the terse form, 2 to 5"))?;
    Ok(Effect::Set)
}

/// fio takes any other word for `auto`.
fn eta(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    general.eta = match text {
        "always" => Eta::Always,
        "never" => Eta::Never,
        "auto" => Eta::Automatic,
        _ => return Err(ValueError::malformed(text, "always, never or auto")),
    };
    Ok(Effect::Set)
}

fn time(text: &str, minimum: Duration) -> Result<Duration, ValueError> {
    let accepted = "a time, in seconds unless us, ms, s, m, h or d follows";
    let time = duration(text, DefaultUnit::Seconds).ok_or_else(|| ValueError::malformed(text, accepted))?;
    if time < minimum {
        let minimum = format!("{} ms", minimum.as_millis());
        return Err(ValueError::OutOfRange { text: text.to_owned(), minimum, maximum: "any time".to_owned() });
    }
    Ok(time)
}

fn eta_interval(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    general.eta_interval = time(text, ETA_INTERVAL_MIN)?;
    Ok(Effect::Set)
}

fn eta_newline(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    general.eta_newline = Some(time(text, Duration::from_millis(1))?);
    Ok(Effect::Set)
}

fn status_interval(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    general.status_interval = Some(time(text, Duration::from_millis(1))?);
    Ok(Effect::Set)
}

fn trigger_timeout(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    general.trigger_timeout = Some(time(text, Duration::from_millis(1))?);
    Ok(Effect::Set)
}

fn trigger(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    general.trigger = Some(text.to_owned());
    Ok(Effect::Set)
}

fn inflate_log(_: &mut GeneralOptions, path: &str) -> Result<Effect, ValueError> {
    let failed = |error: &dyn std::error::Error| ValueError::File { path: path.to_owned(), problem: chain(error) };
    let stored = std::fs::read(path).map_err(|error| failed(&error))?;
    let mut lines = Vec::new();
    inflate(&stored, &mut lines).map_err(|error| failed(&error))?;
    Ok(answer(String::from_utf8_lossy(&lines).into_owned()))
}

fn idle_profile(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    general.idle_profile = Some(match text {
        "system" => IdleProfile::System,
        "percpu" => IdleProfile::EachProcessor,
        "calibrate" => return Ok(answer(calibration())),
        _ => return Err(ValueError::malformed(text, "system, percpu or calibrate")),
    });
    Ok(Effect::Set)
}

fn section(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    if text == "global" {
        return Err(ValueError::Rule("global sections count for all jobs; name a job"));
    }
    general.sections.push(text.to_owned());
    Ok(Effect::Set)
}

fn readonly(general: &mut GeneralOptions) -> Effect {
    general.readonly = true;
    Effect::Set
}

fn parse_only(general: &mut GeneralOptions) -> Effect {
    general.parse_only = true;
    Effect::Asked
}

fn show_command(general: &mut GeneralOptions) -> Effect {
    general.show_command = true;
    Effect::Asked
}

fn warnings_fatal(general: &mut GeneralOptions) -> Effect {
    general.warnings_fatal = true;
    Effect::Set
}

fn debug(general: &mut GeneralOptions, text: &str) -> Result<Effect, ValueError> {
    if text == "help" || text == "?" {
        return Ok(answer(format!("{},all\n", DEBUG_SUBJECTS.join(","))));
    }
    for word in text.split(',') {
        let (name, number) = word.split_once(':').map_or((word, None), |(name, number)| (name, Some(number)));
        if name != "all" && !DEBUG_SUBJECTS.contains(&name) {
            let nearest = nearest(name, DEBUG_SUBJECTS);
            return Err(ValueError::NoSuchWord { text: name.to_owned(), words: DEBUG_SUBJECTS.to_vec(), nearest });
        }
        match (name, number) {
            (DEBUG_JOB, number) => {
                let number = number.and_then(|number| number.parse().ok());
                general.debug_job = Some(number.ok_or_else(|| ValueError::malformed(word, "job:NUMBER, from 0"))?);
            }
            (_, None) => general.debug.push(name.to_owned()),
            // fio takes such a word and passes over the number.
            (_, Some(_)) => return Err(ValueError::Rule("one job is chosen by a word of its own: io,job:0")),
        }
    }
    Ok(Effect::Set)
}
