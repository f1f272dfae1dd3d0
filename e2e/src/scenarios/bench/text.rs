//! Where two normal outputs differ in their words. Numbers are left out: they are measured.
//!
//! Lines of buckets and of samples are left out whole, as a run has those that its latencies and its duration give it. In sums of groups
//! it is kept which numbers are the same: of one job, slowest and fastest are its rate.

/// The lines that one of the two has more of, each with who has it.
pub(super) fn differences(fio: &str, ours: &str) -> Vec<String> {
    let (fio, ours) = (shapes(fio), shapes(ours));
    let lacking = |lines: &[String], others: &[String], who: &str| {
        let mut others = others.to_vec();
        let mut lacking = Vec::new();
        for line in lines {
            match others.iter().position(|other| other == line) {
                Some(place) => drop(others.remove(place)),
                None => lacking.push(format!("only {who} says {line:?}")),
            }
        }
        lacking
    };
    let mut found = lacking(&fio, &ours, "fio");
    found.extend(lacking(&ours, &fio, "ours"));
    if found.is_empty() && fio != ours {
        found.push(format!("the lines stand in another order: {fio:?}, ours: {ours:?}"));
    }
    found
}

fn shapes(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !is_measured(line)).map(shape).collect()
}

/// Whether a run may have the line or not.
fn is_measured(line: &str) -> bool {
    let is_bucket = line.starts_with("lat (") && !line.contains("min=");
    is_bucket || line.starts_with('|') || line.starts_with("bw (") || line.starts_with("iops ")
}

fn shape(line: &str) -> String {
    let is_sum = ["READ:", "WRITE:", "TRIM:", "MIXED:"].iter().any(|name| line.starts_with(name));
    let line = line.split_once("pid=").map_or(line, |(before, _)| before);
    let mut line = line.replace("= ", "=");
    for unit in ["(nsec)", "(usec)", "(msec)"] {
        line = line.replace(unit, "(TIME)");
    }
    let mut shape = String::new();
    let mut known: Vec<&str> = Vec::new();
    for token in tokens(&line) {
        if !token.starts_with(|letter: char| letter.is_ascii_digit()) {
            shape.push_str(token);
        } else if is_sum {
            let place = known.iter().position(|other| *other == token).unwrap_or(known.len());
            if place == known.len() {
                known.push(token);
            }
            shape.push_str(&format!("<{place}>"));
        } else {
            shape.push_str("<>");
        }
    }
    shape
}

/// Words and numbers with their units, and what stands between them.
fn tokens(line: &str) -> Vec<&str> {
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '/' | '%');
    let mut tokens = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|letter| is_word(letter) != is_word(first)).unwrap_or(rest.len());
        tokens.push(&rest[..end]);
        rest = &rest[end..];
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_differ_and_words_may_not() {
        let text = |rate: &str| {
            format!(
                "a: (groupid=0, jobs=1): err= 0: pid=1: Thu\n  read: IOPS={rate}k, BW=1MiB/s\n    lat (usec) : 2=1%\n"
            )
        };
        assert_eq!(differences(&text("1"), &text("22.5")), Vec::<String>::new());
        let other = text("1").replace("read", "write");
        let lines = ["only fio says \"read: IOPS=<>, BW=<>\"", "only ours says \"write: IOPS=<>, BW=<>\""];
        assert_eq!(differences(&text("1"), &other), lines);
    }

    #[test]
    fn a_sum_keeps_which_numbers_are_the_same_and_lines_their_number_and_order() {
        let sum = |slowest: &str| format!("   READ: bw=9MiB/s (9MB/s), {slowest}-9MiB/s (9MB/s-9MB/s), run=1-1msec\n");
        assert_eq!(differences(&sum("9MiB/s"), &sum("9MiB/s").replace('9', "8")), Vec::<String>::new());
        assert_eq!(differences(&sum("9MiB/s"), &sum("4MiB/s")).len(), 2);
        assert_eq!(differences("x\n", "x\nx\n"), ["only ours says \"x\""]);
        assert_eq!(differences("x\ny\n", "y\nx\n").len(), 1);
    }
}
