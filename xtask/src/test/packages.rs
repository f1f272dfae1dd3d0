//! The Debian packages that the tests need: one list, installed where that is possible.

use std::path::Path;
use std::process::Command;

use crate::task::{TaskError, describe, run, say};
use crate::workspace;

/// One line of `e2e/packages.txt`.
#[derive(Debug, PartialEq, Eq)]
struct Package<'t> {
    name: &'t str,
    program: &'t str,
    reason: &'t str,
}

/// Installs the packages whose program is not there. Where that cannot be done it says so; the tests that lack something
/// name it themselves.
///
/// # Errors
/// When the list cannot be read, or an installation that was begun fails.
pub(crate) fn install_missing() -> Result<(), TaskError> {
    let list = std::fs::read_to_string(workspace::root().join("e2e/packages.txt"))?;
    let missing: Vec<_> = parse(&list)?.into_iter().filter(|package| !is_there(package.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        say("not installing Debian packages: not root");
        return Ok(());
    }
    if !is_there("apt-get") {
        say("not installing Debian packages: no apt-get here");
        return Ok(());
    }
    say("installing Debian packages:");
    for package in &missing {
        say(format_args!("  {:18} {}", package.name, package.reason));
    }
    let mut update = Command::new("apt-get");
    run(update.args(["-qq", "update"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["-qq", "-y", "--no-install-recommends", "install"]).args(missing.iter().map(|package| package.name));
    say(describe(&install));
    run(&mut install)
}

fn parse(list: &str) -> Result<Vec<Package<'_>>, TaskError> {
    let lines = list.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let mut rest = line.trim();
            let mut word = || {
                let (word, tail) = rest.split_once(char::is_whitespace)?;
                rest = tail.trim_start();
                Some(word)
            };
            match (word(), word()) {
                (Some(name), Some(program)) => Ok(Package { name, program, reason: rest }),
                _ => Err(TaskError::new(format_args!("e2e/packages.txt:{}: expected PACKAGE PROGRAM WHY", index + 1))),
            }
        })
        .collect()
}

fn is_there(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_package_program_and_reason() {
        let packages = parse("# heading\n\nkmod   depmod  indexes modules\n").unwrap();
        assert_eq!(packages, [Package { name: "kmod", program: "depmod", reason: "indexes modules" }]);
        assert_eq!(parse("\nkmod depmod\n").unwrap_err().0, "e2e/packages.txt:2: expected PACKAGE PROGRAM WHY");
    }

    #[test]
    fn the_list_is_well_formed_and_sorted() {
        let list = std::fs::read_to_string(workspace::root().join("e2e/packages.txt")).unwrap();
        let packages = parse(&list).unwrap();
        assert!(packages.is_sorted_by_key(|package| package.name));
        assert!(packages.iter().all(|package| !package.reason.is_empty()));
    }
}
