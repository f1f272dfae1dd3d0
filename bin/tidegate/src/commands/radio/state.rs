//! Where the state of a radio is, and its library for the commands that work on it while no service does.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, value_parser};
use daemon::Failure;
use radio_library::Library;

use super::serve::NAME;
use crate::{Outcome, message};

/// Where the state of service `name` is by default: in `TIDEGATE_STATEDIR`; else in the system for root, and in the user's home for
/// others.
///
/// # Errors
/// When nothing says where the home is.
pub(crate) fn default(name: &str) -> Result<PathBuf, Failure> {
    let base = base(rustix::process::geteuid().is_root(), |name| std::env::var_os(name));
    base.map(|base| base.join(name)).ok_or_else(|| {
        Failure::usage("neither TIDEGATE_STATEDIR nor XDG_STATE_HOME nor HOME is set; name a directory with --state")
    })
}

fn base(is_root: bool, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let variable = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("TIDEGATE_STATEDIR").or_else(|| is_root.then(|| "/var/lib/tidegate".into())).or_else(|| {
        let states = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
        states.map(|states| states.join("tidegate"))
    })
}

/// `--state DIR`.
pub(super) fn argument() -> Arg {
    Arg::new("state")
        .long("state")
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
        .help("The radio's state directory, in which its library is [default: that of radio serve]")
}

/// Opens the library there, and makes one if there is none.
pub(super) fn open(matches: &ArgMatches) -> Result<Library, Outcome> {
    Library::open(&directory(matches)?).map_err(|error| message::failure(message::chain(&error)))
}

/// Opens the library that is there.
pub(super) fn open_existing(matches: &ArgMatches) -> Result<Library, Outcome> {
    let directory = directory(matches)?;
    if !Library::is_in(&directory) {
        let text = "there is no library here; --state names another directory, and radio import makes one";
        return Err(message::usage(format_args!("{}: {text}", directory.display())));
    }
    Library::open(&directory).map_err(|error| message::failure(message::chain(&error)))
}

fn directory(matches: &ArgMatches) -> Result<PathBuf, Outcome> {
    match matches.get_one::<PathBuf>("state") {
        Some(directory) => Ok(directory.clone()),
        None => default(NAME).map_err(|failure| message::failed(&failure)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_where_the_environment_says() {
        let choose = |variables: &[(&str, &str)], is_root| {
            base(is_root, |name| Some(variables.iter().find(|(known, _)| *known == name)?.1.into()))
        };
        let home = ("HOME", "/people/u");
        for (variables, is_root, expected) in [
            (&[("TIDEGATE_STATEDIR", "/states"), ("XDG_STATE_HOME", "/x")][..], true, Some("/states")),
            (&[("TIDEGATE_STATEDIR", ""), home], true, Some("/var/lib/tidegate")),
            (&[("XDG_STATE_HOME", "/x"), home], false, Some("/x/tidegate")),
            (&[("XDG_STATE_HOME", ""), home], false, Some("/people/u/.local/state/tidegate")),
            (&[], false, None),
        ] {
            assert_eq!(choose(variables, is_root), expected.map(PathBuf::from), "{variables:?} {is_root}");
        }
    }
}
