//! Files in a folder of their own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn settings() -> FileSettings {
    FileSettings {
        uses_files: true,
        reads: true,
        allow_create: true,
        invalidate: true,
        layout: LayoutSettings { engine_extends: true, ..LayoutSettings::default() },
        ..FileSettings::default()
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("bench-files-{}-{number}", std::process::id())))
    }

    fn files(&self, settings: FileSettings) -> JobFiles {
        JobFiles::new(settings, vec![self.0.join("deep/one"), self.0.join("deep/two")])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Gives each file so many bytes.
fn sized(files: &mut JobFiles, bytes: u64) -> Result<LayOut, FileError> {
    files.make_folders()?;
    let found = files.found(|_| Ok(None))?;
    let range = |file: &File| FileRange { name: file.name.clone(), size: bytes, first: 0, length: bytes, start: 0 };
    Ok(files.apply(&Layout { files: found.iter().map(range).collect(), size: bytes }))
}

fn set_up(files: &mut JobFiles, bytes: u64) -> Result<LayOut, FileError> {
    let lay_out = sized(files, bytes)?;
    files.lay_out(&mut Blocks { bytes: 5000, fill: &mut |block| block.fill(0x5a) }, &|| false)?;
    Ok(lay_out)
}

#[test]
fn a_reader_finds_its_files_written() {
    let folder = Folder::new();
    let mut files = folder.files(settings());
    assert_eq!(set_up(&mut files, 3 << 19).unwrap(), LayOut { file_count: 2, bytes: 3 << 20 });
    for file in files.files() {
        let content = fs::read(file.path()).unwrap();
        assert!(content.len() == 3 << 19 && content.iter().all(|&byte| byte == 0x5a));
    }
    // The second time, they are there.
    assert_eq!(set_up(&mut folder.files(settings()), 3 << 19).unwrap(), LayOut::default());
    assert!(files.open(0).unwrap() >= 0 && files.files()[0].descriptor() >= 0);
    files.pre_read(0, &|| false).unwrap();
    files.drop_cached(0);
    files.close(0).unwrap();
    assert_eq!(files.files()[0].descriptor(), -1);
    files.unlink().unwrap();
    files.unlink().unwrap();
    assert!(!files.files()[0].path().exists());
}

#[test]
fn a_writer_gets_space_and_each_mode_its_size() {
    for (fallocate, expected) in [
        (Fallocate::None, 0),
        (Fallocate::Keep, 0),
        (Fallocate::Native, 1 << 20),
        (Fallocate::Posix, 1 << 20),
        (Fallocate::Truncate, 1 << 20),
    ] {
        let folder = Folder::new();
        let mut writer = FileSettings { reads: false, writes: true, ..settings() };
        writer.layout.fallocate = fallocate;
        let mut files = folder.files(writer);
        set_up(&mut files, 1 << 20).unwrap();
        assert_eq!(fs::metadata(files.files()[0].path()).unwrap().len(), expected, "{fallocate:?}");
    }
    let folder = Folder::new();
    let mut writer = FileSettings { reads: false, writes: true, ..settings() };
    writer.layout.overwrite = true;
    let mut files = folder.files(writer);
    set_up(&mut files, 1 << 20).unwrap();
    assert_eq!(fs::read(files.files()[1].path()).unwrap()[(1 << 20) - 1], 0x5a);
}

#[test]
fn what_must_not_be_made_is_not() {
    let folder = Folder::new();
    let mut files = folder.files(FileSettings { allow_create: false, ..settings() });
    let error = set_up(&mut files, 1 << 20).unwrap_err();
    assert!(matches!(error, FileError::CreationDisallowed { .. }), "{error}");
    assert_eq!(error.error_number(), libc::ENOENT);
    assert!(!files.files()[0].path().exists());
}

#[test]
fn laying_out_that_is_stopped_leaves_nothing() {
    let folder = Folder::new();
    let mut files = folder.files(settings());
    sized(&mut files, 8 << 20).unwrap();
    let pieces = std::cell::Cell::new(0);
    let mut fill = |_: &mut [u8]| pieces.set(pieces.get() + 1);
    files.lay_out(&mut Blocks { bytes: 1 << 20, fill: &mut fill }, &|| pieces.get() >= 2).unwrap();
    assert_eq!(pieces.get(), 2);
    assert!(!files.files()[0].path().exists());
}

#[test]
fn direct_io_that_a_file_system_refuses_is_told_so() {
    let mut asked = settings();
    asked.access.direct = true;
    let mut files = JobFiles::new(asked, vec!["/proc/self/status".into()]);
    let error = files.open(0).unwrap_err().to_string();
    assert_eq!(error, "open(/proc/self/status): your file system does not support direct=1/buffered=0");
}
