//! The time of day as `ctime` writes it: in the machine's time zone, without the newline.
#![expect(unsafe_code, reason = "only the C library knows the machine's time zone")]

use std::ffi::CStr;

/// `Wed Nov 25 18:00:00 2026` for seconds since 1970; empty for a time that no calendar has.
#[must_use]
pub fn local_time(seconds: u64) -> String {
    let Ok(time) = libc::time_t::try_from(seconds) else {
        return String::new();
    };
    // SAFETY: all zeros is a valid `tm`.
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both point to values of the right type that live until the call returns.
    if unsafe { libc::localtime_r(&raw const time, &raw mut parts) }.is_null() {
        return String::new();
    }
    let mut text = [0_u8; 64];
    let format = c"%a %b %e %H:%M:%S %Y";
    // SAFETY: the buffer has the length that is passed, and the format ends with a zero.
    let length = unsafe { libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), &raw const parts) };
    if length == 0 {
        return String::new();
    }
    CStr::from_bytes_until_nul(&text).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_ctime_writes() {
        let text = local_time(1_700_000_000);
        assert_eq!(text.len(), "Tue Nov 14 22:13:20 2023".len());
        assert!(text.contains("Nov 1") && text.ends_with(" 2023"), "{text}");
        assert_eq!(local_time(u64::MAX), "");
    }
}
