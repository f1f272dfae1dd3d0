//! Job files: sections of options, as fio reads them.
//!
//! ```text
//! [global]               options of all jobs after it; may come again
//! ioengine=io_uring
//! include common.fio     more options of this section
//!
//! [write]                a job
//! rw=randwrite ; a comment
//! size=4*$pagesize
//! filename=${TARGET}
//! ```
//!
//! A file is read into [`RawSection`]s (this file), whose lines are substituted (`substitution.rs`) and applied to
//! [`JobOptions`](crate::options::JobOptions) (`assignments.rs`). Reading files, the environment and what the keywords stand
//! for is the business of a [`System`], so that tests need none of it.
//!
//! Parity: fio 3.33. `;` and `#` start a comment anywhere in a line, also within a value. Options of a section are not applied
//! in the order of their lines but `kb_base` and some others first, `filename` last, those of the engine after all.
//! Unlike fio, a blank after the equals sign does not change the value, and a line that is too long is an error, not two lines.

mod assignments;
mod error;
mod substitution;
mod system;

use std::path::{Path, PathBuf};

use crate::options::limits::{FILE_BYTES_MAX, INCLUDE_DEPTH_MAX, LINE_BYTES_MAX};

pub use assignments::{Assignment, Listed};
pub use error::{JobError, Place, Problem};
pub use system::{Host, System};

pub(crate) use assignments::{apply, apply_all, unknown};

/// The name of a job file that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// A section as it stands in the file: the lines are options that nobody has looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawSection {
    /// What is between the brackets.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// Its lines that are not empty, without comments, those of included files in between.
    pub assignments: Vec<Assignment>,
}

impl RawSection {
    /// Whether its options are those of all jobs that follow.
    #[must_use]
    pub fn is_global(&self) -> bool {
        is_global(&self.name)
    }
}

/// Whether a section of that name is not a job: fio goes by the first letters.
#[must_use]
pub fn is_global(name: &str) -> bool {
    name.starts_with("global")
}

/// Reads a job file and everything it includes. Only sections that `is_wanted` are in the result.
///
/// # Errors
/// A file that cannot be read, or that is not of the form.
pub fn read(
    path: &Path,
    system: &mut dyn System,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<RawSection>, JobError> {
    let mut reader = Reader { system, bytes_left: FILE_BYTES_MAX, sections: Vec::new(), is_skipping: false };
    let text = reader.load(path, &Place::of_file(path))?;
    reader.read(path, &text, &is_wanted)?;
    Ok(reader.sections)
}

/// A job file as one that means the same elsewhere: with everything it includes, and with variables of the environment here. What
/// `$ncpus` and its like stand for is for whoever runs the jobs.
///
/// # Errors
/// As [`read`].
pub fn self_contained(path: &Path, system: &mut dyn System) -> Result<String, JobError> {
    let mut text = String::new();
    for section in read(path, system, |_| true)? {
        text.extend(["[", &section.name, "]\n"]);
        for assignment in &section.assignments {
            text.extend([&substitution::variables(&assignment.text, system), "\n"]);
        }
    }
    Ok(text)
}

struct Reader<'a> {
    system: &'a mut dyn System,
    bytes_left: usize,
    sections: Vec<RawSection>,
    /// Within a section that is not wanted.
    is_skipping: bool,
}

impl Reader<'_> {
    /// The contents of a file that `place` names.
    fn load(&mut self, path: &Path, place: &Place) -> Result<String, JobError> {
        let bytes = self
            .system
            .read(path, self.bytes_left + 1)
            .map_err(|reason| JobError::new(place.clone(), Problem::Unreadable { path: path.to_owned(), reason }))?;
        let left = self.bytes_left.checked_sub(bytes.len());
        self.bytes_left = left.ok_or_else(|| JobError::new(place.clone(), Problem::TooLarge))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| JobError::new(place.clone(), Problem::NotText { path: path.to_owned() }))?;
        // Some editors put a mark before the text that says what it is.
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    fn read(&mut self, path: &Path, text: &str, is_wanted: &impl Fn(&str) -> bool) -> Result<(), JobError> {
        for (number, line) in (1..).zip(text.split('\n')) {
            let place = Place::of_file(path).line(number);
            let Some(line) = strip(line, &place)? else { continue };
            if let Some(header) = line.strip_prefix('[') {
                let name = header.strip_suffix(']');
                let name = name.ok_or_else(|| JobError::new(place.clone(), Problem::OpenBracket(line.to_owned())))?;
                self.is_skipping = !is_global(name) && !is_wanted(name);
                if !self.is_skipping {
                    self.sections.push(RawSection { name: name.to_owned(), place, assignments: Vec::new() });
                }
            } else if !self.is_skipping {
                self.option(path, line, place, 0)?;
            }
        }
        Ok(())
    }

    /// Takes a line of a section: an option, or another file's options.
    fn option(&mut self, path: &Path, line: &str, place: Place, depth: usize) -> Result<(), JobError> {
        let Some(section) = self.sections.last_mut() else {
            return Err(JobError::new(place, Problem::OutsideOfSection(line.to_owned())));
        };
        let place = place.job(&section.name);
        match included(line) {
            None => {
                section.assignments.push(Assignment { text: line.to_owned(), place });
                Ok(())
            }
            Some(name) => self.include(path, name, &place, depth + 1),
        }
    }

    fn include(&mut self, from: &Path, name: &str, place: &Place, depth: usize) -> Result<(), JobError> {
        if depth > INCLUDE_DEPTH_MAX {
            return Err(JobError::new(place.clone(), Problem::IncludedTooDeep));
        }
        let path = self.find(from, name);
        let text = self.load(&path, place)?;
        for (number, line) in (1..).zip(text.split('\n')) {
            let place = Place::of_file(&path).line(number);
            let Some(line) = strip(line, &place)? else { continue };
            if line.starts_with('[') {
                return Err(JobError::new(place, Problem::SectionInInclude(line.to_owned())));
            }
            self.option(&path, line, place, depth)?;
        }
        Ok(())
    }

    /// Included files are sought where the program is started, then beside the file that includes them.
    fn find(&self, from: &Path, name: &str) -> PathBuf {
        let path = PathBuf::from(name);
        match from.parent() {
            Some(directory) if !self.system.exists(&path) => directory.join(path),
            _ => path,
        }
    }
}

/// The line without comment and blanks around it; nothing if that is all there is.
fn strip<'a>(line: &'a str, place: &Place) -> Result<Option<&'a str>, JobError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(JobError::new(place.clone(), Problem::LineTooLong));
    }
    let end = line.find([';', '#']).unwrap_or(line.len());
    let line = line[..end].trim_matches(|letter: char| letter.is_whitespace() || letter.is_control());
    Ok(Some(line).filter(|line| !line.is_empty()))
}

/// The name of the file that the line includes.
fn included(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("include")?;
    Some(rest.trim_start_matches([' ', '\t', '='])).filter(|name| name.len() < rest.len() && !name.is_empty())
}

#[cfg(test)]
mod tests;
