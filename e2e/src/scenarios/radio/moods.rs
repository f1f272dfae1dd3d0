//! Moods without a library: what is wrong with them and where, and old ones in the new language.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

pub(super) const SCENARIO: Scenario = Scenario { name: "radio/moods", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let write = |name: &str, text: &str| std::fs::write(context.scratch().path().join(name), text);
    write(
        "old",
        "# evening\ndeny if is_set sick\naccept with score 5 if artist_matches ^Miles\naccept if year < 1960\n",
    )?;
    write("new", "artist =~ /^Miles/ && year < 1960\n")?;
    write("wrong", "artist =~ /^Miles/ &&\n  yaer < 1960\n")?;
    let checked = context.run(&["radio", "mood", "check", "old", "new"])?;
    ensure_eq!(checked.status, Some(0), "two moods: {}", checked.error);
    let wrong = context.run(&["radio", "mood", "check", "new", "wrong"])?;
    ensure_eq!(wrong.status, Some(1), "a mood that is none");
    let line = "wrong: line 2, column 3: found \"yaer\", expected a keyword; did you mean year?";
    ensure!(wrong.error.contains(line), "{}", wrong.error);
    let translated = context.run(&["radio", "mood", "translate", "old"])?;
    ensure_eq!(translated.status, Some(0), "a mood of lines: {}", translated.error);
    let expected = "(artist =~ /^Miles/ || year < 1960) && !is_set(\"sick\")\n";
    ensure_eq!(translated.output, expected, "the translation");
    ensure!(translated.error.contains("line 3: accept with score 5 if artist_matches ^Miles"), "{}", translated.error);
    write("again", &translated.output)?;
    let again = context.run(&["radio", "mood", "check", "again"])?;
    ensure_eq!(again.status, Some(0), "what was translated: {}", again.error);
    Ok(())
}
