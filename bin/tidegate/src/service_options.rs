//! What every service takes on the command line and in its `service` section: how it is kept alive, and as whom.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use daemon::Options;
use daemon::privileges::UserSpecification;
use daemon::sandbox::Layers;
use daemon::supervision::{RestartPolicy, ServiceTimes};

use crate::configuration::{ConfigurationError, Place, Seconds, ServiceSection};

/// The heading of these options in the help text.
const HEADING: &str = "Daemon options";

/// Between two signs of life of a service of `up`, unless its section says otherwise.
const WATCHDOG_DEFAULT: Duration = Duration::from_secs(30);

/// `--detach` and its relatives, for a service.
pub(crate) fn arguments() -> Vec<Arg> {
    let arguments = [
        flag("monitor", "Start again after a crash"),
        seconds_argument(
            "watchdog",
            "With --monitor: start again after so long without a sign of life [default: never]",
        ),
        seconds_argument(
            "throttle",
            "With --monitor: the pause before the second restart in a row, doubling up to a minute [default: 1]",
        ),
        value("give-up", "N", "With --monitor: end after so many crashes in a row [default: never]")
            .value_parser(value_parser!(u32).range(1..)),
        value(
            "no-sandbox",
            "LAYER,…",
            "Switch layers of the sandbox off: no-new-privileges, landlock, seccomp [without a value: all]",
        )
        .value_parser(|text: &str| Layers::without(text))
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("all"),
    ];
    shared().into_iter().chain(arguments).map(|argument| argument.help_heading(HEADING)).collect()
}

/// Those of a supervisor of many. What it would do about each of them is in their sections.
pub(crate) fn supervisor_arguments() -> Vec<Arg> {
    let monitor = flag("monitor", "Without effect: services are always started again");
    shared().into_iter().chain([monitor]).map(|argument| argument.help_heading(HEADING)).collect()
}

/// What a service and a supervisor both take.
fn shared() -> [Arg; 9] {
    [
        flag("detach", "Leave the caller once ready; its exit status tells how it went"),
        flag("no-chdir", "Stay in the starting directory"),
        value(
            "pidfile",
            "FILE",
            "Write the process id there, below the run directory unless absolute [default: NAME.pid]",
        )
        .value_parser(value_parser!(OsString))
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value(""),
        flag("overwrite-pidfile", "Take the pidfile over even from a running instance"),
        value("user", "USER[:GROUP]", "Become this user").value_parser(|text: &str| text.parse::<UserSpecification>()),
        value(
            "unixctl",
            "SOCKET",
            "Control socket, below the run directory unless absolute; none: no socket [default: NAME.PID.ctl]",
        )
        .value_parser(value_parser!(PathBuf)),
        seconds_argument("start-timeout", "How long it may take to be ready [default: as long as it takes]"),
        seconds_argument("stop-timeout", "How long it may take to end [default: 10]"),
        value("notification-fd", "FD", "Tell readiness by a newline on this descriptor, as s6 has it")
            .value_parser(value_parser!(i32).range(3..)),
    ]
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn value(name: &'static str, value_name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value_name).help(help)
}

fn seconds_argument(name: &'static str, help: &'static str) -> Arg {
    // So that -1 is a wrong value instead of an unknown option.
    value(name, "SECONDS", help).value_parser(seconds).allow_negative_numbers(true)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds, such as 10 or 0.5".to_owned())?;
    Seconds::try_from(seconds).map(|Seconds(time)| time).map_err(str::to_owned)
}

/// What the command line of service `name` says.
pub(crate) fn from_matches(matches: &ArgMatches, name: &str) -> Options {
    let mut options = from_shared(matches, name);
    let seconds = |argument| matches.get_one::<Duration>(argument).copied();
    options.monitor = matches.get_flag("monitor");
    options.times.watchdog = seconds("watchdog");
    options.restart.throttle = seconds("throttle").unwrap_or(options.restart.throttle);
    options.restart.give_up_after = matches.get_one("give-up").copied();
    if let Some(layers) = matches.get_one::<Layers>("no-sandbox") {
        options.sandbox = layers.clone();
    }
    options
}

/// What the command line of the supervisor of many says, which is called `name`.
pub(crate) fn from_shared(matches: &ArgMatches, name: &str) -> Options {
    let seconds = |argument| matches.get_one::<Duration>(argument).copied();
    let mut options = Options {
        detach: matches.get_flag("detach"),
        no_chdir: matches.get_flag("no-chdir"),
        pidfile: matches.get_one::<OsString>("pidfile").map(|path| pidfile(path, name)),
        overwrite_pidfile: matches.get_flag("overwrite-pidfile"),
        user: matches.get_one("user").cloned(),
        unixctl: matches.get_one("unixctl").cloned(),
        start_timeout: seconds("start-timeout"),
        notification_descriptor: matches.get_one("notification-fd").copied(),
        ..Options::default()
    };
    options.times.start_up = options.start_timeout;
    options.times.stop = seconds("stop-timeout").unwrap_or(options.times.stop);
    options
}

fn pidfile(path: &OsStr, name: &str) -> PathBuf {
    if path.is_empty() { format!("{name}.pid").into() } else { path.into() }
}

/// What the section `service` of service `name` says.
///
/// # Errors
/// A value that cannot be used, with its line and key.
pub(crate) fn from_section(
    place: &Place<'_>,
    section: &ServiceSection,
    name: &str,
) -> Result<Options, ConfigurationError> {
    let mut options = Options {
        pidfile: Some(format!("{name}.pid").into()),
        restart: restart_policy(place, section)?,
        times: times(section),
        ..Options::default()
    };
    if let Some(user) = &section.user {
        let parsed = user.get_ref().parse().map_err(|error| place.at(user, "service.user", error))?;
        options.user = Some(parsed);
    }
    for layer in &section.sandbox_off {
        // One by one, so that the wrong one is pointed at; then all of them.
        Layers::without(layer.get_ref()).map_err(|error| place.at(layer, "service.sandbox_off", error))?;
    }
    let off: Vec<&str> = section.sandbox_off.iter().map(|layer| layer.get_ref().as_str()).collect();
    if let Ok(layers) = Layers::without(&off.join(","))
        && !off.is_empty()
    {
        options.sandbox = layers;
    }
    Ok(options)
}

fn times(section: &ServiceSection) -> ServiceTimes {
    let time = |seconds: Option<Seconds>| seconds.map(|Seconds(time)| time);
    let default = ServiceTimes::default();
    ServiceTimes {
        start_up: time(section.start_timeout_s),
        stop: time(section.stop_timeout_s).unwrap_or(default.stop),
        watchdog: Some(time(section.watchdog_s).unwrap_or(WATCHDOG_DEFAULT)).filter(|time| !time.is_zero()),
    }
}

fn restart_policy(place: &Place<'_>, section: &ServiceSection) -> Result<RestartPolicy, ConfigurationError> {
    let restart = &section.restart;
    let mut policy = RestartPolicy::default();
    let set = |time: &mut Duration, seconds: Option<Seconds>| {
        if let Some(Seconds(seconds)) = seconds {
            *time = seconds;
        }
    };
    set(&mut policy.throttle, restart.throttle_s);
    set(&mut policy.throttle_limit, restart.throttle_limit_s);
    set(&mut policy.healthy_after, restart.healthy_after_s);
    policy.give_up_after = restart.give_up_after;
    policy.statuses = restart.statuses.clone().unwrap_or_default();
    if let Some(names) = &restart.signals {
        let mut signals = Vec::new();
        for name in names.get_ref() {
            let number = daemon::process_end::signal_number(name).ok_or_else(|| {
                let hint = format!("{name:?} is no signal; expected a name such as SEGV or KILL");
                place.at(names, "service.restart.signals", hint)
            })?;
            signals.push(number);
        }
        policy.signals = signals;
    }
    Ok(policy)
}
