//! One line of a table of jobs: a name, what must agree, and the words of a job file or a command line.
//!
//! ```text
//! NAME CHECKS [section] option option=value --command-line-option => [section] … !! words of the refusal
//! ```
//! A line that begins with a space goes on with the one before. What stands after `=>` runs afterwards, each program in the
//! other's folder. `~` in a word is a space.

use std::path::Path;

use e2e::failure::Failure;

/// What must agree besides exit status, errors, the echo of options and the structure of the JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a check of its own")]
pub(super) struct Checks {
    /// Bytes and I/Os of each direction.
    pub(super) counts: bool,
    /// Every byte of the files.
    pub(super) content: bool,
    /// The number of lines of each log.
    pub(super) lines: bool,
    /// The words of the normal output, number by number left out.
    pub(super) text: bool,
    /// Nothing of the report: what it has is not comparable.
    pub(super) status_only: bool,
    /// Neither runs, and ours says why in one line.
    pub(super) refused: bool,
}

/// One run of the programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// The job file; empty when there is none.
    pub(super) job_file: String,
    /// The words of the command line.
    pub(super) arguments: Vec<String>,
}

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) checks: Checks,
    pub(super) first: Part,
    pub(super) crossed: Option<Part>,
    pub(super) refusal: String,
}

impl Case {
    /// The cases of a table.
    pub(super) fn all(table: &str) -> Result<Vec<Self>, Failure> {
        let mut lines: Vec<String> = Vec::new();
        for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match lines.last_mut() {
                Some(last) if line.starts_with(' ') => last.push_str(line),
                _ => lines.push(line.to_owned()),
            }
        }
        lines.iter().map(|line| Self::parse(line)).collect()
    }

    fn parse(line: &str) -> Result<Self, Failure> {
        let (line, refusal) = line.split_once("!!").unwrap_or((line, ""));
        let (line, crossed) = match line.split_once("=>") {
            Some((line, crossed)) => (line, Some(Part::parse(crossed))),
            None => (line, None),
        };
        let mut words = line.split_whitespace();
        let (Some(name), Some(checks)) = (words.next(), words.next()) else {
            return Err(Failure::new(format!("{line:?} is no case: NAME CHECKS …")));
        };
        let rest: Vec<&str> = words.collect();
        Ok(Self {
            name: name.to_owned(),
            checks: Checks::parse(checks)?,
            first: Part::parse(&rest.join(" ")),
            crossed,
            refusal: refusal.trim().to_owned(),
        })
    }
}

impl Checks {
    fn parse(text: &str) -> Result<Self, Failure> {
        let mut checks = Self::default();
        for word in text.split(',') {
            match word {
                "shape" => {}
                "counts" => checks.counts = true,
                "content" => (checks.counts, checks.content) = (true, true),
                "lines" => checks.lines = true,
                "text" => checks.text = true,
                "status" => checks.status_only = true,
                "refused" => checks.refused = true,
                other => {
                    return Err(Failure::new(format!(
                        "no check is called {other}; there are status, shape, counts, content, lines, text, refused"
                    )));
                }
            }
        }
        Ok(checks)
    }
}

impl Part {
    fn parse(text: &str) -> Self {
        let mut part = Self::default();
        for word in text.split_whitespace() {
            let word = word.replace('~', " ");
            if word.starts_with("--") {
                part.arguments.push(word);
            } else {
                part.job_file.push_str(&word);
                part.job_file.push('\n');
            }
        }
        part
    }

    /// Whether the report has JSON: it does unless the command line asks for something else.
    pub(super) fn reports_json(&self) -> bool {
        let mut formats = self.arguments.iter().filter_map(|word| word.strip_prefix("--output-format="));
        formats.all(|format| format.contains("json"))
    }

    /// Writes the job file to this place and says what to put on the command line for it.
    pub(super) fn command_line(&self, job_file: &Path) -> Result<Vec<String>, Failure> {
        let mut words = self.arguments.clone();
        if !self.job_file.is_empty() {
            std::fs::write(job_file, &self.job_file)?;
            words.push(job_file.display().to_string());
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_checks_and_words() {
        let table = "# remark\na content,lines [x] bs=4k --readonly\n  rw=read => [y] description=two~words\n\nb refused --foo !! no option foo\n";
        let cases = Case::all(table).unwrap();
        assert_eq!(cases.len(), 2);
        assert_eq!(cases[0].name, "a");
        assert_eq!(cases[0].checks, Checks { counts: true, content: true, lines: true, ..Checks::default() });
        assert_eq!(cases[0].first.job_file, "[x]\nbs=4k\nrw=read\n");
        assert_eq!(cases[0].first.arguments, ["--readonly"]);
        assert_eq!(cases[0].crossed.as_ref().unwrap().job_file, "[y]\ndescription=two words\n");
        assert_eq!((cases[1].refusal.as_str(), cases[1].checks.refused), ("no option foo", true));
    }

    #[test]
    fn a_word_that_is_no_check_is_told() {
        assert!(Case::all("a countz [x]").unwrap_err().to_string().contains("countz"));
        assert!(Case::all("alone").is_err());
    }
}
