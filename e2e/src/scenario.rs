//! What a scenario is, and the runner: a line each, then the count.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use reactor::clock;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::needs::Need;

/// One behaviour, shown on real programs.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// `group/behaviour`; what filters look at.
    pub name: &'static str,
    /// What the machine must have. Without it the scenario is skipped, and the reason is printed.
    pub needs: &'static [Need],
    /// Shows it.
    pub run: fn(&Context) -> Verdict,
}

/// What to run, and what with.
#[derive(Debug)]
pub struct Selection {
    /// The `tidegate` under test.
    pub binary: PathBuf,
    /// Run the scenarios whose name contains one of these; all when empty.
    pub filters: Vec<String>,
}

impl Selection {
    fn includes(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter.as_str()))
    }
}

/// How many scenarios ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Showed what they should.
    pub passed: usize,
    /// Did not.
    pub failed: usize,
    /// Not run, because the machine lacks something.
    pub skipped: usize,
}

/// Lines of each program's output that are shown when a scenario fails.
const LINES_SHOWN: usize = 60;

/// Runs the selected scenarios of the table in its order and reports to `output`: a line each, and after a failure what
/// the programs said.
///
/// # Errors
/// When `output` takes no more.
pub fn run(table: &[Scenario], selection: &Selection, output: &mut impl Write) -> std::io::Result<Counts> {
    let mut counts = Counts::default();
    for scenario in table.iter().filter(|scenario| selection.includes(scenario.name)) {
        if let Some(missing) = scenario.needs.iter().find_map(|need| need.missing()) {
            counts.skipped += 1;
            writeln!(output, "skip  {:36} {missing}", scenario.name)?;
            continue;
        }
        let began = clock::now();
        let (verdict, transcripts) = run_one(scenario, selection);
        let seconds = began.elapsed().as_secs_f64();
        match verdict {
            Ok(()) => {
                counts.passed += 1;
                writeln!(output, "ok    {:36} {seconds:.1} s", scenario.name)?;
            }
            Err(failure) => {
                counts.failed += 1;
                writeln!(output, "FAIL  {:36} {seconds:.1} s: {failure}", scenario.name)?;
                for line in transcripts {
                    writeln!(output, "      | {line}")?;
                }
            }
        }
        output.flush()?;
    }
    Ok(counts)
}

/// The verdict, and the last words of all programs that it started.
fn run_one(scenario: &Scenario, selection: &Selection) -> (Verdict, Vec<String>) {
    let context = match Context::new(selection.binary.clone()) {
        Ok(context) => context,
        Err(failure) => return (Err(failure), Vec::new()),
    };
    let verdict = catch_unwind(AssertUnwindSafe(|| (scenario.run)(&context)))
        .unwrap_or_else(|panic| Err(Failure::new(format!("panicked: {}", panic_text(panic.as_ref())))));
    crate::service::end_orphans();
    (verdict, context.last_words(LINES_SHOWN))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Scenario] = &[
        Scenario { name: "a/good", needs: &[], run: |_| Ok(()) },
        Scenario { name: "a/bad", needs: &[], run: |_| Err(Failure::new("it is bad")) },
        Scenario { name: "b/panics", needs: &[], run: |_| panic!("oh") },
        Scenario { name: "b/lacks", needs: &[Need::Program("no-such-program")], run: |_| Ok(()) },
    ];

    fn report(filters: &[&str]) -> (Counts, String) {
        let filters = filters.iter().map(|&filter| filter.to_owned()).collect();
        let selection = Selection { binary: PathBuf::from("/nonexistent"), filters };
        let mut output = Vec::new();
        let counts = run(TABLE, &selection, &mut output).unwrap();
        (counts, String::from_utf8(output).unwrap())
    }

    #[test]
    fn each_verdict_is_counted_and_told() {
        let (counts, text) = report(&[]);
        assert_eq!(counts, Counts { passed: 1, failed: 2, skipped: 1 });
        for expected in ["ok    a/good", "FAIL  a/bad", "it is bad", "panicked: oh", "skip  b/lacks", "no-such-program"]
        {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }

    #[test]
    fn filters_choose_by_part_of_the_name() {
        assert_eq!(report(&["good", "lacks"]).0, Counts { passed: 1, failed: 0, skipped: 1 });
        assert_eq!(report(&["a/"]).0, Counts { passed: 1, failed: 1, skipped: 0 });
    }
}
