//! systemd understands every line of the units, and rates each service 2.0 or better, also with a disk allowed.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::context::{Context, Finished};
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "packaging/units", needs: &[Need::Program("systemd-analyze")], run };

/// The units by their names.
const UNITS: &[(&str, &str)] = &[
    ("tidegate.service", include_str!("../../../../packaging/systemd/tidegate.service")),
    ("tidegate-target.service", include_str!("../../../../packaging/systemd/tidegate-target.service")),
    ("tidegate-target.socket", include_str!("../../../../packaging/systemd/tidegate-target.socket")),
    (
        "tidegate-target-discovery.socket",
        include_str!("../../../../packaging/systemd/tidegate-target-discovery.socket"),
    ),
];

/// The worst rating that we accept, in tenths.
const EXPOSURE_TENTHS_MAXIMUM: u32 = 20;

/// Where the units expect the program.
const INSTALLED: &str = "/usr/bin/tidegate";

/// What the packages' README tells people to add for a disk.
const DISK: &str = "[Service]\nDeviceAllow=/dev/nvme1n1 rw\nSupplementaryGroups=disk\n";

fn run(context: &Context) -> Verdict {
    let folder = context.scratch().path();
    let mut units: Vec<PathBuf> = Vec::new();
    for (name, text) in UNITS {
        units.push(folder.join(name));
        std::fs::write(folder.join(name), text.replace(INSTALLED, &context.binary().display().to_string()))?;
    }
    accepted(context, &units)?;
    for unit in &units {
        rated(context, unit).map_err(|failure| failure.during(unit.display()))?;
        if unit.extension().is_some_and(|extension| extension == "service") {
            add_disk(unit)?;
        }
    }
    accepted(context, &units).map_err(|failure| failure.during("with a disk"))?;
    for unit in &units {
        rated(context, unit).map_err(|failure| failure.during(format_args!("{} with a disk", unit.display())))?;
    }
    the_verifier_looks_at_the_program(context)
}

fn add_disk(unit: &Path) -> Verdict {
    let mut folder = unit.as_os_str().to_owned();
    folder.push(".d");
    std::fs::create_dir(&folder)?;
    Ok(std::fs::write(Path::new(&folder).join("disk.conf"), DISK)?)
}

fn analyze(context: &Context, arguments: &[&str], units: &[PathBuf]) -> Result<Finished, Failure> {
    let mut command = Command::new("systemd-analyze");
    // Drop-ins are looked for where units are.
    command.args(arguments).args(units).env("SYSTEMD_UNIT_PATH", format!("{}:", context.scratch().path().display()));
    context.finish("systemd-analyze", command, PROMPTLY)
}

/// Every key and value is known and the program exists; what systemd would skip with a warning counts as well.
fn accepted(context: &Context, units: &[PathBuf]) -> Verdict {
    let verdict = analyze(context, &["verify"], units)?;
    ensure_eq!(verdict.status, Some(0), "exit status of systemd-analyze verify ({})", verdict.error);
    ensure!(verdict.error.is_empty(), "systemd-analyze verify complains: {}", verdict.error);
    Ok(())
}

fn rated(context: &Context, unit: &Path) -> Verdict {
    if unit.extension().is_some_and(|extension| extension == "socket") {
        return Ok(());
    }
    let rating = analyze(context, &["security", "--offline=yes", "--no-pager"], &[unit.to_owned()])?;
    let tenths = exposure_tenths(&rating.output)
        .ok_or_else(|| Failure::new(format!("no rating: {}{}", rating.output, rating.error)))?;
    ensure!(tenths <= EXPOSURE_TENTHS_MAXIMUM, "exposure {}.{}:\n{}", tenths / 10, tenths % 10, rating.output);
    Ok(())
}

/// The number in `Overall exposure level for UNIT: 1.8 OK`.
fn exposure_tenths(text: &str) -> Option<u32> {
    let line = text.lines().find(|line| line.contains("Overall exposure level"))?;
    let (whole, tenths) = line.rsplit_once(": ")?.1.split_whitespace().next()?.split_once('.')?;
    Some(whole.parse::<u32>().ok()? * 10 + tenths.parse::<u32>().ok()?)
}

/// Without this, a wrong path in a unit would be accepted above.
fn the_verifier_looks_at_the_program(context: &Context) -> Verdict {
    let wrong = context.scratch().path().join("wrong.service");
    std::fs::write(&wrong, "[Service]\nExecStart=/nonexistent/tidegate\n")?;
    let verdict = analyze(context, &["verify"], &[wrong])?;
    ensure!(verdict.status != Some(0), "a program that does not exist was accepted");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rating_is_read_in_tenths() {
        assert_eq!(exposure_tenths("x\n→ Overall exposure level for tidegate.service: 1.8 OK\n"), Some(18));
        assert_eq!(exposure_tenths("→ Overall exposure level for a: 10.0 DANGEROUS"), Some(100));
        assert_eq!(exposure_tenths("failed"), None);
    }

    #[test]
    fn every_service_runs_the_installed_program_as_its_own_user() {
        for (name, text) in UNITS.iter().filter(|(name, _)| name.ends_with(".service")) {
            assert!(text.contains(&format!("\nExecStart={INSTALLED} ")), "{name}");
            assert!(text.contains("\nUser=tidegate\n"), "{name}");
        }
        let readme = include_str!("../../../../packaging/README.md");
        assert!(readme.contains(DISK), "the drop-in that is checked is the one in the README");
    }
}
