//! Finds the names for the addresses in a crash report, in a process that has time.

use std::fmt::Write as _;

use super::image::{self, Image};

/// The beginning of the line that says which executable wrote the report: `DEVICE:INODE` follows.
pub(super) const IDENTITY_LABEL: &str = "executable ";

/// The report with functions and lines behind each `<binary+0xOFFSET>`, as far as this process runs the same files and
/// they have the names in them; what it does not know stays as it is. Lines of functions that were inlined follow
/// indented, the innermost first.
///
/// A report of another executable, as of the one before an upgrade, is returned unchanged: its offsets would get names,
/// but wrong ones. Reads debugging information of the binary: takes up to some 100 ms the first time.
#[must_use]
pub fn symbolise(report: &str) -> String {
    if !is_of_this_executable(report) {
        return report.to_owned();
    }
    let images = image::images();
    let mut text = String::new();
    // Behind the first address is the instruction that failed; the others are where calls return to, and the call
    // itself is the instruction before.
    let mut is_call = false;
    // The line that has been answered is of no use to people.
    for line in report.lines().filter(|line| !line.starts_with(IDENTITY_LABEL)) {
        text.push_str(line);
        if let Some(address) = address_here(line, &images) {
            add_names(&mut text, if is_call { address.wrapping_sub(1) } else { address });
            is_call = true;
        }
        text.push('\n');
    }
    text
}

fn is_of_this_executable(report: &str) -> bool {
    let said = report.lines().find_map(|line| line.strip_prefix(IDENTITY_LABEL)).and_then(|said| said.split_once(':'));
    let (Some((device, inode)), Some(own)) = (said, image::identity()) else { return false };
    device.parse() == Ok(own.0) && inode.parse() == Ok(own.1)
}

/// Where the instruction of a line `0xADDRESS <NAME+0xOFFSET>` is in this process.
fn address_here(line: &str, images: &[Image]) -> Option<usize> {
    let (_, place) = line.strip_prefix("0x")?.split_once(" <")?;
    let (name, offset) = place.strip_suffix('>')?.rsplit_once("+0x")?;
    let offset = usize::from_str_radix(offset, 16).ok()?;
    let image = images.iter().find(|image| image.name == name)?;
    image.addresses.start.checked_add(offset).filter(|address| image.addresses.contains(address))
}

fn add_names(text: &mut String, address: usize) {
    let mut first = true;
    // The crate takes what it is given for the place behind a call.
    let behind = std::ptr::without_provenance_mut(address.wrapping_add(1));
    backtrace::resolve(behind, |symbol| {
        let Some(name) = symbol.name() else { return };
        text.push_str(if first { " " } else { "\n    in " });
        first = false;
        let _ = write!(text, "{name:#}");
        if let (Some(file), Some(line)) = (symbol.filename(), symbol.lineno()) {
            let _ = write!(text, " ({}:{line})", file.display());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(place: &str) -> String {
        let (device, inode) = image::identity().unwrap();
        format!("SIGSEGV detected, backtrace:\n0x1 <{place}>\n0x2\n{IDENTITY_LABEL}{device}:{inode}\n")
    }

    fn this_function() -> String {
        let address = this_function as *const () as usize;
        let image = image::images().into_iter().find(|image| image.addresses.contains(&address)).unwrap();
        format!("{}+{:#x}", image.name, address - image.addresses.start)
    }

    #[test]
    fn c13_an_address_gets_its_function_and_line() {
        let text = symbolise(&report(&this_function()));
        let line = text.lines().nth(1).unwrap();
        assert!(line.contains("> ") && line.contains("this_function"), "{text}");
        assert!(line.contains("symbolise.rs:"), "{text}");
        assert_eq!(text.lines().count(), 3, "the line that was for this program is gone: {text}");
    }

    #[test]
    fn what_is_not_known_stays_as_it_is() {
        let shown = |place: &str| format!("SIGSEGV detected, backtrace:\n0x1 <{place}>\n0x2\n");
        for place in ["other+0x10", "other", "+0x", "a+0xffffffffffffffffff", "é+0x1"] {
            assert_eq!(symbolise(&report(place)), shown(place));
        }
        let name = this_function();
        let outside = format!("{}+0xffffffffffffffff", name.rsplit_once('+').unwrap().0);
        assert_eq!(symbolise(&report(&outside)), shown(&outside));
        assert_eq!(symbolise(""), "");
    }

    #[test]
    fn a_report_of_another_executable_gets_no_names() {
        let foreign = report(&this_function()).replace(IDENTITY_LABEL, "executable 9");
        assert_eq!(symbolise(&foreign), foreign);
    }
}
