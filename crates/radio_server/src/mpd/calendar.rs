//! Times as MPD writes them, `2026-11-25T21:07:24Z`, and as clients do: that, a date alone, or seconds since 1970.

const DAY_S: u64 = 86_400;

/// A time in seconds since 1970.
pub(super) fn written(seconds: u64) -> String {
    let (year, month, day) = date(seconds / DAY_S);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The time that a text says, in seconds since 1970.
pub(super) fn read(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (day, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let mut parts = day.splitn(3, '-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let mut parts = time.strip_suffix('Z').unwrap_or(time).splitn(3, ':').map(number);
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let valid = (1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !valid || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    Some(day_number(year, month, day)? * DAY_S + hour * 3600 + minute * 60 + second)
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Year, month and day of a day since 1970, in the Gregorian calendar. Years are counted from March, so that a leap day is the last.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468;
    let shifted = days + DAYS_TO_1970;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The inverse of [`date`]; none for a day that its month does not have.
fn day_number(year: u64, month: u64, day: u64) -> Option<u64> {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    (date(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_764_104_844, "2025-11-25T21:07:24Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(written(seconds), text);
            assert_eq!(read(text), Some(seconds));
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for day in 0..146_097 {
            let (year, month, day_of_month) = date(day);
            assert_eq!(day_number(year, month, day_of_month), Some(day));
        }
    }

    #[test]
    fn other_forms_and_what_is_none() {
        assert_eq!(read("1764104844"), Some(1_764_104_844));
        assert_eq!(read("2025-11-25"), Some(1_764_028_800));
        for text in ["2025-02-29", "2025-13-01", "2025-1", "yesterday", "2025-01-01T25:00:00Z", "1969-12-31"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
