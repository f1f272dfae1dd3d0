//! Times as people read them, in the operator's time zone.

use std::mem::MaybeUninit;

/// A time in seconds since 1970 as `2026-11-25 21:07:24`.
pub(crate) fn local(seconds: u64) -> String {
    let Ok(seconds) = libc::time_t::try_from(seconds) else { return seconds.to_string() };
    let mut parts = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are to live variables of the right types, and the function keeps neither.
    #[expect(unsafe_code, reason = "the C library knows the time zone")]
    let filled = !unsafe { libc::localtime_r(&raw const seconds, parts.as_mut_ptr()) }.is_null();
    if !filled {
        return seconds.to_string();
    }
    // SAFETY: the function has succeeded, so it has filled all of the structure.
    #[expect(unsafe_code, reason = "what the C library has filled")]
    let parts = unsafe { parts.assume_init() };
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        parts.tm_year + 1900,
        parts.tm_mon + 1,
        parts.tm_mday,
        parts.tm_hour,
        parts.tm_min,
        parts.tm_sec
    )
}

/// A duration in milliseconds as `3:07`, or `1:03:07`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let (minutes, seconds) = (milliseconds / 60_000, milliseconds / 1000 % 60);
    match minutes / 60 {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{:02}:{seconds:02}", minutes % 60),
    }
}

/// A duration in seconds as `2:03:15`: days, hours and minutes.
pub(crate) fn minutes(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_long_as_they_need_to_be() {
        for (milliseconds, text) in [(0, "0:00"), (187_999, "3:07"), (3_787_000, "1:03:07"), (360_000_000, "100:00:00")]
        {
            assert_eq!(duration(milliseconds), text);
        }
        assert_eq!(minutes(2 * 86_400 + 3 * 3600 + 15 * 60 + 59), "2:03:15");
    }

    #[test]
    fn a_time_has_its_calendar_form() {
        let text = local(1_000_000_000);
        assert!(text.starts_with("2001-09-0"), "{text}");
        assert_eq!(local(u64::MAX), u64::MAX.to_string());
    }
}
