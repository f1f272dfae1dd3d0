//! `tidegate nvme log`: log pages by name, one file each and one line in [`PAGES`].

mod changed_namespaces;
mod discovery;
mod effects;
mod error;
mod firmware;
mod smart;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use nvme::base::log_page::{GetLogPage, LogPageIdentifier};
use nvme_host::{CommandError, Controller};
use zerocopy::FromBytes;

use super::connection::{connect, json, with_subsystem};
use super::{Failure, Subcommand};
use crate::document::Document;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { name: "log", arguments, run };

/// A log page that can be shown.
struct Page {
    name: &'static str,
    /// What it holds, for the help text.
    about: &'static str,
    read: fn(&Controller) -> Result<Document, Failure>,
}

/// Every page, in the order of the help text.
const PAGES: &[Page] =
    &[error::PAGE, smart::PAGE, firmware::PAGE, changed_namespaces::PAGE, effects::PAGE, discovery::PAGE];

fn arguments() -> Command {
    let width = PAGES.iter().map(|page| page.name.len()).max().unwrap_or(0);
    let lines: Vec<_> = PAGES.iter().map(|page| format!("  {:width$}  {}", page.name, page.about)).collect();
    with_subsystem(Command::new("log").about("Show a log page"))
        .arg(
            Arg::new("page")
                .value_name("PAGE")
                .required(true)
                .value_parser(PossibleValuesParser::new(PAGES.iter().map(|page| page.name)))
                .hide_possible_values(true)
                .help("The page's name (see below)"),
        )
        .after_help(format!("Pages:\n{}", lines.join("\n")))
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let name = matches.get_one::<String>("page").map_or("", String::as_str);
    let Some(page) = PAGES.iter().find(|page| page.name == name) else {
        return Err(Failure::usage(format!("there is no log page '{name}'")));
    };
    let controller = connect(matches)?;
    (page.read)(&controller)?.print(json(matches));
    Ok(())
}

/// Reads a page that is one structure.
fn structure<T: FromBytes>(controller: &Controller, page: LogPageIdentifier) -> Result<T, CommandError> {
    const { assert!(size_of::<T>().is_multiple_of(4) && size_of::<T>() <= 4096) };
    let length_bytes = u32::try_from(size_of::<T>()).unwrap_or(u32::MAX);
    let bytes = controller.log_page(GetLogPage::new(page, u64::from(length_bytes)), length_bytes)?;
    match T::read_from_bytes(&bytes) {
        Ok(structure) => Ok(structure),
        Err(_) => unreachable!("as many bytes as the structure has were read"),
    }
}

#[cfg(test)]
mod tests {
    use super::PAGES;

    #[test]
    fn every_page_is_listed_once() {
        for (index, page) in PAGES.iter().enumerate() {
            assert!(PAGES[..index].iter().all(|other| other.name != page.name), "{}", page.name);
            assert!(!page.about.is_empty(), "{}", page.name);
        }
    }
}
