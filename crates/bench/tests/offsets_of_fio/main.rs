//! fio 3.33 is the oracle: for the same options we give the same I/Os, line by line.
//!
//! - `the_recorded_runs_agree` needs no fio: `tests/vectors/offsets.txt` has command lines and what fio did for each.
//!   `RECORD=1 cargo test -p bench --test offsets_of_fio` runs fio for each command line anew and writes the file.
//! - `random_runs_agree` makes command lines at random, runs fio for each and compares. `SEED=` repeats a run, `CASES=`
//!   sets how many.

#[cfg(test)]
mod case;
#[cfg(test)]
mod fio;
#[cfg(test)]
mod random_case;
#[cfg(test)]
mod vectors;

#[cfg(test)]
use case::{Case, Entry};

/// Command lines of `random_runs_agree` when `CASES` is not set.
#[cfg(test)]
const CASES: u32 = 100;

#[test]
fn the_recorded_runs_agree() {
    if std::env::var_os("RECORD").is_some() {
        vectors::record();
    }
    let records = vectors::read();
    assert!(records.len() >= 40, "only {} recorded runs", records.len());
    for record in records {
        let case = Case::parse(&record.command);
        assert_eq!(record.clones.len(), case.clones() as usize, "{}", record.command);
        for (clone, expected) in (0..).zip(&record.clones) {
            compare(&case, &record.command, clone, expected);
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the test runner keeps it and shows it with a failure")]
fn random_runs_agree() {
    if let Some(reason) = fio::missing() {
        eprintln!("skipped: nothing to compare with: {reason}");
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("SEED").unwrap_or_else(|| u64::from(std::process::id()) << 20);
    eprintln!("SEED={seed}");
    let folder = fio::Folder::new("offsets-random");
    let mut random = random_case::Random::new(seed);
    let (mut compared, mut endless, mut entries) = (0, 0, 0);
    for _ in 0..number("CASES").unwrap_or(u64::from(CASES)) {
        let command = random_case::command(&mut random);
        let case = Case::parse(&command);
        match fio::run(&folder, &case, &command) {
            fio::Outcome::Done(clones) => {
                for (clone, expected) in (0..).zip(&clones) {
                    compare(&case, &command, clone, expected);
                    entries += expected.len();
                }
                compared += 1;
            }
            fio::Outcome::Refused(message) => {
                let refuses_one = (0..case.clones()).any(|clone| case.entries(clone, 1).is_err());
                assert!(refuses_one, "fio refuses: {command}\n{message}");
            }
            fio::Outcome::Endless => endless += 1,
        }
    }
    eprintln!("{compared} runs and {entries} lines agree; {endless} runs of fio did not end and were skipped");
    assert!(compared > endless);
}

/// Fails with the first line that differs.
#[cfg(test)]
fn compare(case: &Case, command: &str, clone: u32, expected: &[Entry]) {
    // A job that ends by time ends anywhere; another one must end where fio ends.
    let limit = expected.len() + usize::from(!case.is_time_based());
    // A job that cannot start does nothing, with fio too.
    let (ours, error) = match case.entries(clone, limit) {
        Ok(entries) => (entries, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    if let Some(at) = (0..expected.len().max(ours.len())).find(|at| ours.get(*at) != expected.get(*at)) {
        panic!(
            "{command}\nclone {clone}, line {at} of {}: fio {:?}\nours {:?} of {} {error:?}\nbefore: {:?}",
            expected.len(),
            expected.get(at),
            ours.get(at),
            ours.len(),
            &expected[at.saturating_sub(4)..at.min(expected.len())],
        );
    }
}
