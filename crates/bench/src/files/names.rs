//! The names of a job's files.

use std::path::PathBuf;

use super::FileError;

/// What a job says about the names of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameSettings<'s> {
    /// `filename`: names separated by colons; `\:` is a colon that belongs to a name.
    pub filename: Option<&'s str>,
    /// `directory`: folders separated by colons; the job's clones take turns.
    pub directory: Option<&'s str>,
    /// `filename_format`; `None`: `$jobname.$jobnum.$filenum`.
    pub format: Option<&'s str>,
    /// `opendir`: every file in this folder and below.
    pub open_folder: Option<&'s str>,
    /// `nrfiles`: how many, where no names are given.
    pub file_count: u32,
    /// The job's name.
    pub job_name: &'s str,
    /// Which of the clones (`numjobs`) this is.
    pub clone_number: u32,
    /// The address of the front end that sent the job, where `unique_filename` puts it before names; empty: none.
    pub front_end: &'s str,
}

/// The names of the job's files.
///
/// # Errors
/// When a list is empty, or a folder cannot be read.
pub fn file_names(settings: &NameSettings<'_>) -> Result<Vec<PathBuf>, FileError> {
    let mut names: Vec<String> = match settings.filename {
        Some(text) => list("filename", text)?,
        None if settings.open_folder.is_some() => Vec::new(),
        None => (0..settings.file_count.max(1)).map(|number| generated(settings, number)).collect(),
    };
    if let Some(text) = settings.directory {
        let folders = list("directory", text)?;
        // Names that were given are the same for every clone.
        let turn = if settings.filename.is_some() { 0 } else { settings.clone_number as usize };
        let folder = &folders[turn % folders.len()];
        if !std::path::Path::new(folder).is_dir() {
            return Err(FileError::NoFolder { path: folder.into() });
        }
        let prefix = if settings.front_end.is_empty() { String::new() } else { format!("{}.", settings.front_end) };
        names = names.iter().map(|name| format!("{folder}/{prefix}{name}")).collect();
    }
    let mut paths: Vec<PathBuf> = names.into_iter().map(PathBuf::from).collect();
    if let Some(folder) = settings.open_folder {
        gather(folder.as_ref(), &mut paths)?;
    }
    Ok(paths)
}

fn list(option: &'static str, text: &str) -> Result<Vec<String>, FileError> {
    let names = split_names(text.trim());
    if names.is_empty() { Err(FileError::NoNames { option, text: text.to_owned() }) } else { Ok(names) }
}

/// Splits at colons that are not escaped by a backslash. Colons at the beginning of a name are skipped. Parity: fio.
#[must_use]
pub fn split_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    for character in text.chars() {
        if character != ':' {
            name.push(character);
        } else if name.ends_with('\\') {
            name.pop();
            name.push(':');
        } else if !name.is_empty() {
            names.push(std::mem::take(&mut name));
        }
    }
    if !name.is_empty() {
        names.push(name);
    }
    names
}

fn generated(settings: &NameSettings<'_>, number: u32) -> String {
    let Some(format) = settings.format.filter(|format| !format.is_empty()) else {
        return format!("{}.{}.{number}", settings.job_name, settings.clone_number);
    };
    let keywords = [
        ("$jobname", settings.job_name.to_owned()),
        ("$jobnum", settings.clone_number.to_string()),
        ("$filenum", number.to_string()),
        ("$clientuid", settings.front_end.to_owned()),
    ];
    let mut name = String::with_capacity(format.len());
    let mut rest = format;
    while let Some(character) = rest.chars().next() {
        let matches =
            |keyword: &str| rest.get(..keyword.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(keyword));
        // The longest first: `$jobname` and `$jobnum` differ only at their ends, and no keyword begins another.
        match keywords.iter().find(|(keyword, _)| matches(keyword)) {
            Some((keyword, value)) => {
                name.push_str(value);
                rest = &rest[keyword.len()..];
            }
            None => {
                name.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    name
}

/// Adds every regular file in the folder and below, sorted.
fn gather(folder: &std::path::Path, paths: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let wrong = |source| FileError::system("opendir", folder, source);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        entries.push(entry.map_err(wrong)?.path());
    }
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.is_symlink() {
            gather(&path, paths)?;
        } else if path.is_file() {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> NameSettings<'static> {
        NameSettings {
            filename: None,
            directory: None,
            format: None,
            open_folder: None,
            file_count: 2,
            job_name: "job",
            clone_number: 3,
            front_end: "",
        }
    }

    fn names(settings: NameSettings<'_>) -> Vec<String> {
        file_names(&settings).unwrap().iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn colons_separate_unless_escaped() {
        let split = |text| split_names(text);
        assert_eq!(split("a:b"), ["a", "b"]);
        assert_eq!(split(r"a\:b:c"), ["a:b", "c"]);
        assert_eq!(split(r"tcp\:127.0.0.1\:4420/nqn.2016-06.io\:x/1"), ["tcp:127.0.0.1:4420/nqn.2016-06.io:x/1"]);
        assert_eq!(split("::a::b:"), ["a", "b"]);
        assert_eq!(split(r"/dev/dsk/foo@3,0\:c"), ["/dev/dsk/foo@3,0:c"]);
        assert!(split("").is_empty() && split(":").is_empty());
    }

    #[test]
    fn names_are_made_of_job_clone_and_number() {
        assert_eq!(names(settings()), ["job.3.0", "job.3.1"]);
        let format = |format| names(NameSettings { format: Some(format), ..settings() });
        assert_eq!(format("$JobName-$filenum.$jobnum"), ["job-0.3", "job-1.3"]);
        assert_eq!(format("all"), ["all", "all"]);
        assert_eq!(format("ä$jobnumx$"), ["ä3x$", "ä3x$"]);
    }

    #[test]
    fn clones_take_turns_in_folders_and_given_names_stay_in_the_first() {
        let folder = std::env::temp_dir();
        let both = format!("{}:/", folder.display());
        let in_turn = NameSettings { directory: Some(&both), file_count: 1, ..settings() };
        assert_eq!(names(in_turn), ["//job.3.0"]);
        assert_eq!(names(NameSettings { clone_number: 2, ..in_turn }), [format!("{}/job.2.0", folder.display())]);
        assert_eq!(names(NameSettings { filename: Some(" a:b "), ..in_turn }).len(), 2);
        let front_end = NameSettings { front_end: "10.0.0.1", ..in_turn };
        assert_eq!(names(front_end), ["//10.0.0.1.job.3.0"]);
        let wrong = NameSettings { directory: Some("/nonexistent"), ..settings() };
        assert_eq!(file_names(&wrong).unwrap_err().to_string(), "/nonexistent is not a directory");
        let wrong = NameSettings { filename: Some("::"), ..settings() };
        assert_eq!(file_names(&wrong).unwrap_err().to_string(), "filename=:: names nothing");
    }
}
