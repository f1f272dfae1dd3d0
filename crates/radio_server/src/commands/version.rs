//! `version`.

use clap::{Arg, ArgAction, Command};

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `version`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "version", rights: Rights::NONE, arguments, reads_input: false, run, words: no_words };

fn arguments() -> Command {
    Command::new("version").about("Print the version").arg(
        Arg::new("verbose")
            .short('v')
            .long("verbose")
            .action(ArgAction::SetTrue)
            .help("Print how it was built, as well"),
    )
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    call.line(format_args!("radio (Tidegate) {}", env!("CARGO_PKG_VERSION")))?;
    if call.flag("verbose") {
        let build = if cfg!(debug_assertions) { "with debug assertions" } else { "optimised" };
        call.line(format_args!("built for {} on {}, {build}", std::env::consts::OS, std::env::consts::ARCH))?;
        let system = rustix::system::uname();
        call.line(format_args!(
            "running on {} {}",
            system.sysname().to_string_lossy(),
            system.release().to_string_lossy()
        ))?;
    }
    Ok(())
}
