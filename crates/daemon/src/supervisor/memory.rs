//! Giving back the memory that only the start has needed.
//!
//! Parsing a command line and a configuration touches most of what a supervisor ever will of the program's code. It stays
//! counted as the supervisor's, which then only sleeps for months.

use std::fs;

/// Lets the kernel take the pages of executable code out of this process. They are the files' own, and come back by
/// themselves, unchanged, when they are executed again.
pub(super) fn release_code() {
    let Ok(maps) = fs::read_to_string("/proc/self/maps") else { return };
    for range in maps.lines().filter_map(code_of_a_file) {
        // SAFETY: the range is a mapping of a file that is executable and not writable, so no page of it has been changed:
        // the kernel drops the references, and reads the same bytes from the file at the next access. That holds for the
        // code that is running here as well.
        #[expect(unsafe_code, reason = "advice about memory that no Rust object owns")]
        unsafe {
            libc::madvise(std::ptr::without_provenance_mut(range.start), range.len(), libc::MADV_DONTNEED);
        }
    }
}

/// The addresses of a line of `/proc/PID/maps`, if a file is mapped there to be executed and never written.
fn code_of_a_file(line: &str) -> Option<std::ops::Range<usize>> {
    let mut fields = line.split_whitespace();
    let (range, permissions) = (fields.next()?, fields.next()?);
    let path = fields.nth(3)?;
    if permissions != "r-xp" || !path.starts_with('/') {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    Some(address(start)?..address(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_is_given_back() {
        let line = |permissions, path| format!("1000-3000 {permissions} 00000000 fe:00 12      {path}");
        assert_eq!(code_of_a_file(&line("r-xp", "/usr/bin/tidegate")), Some(0x1000..0x3000));
        for (permissions, path) in
            [("r--p", "/usr/bin/tidegate"), ("rw-p", "/usr/bin/tidegate"), ("r-xp", "[vdso]"), ("r-xp", "")]
        {
            assert_eq!(code_of_a_file(&line(permissions, path)), None, "{permissions} {path}");
        }
    }

    #[test]
    fn the_program_goes_on_as_before() {
        release_code();
        assert_eq!(code_of_a_file("1000-3000 r-xp 00000000 fe:00 12 /a"), Some(0x1000..0x3000));
    }
}
