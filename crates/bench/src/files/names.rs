//! The names of a job's files.

use std::path::PathBuf;

use super::FileError;

/// What a job says about the names of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameSettings<'s> {
    /// `filename`: the names that were given, each in its folder.
    pub named: &'s [String],
    /// `directory`: folders of names that are made; the job's clones take turns.
    pub directories: &'s [String],
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
/// When a folder is none, or cannot be read.
pub fn file_names(settings: &NameSettings<'_>) -> Result<Vec<PathBuf>, FileError> {
    if let Some(path) = settings.directories.iter().find(|path| !std::path::Path::new(path).is_dir()) {
        return Err(FileError::NoFolder { path: path.into() });
    }
    let names: Vec<String> = if !settings.named.is_empty() {
        settings.named.to_vec()
    } else if settings.open_folder.is_some() {
        Vec::new()
    } else {
        (0..settings.file_count.max(1)).map(|number| in_folder(settings, &generated(settings, number))).collect()
    };
    let mut paths: Vec<PathBuf> = names.into_iter().map(PathBuf::from).collect();
    if let Some(folder) = settings.open_folder {
        gather(folder.as_ref(), &mut paths)?;
    }
    Ok(paths)
}

/// The name in the folder whose turn it is.
fn in_folder(settings: &NameSettings<'_>, name: &str) -> String {
    let folders = settings.directories;
    let prefix = if settings.front_end.is_empty() { String::new() } else { format!("{}.", settings.front_end) };
    match folders.get(settings.clone_number as usize % folders.len().max(1)) {
        Some(folder) => format!("{folder}/{prefix}{name}"),
        None => name.to_owned(),
    }
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
            named: &[],
            directories: &[],
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
    fn names_are_made_of_job_clone_and_number() {
        assert_eq!(names(settings()), ["job.3.0", "job.3.1"]);
        let format = |format| names(NameSettings { format: Some(format), ..settings() });
        assert_eq!(format("$JobName-$filenum.$jobnum"), ["job-0.3", "job-1.3"]);
        assert_eq!(format("all"), ["all", "all"]);
        assert_eq!(format("ä$jobnumx$"), ["ä3x$", "ä3x$"]);
    }

    #[test]
    fn clones_take_turns_in_folders_and_given_names_are_kept() {
        let folder = std::env::temp_dir().display().to_string();
        let both = [folder.clone(), "/".to_owned()];
        let in_turn = NameSettings { directories: &both, file_count: 1, ..settings() };
        assert_eq!(names(in_turn), ["//job.3.0"]);
        assert_eq!(names(NameSettings { clone_number: 2, ..in_turn }), [format!("{folder}/job.2.0")]);
        let named = ["a".to_owned(), "b:c".to_owned()];
        assert_eq!(names(NameSettings { named: &named, ..in_turn }), ["a", "b:c"]);
        let front_end = NameSettings { front_end: "10.0.0.1", ..in_turn };
        assert_eq!(names(front_end), ["//10.0.0.1.job.3.0"]);
        let wrong = NameSettings { directories: &["/nonexistent".to_owned()], ..settings() };
        assert_eq!(file_names(&wrong).unwrap_err().to_string(), "/nonexistent is not a directory");
    }
}
