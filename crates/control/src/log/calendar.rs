//! Dates and times as text, by the C library's `strftime`, which knows the operator's formats and time zone.
#![expect(unsafe_code, reason = "the C library's calendar functions; each use states why it is sound")]

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::time::UNIX_EPOCH;

use reactor::clock::SystemTime;

/// Longest formatted time, in bytes. A longer one is dropped as `strftime` does.
const TEXT_BYTES_MAX: usize = 512;

/// The time zone of a formatted time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    Utc,
    Local,
}

/// `time` in `format`, a template of `strftime`, in which each run of `#` becomes as many digits of the second's
/// fraction.
pub(super) fn format_time(time: SystemTime, format: &str, zone: Zone) -> String {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = libc::time_t::try_from(since_epoch.as_secs()).unwrap_or(libc::time_t::MAX);
    let Some(text) = broken_down(seconds, zone).and_then(|parts| strftime(&parts, format)) else {
        return String::new();
    };
    let fraction = format!("{:09}", since_epoch.subsec_nanos());
    let mut digits = fraction.chars();
    let expand = |character| {
        if character == '#' {
            return digits.next().unwrap_or('0');
        }
        digits = fraction.chars();
        character
    };
    text.chars().map(expand).collect()
}

fn broken_down(seconds: libc::time_t, zone: Zone) -> Option<libc::tm> {
    let mut parts = MaybeUninit::uninit();
    let filled = match zone {
        // SAFETY: the first pointer is to a readable time_t, the second to writable room for a tm; both outlive the call.
        Zone::Utc => unsafe { libc::gmtime_r(&raw const seconds, parts.as_mut_ptr()) },
        // SAFETY: as above. The time zone that it reads is the C library's, which guards it with a lock.
        Zone::Local => unsafe { libc::localtime_r(&raw const seconds, parts.as_mut_ptr()) },
    };
    if filled.is_null() {
        return None;
    }
    // SAFETY: a result that is not null says that the whole structure has been filled.
    Some(unsafe { parts.assume_init() })
}

fn strftime(parts: &libc::tm, format: &str) -> Option<String> {
    let format = CString::new(format).ok()?;
    let mut bytes = [0_u8; TEXT_BYTES_MAX];
    // SAFETY: the buffer has TEXT_BYTES_MAX writable bytes, the format ends with NUL, and `parts` was filled by the C
    // library itself, its time zone name being static. All outlive the call.
    let length = unsafe { libc::strftime(bytes.as_mut_ptr().cast(), bytes.len(), format.as_ptr(), &raw const *parts) };
    Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn f04_templates_with_fractions() {
        let time = UNIX_EPOCH + Duration::new(1_795_479_284, 39_388_245);
        let utc = |format| format_time(time, format, Zone::Utc);
        assert_eq!(utc("%Y-%m-%dT%H:%M:%S.###Z"), "2026-11-24T00:14:44.039Z");
        assert_eq!(utc("%T.######### ##"), "00:14:44.039388245 03");
        assert_eq!(utc("%h %e %T"), "Nov 24 00:14:44");
        assert_eq!(utc(""), "");
        assert_eq!(utc(&"%Y".repeat(TEXT_BYTES_MAX)), "", "too long");
        assert_eq!(format_time(time, "%s", Zone::Local), "1795479284");
    }
}
