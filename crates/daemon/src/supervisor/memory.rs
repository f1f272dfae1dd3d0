//! Giving back the memory that only the start has needed.
//!
//! Parsing a command line and a configuration touches most of what a supervisor ever will of the program's code and tables. It
//! stays counted as the supervisor's, which then only sleeps for months.

use std::fs;
use std::ops::Range;

/// Lets the kernel take the program's code and constants out of this process. Their pages are the files' own, and come back
/// by themselves, unchanged, when they are used again.
pub(super) fn release_start() {
    let Ok(maps) = fs::read_to_string("/proc/self/smaps") else { return };
    for range in unchanged_file_pages(&maps) {
        // SAFETY: the range is a mapping of a file that cannot be written to and of which this process has no page of its own:
        // the kernel drops the references, and reads the same bytes from the file at the next access. That holds for the
        // code that is running here as well.
        #[expect(unsafe_code, reason = "advice about memory that no Rust object owns")]
        unsafe {
            libc::madvise(std::ptr::without_provenance_mut(range.start), range.len(), libc::MADV_DONTNEED);
        }
    }
}

/// The addresses, out of `/proc/PID/smaps`, where files are mapped that can only be read or executed, without a page that
/// differs from the file: relocated constants are anonymous memory, and stay.
fn unchanged_file_pages(maps: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut candidate = None;
    for line in maps.lines() {
        match line.strip_prefix("Anonymous:") {
            None => candidate = read_only_file(line).or(candidate),
            Some(size) => {
                let range = candidate.take();
                ranges.extend(range.filter(|_| size.split_whitespace().next() == Some("0")));
            }
        }
    }
    ranges
}

/// The addresses of a line that begins a mapping, if it is one of a file that is never written.
fn read_only_file(line: &str) -> Option<Range<usize>> {
    let mut fields = line.split_whitespace();
    let (range, permissions) = (fields.next()?, fields.next()?);
    let path = fields.nth(3)?;
    if !matches!(permissions, "r-xp" | "r--p") || !path.starts_with('/') {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    Some(address(start)?..address(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(permissions: &str, path: &str, anonymous_kib: u32) -> String {
        format!(
            "1000-3000 {permissions} 00000000 fe:00 12      {path}\nSize: 8 kB\nRss: 8 kB\nAnonymous: {anonymous_kib} kB\nVmFlags: rd\n"
        )
    }

    #[test]
    fn only_what_is_the_files_own_is_given_back() {
        for permissions in ["r-xp", "r--p"] {
            let given = unchanged_file_pages(&mapping(permissions, "/usr/bin/tidegate", 0));
            assert_eq!((given.len(), given.first()), (1, Some(&(0x1000..0x3000))), "{permissions}");
        }
        for (permissions, path, anonymous_kib) in
            [("r--p", "/a", 4), ("r-xp", "/a", 4), ("rw-p", "/a", 0), ("r-xp", "[vdso]", 0), ("r--p", "", 0)]
        {
            let text = mapping(permissions, path, anonymous_kib);
            assert!(unchanged_file_pages(&text).is_empty(), "{text}");
        }
        let two = mapping("rw-p", "/a", 0) + &mapping("r--p", "/b", 0);
        assert_eq!(unchanged_file_pages(&two).len(), 1);
    }
}
