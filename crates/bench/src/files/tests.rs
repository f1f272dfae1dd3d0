//! Sizes without files, and files in a folder of their own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const K: u64 = 1024;

fn settings(size: SizeSettings) -> FileSettings {
    FileSettings {
        uses_files: true,
        reads: true,
        allow_create: true,
        invalidate: true,
        size: SizeSettings { block_bytes_min: 4 * K, file_count: size.file_count.max(1), does_io: true, ..size },
        layout: LayoutSettings { engine_extends: true, ..LayoutSettings::default() },
        ..FileSettings::default()
    }
}

fn found(kind: FileKind, bytes: u64) -> Found<'static> {
    Found { path: Path::new("file"), kind, bytes: Some(bytes) }
}

fn planned(size: SizeSettings, files: &[Found<'_>]) -> Result<JobPlan, FileError> {
    plan(&settings(size), files, &mut || 0.5)
}

fn extents(plan: &JobPlan) -> Vec<(u64, u64)> {
    plan.files.iter().map(|file| (file.extent.offset, file.extent.length_bytes)).collect()
}

#[test]
fn a_size_is_shared_and_what_is_left_goes_to_the_first() {
    let size = SizeSettings { size_bytes: 40 * K, file_count: 3, ..SizeSettings::default() };
    let plan = planned(size, &[found(FileKind::Regular, 0); 3]).unwrap();
    // 40 KiB in three parts of 13 KiB and a third; not even one block of 4 KiB is left.
    assert_eq!(extents(&plan), [(0, 13653), (0, 13653), (0, 13653)]);
    assert_eq!(plan.lay_out, LayOut { file_count: 3, bytes: 40959 });
    let size = SizeSettings { size_bytes: 4 * K * 7 - 1, file_count: 2, block_bytes_min: 1, ..size };
    let plan = plan_with_block(size, 1, &[found(FileKind::Regular, 0); 2]);
    assert_eq!(extents(&plan), [(0, 14336), (0, 14335)]);
}

fn plan_with_block(size: SizeSettings, block: u64, files: &[Found<'_>]) -> JobPlan {
    let mut settings = settings(size);
    settings.size.block_bytes_min = block;
    plan(&settings, files, &mut || 0.5).unwrap()
}

#[test]
fn without_a_size_files_are_taken_as_they_are() {
    let plan = planned(SizeSettings::default(), &[found(FileKind::Regular, 100 * K)]).unwrap();
    assert_eq!((extents(&plan), plan.size_bytes, plan.lay_out.file_count), (vec![(0, 100 * K)], 100 * K, 0));
    assert!(matches!(planned(SizeSettings::default(), &[found(FileKind::Regular, 0)]), Err(FileError::SizeMissing)));
    let offset = SizeSettings { offset_bytes: 30 * K, ..SizeSettings::default() };
    assert_eq!(extents(&planned(offset, &[found(FileKind::Regular, 100 * K)]).unwrap()), [(30 * K, 70 * K)]);
    let behind = SizeSettings { offset_bytes: 130 * K, ..SizeSettings::default() };
    let error = planned(behind, &[found(FileKind::Regular, 100 * K)]).unwrap_err().to_string();
    assert_eq!(error, "you need to specify valid offset=: file has 102400 bytes, 133120 is behind its end");
}

#[test]
fn percentages_are_of_the_file_and_rounded_to_blocks() {
    let size = SizeSettings { size_percent: 33, offset_percent: 10, ..SizeSettings::default() };
    let plan = planned(size, &[found(FileKind::Block, 1000 * K)]).unwrap();
    assert_eq!(extents(&plan), [(100 * K, 328 * K)]);
    let clones = SizeSettings { offset_increment_percent: 25, clone_number: 2, size_bytes: 4 * K, ..size };
    let clones = SizeSettings { size_percent: 0, offset_percent: 0, ..clones };
    assert_eq!(extents(&planned(clones, &[found(FileKind::Block, 1000 * K)]).unwrap()), [(500 * K, 4 * K)]);
    let aligned = SizeSettings { offset_align_bytes: 64 * K, ..clones };
    assert_eq!(extents(&planned(aligned, &[found(FileKind::Block, 1000 * K)]).unwrap()), [(512 * K, 4 * K)]);
}

#[test]
fn a_range_of_sizes_is_drawn_from_unless_the_file_is_in_it() {
    let size = SizeSettings { file_bytes_low: 10 * K, file_bytes_high: 30 * K, ..SizeSettings::default() };
    let plan = planned(size, &[found(FileKind::Regular, 0), found(FileKind::Regular, 12 * K)]).unwrap();
    assert_eq!(extents(&plan), [(0, 20 * K), (0, 12 * K)]);
    assert_eq!(plan.lay_out.file_count, 1);
}

#[test]
fn io_size_is_what_is_moved_not_where() {
    let size = SizeSettings { size_bytes: 100 * K, io_size_bytes: 1000 * K, ..SizeSettings::default() };
    let plan = planned(size, &[found(FileKind::Regular, 0)]).unwrap();
    assert_eq!((plan.size_bytes, plan.io_bytes, extents(&plan)), (100 * K, 1000 * K, vec![(0, 100 * K)]));
    let percent = SizeSettings { io_size_percent: 50, io_size_bytes: 0, ..size };
    assert_eq!(planned(percent, &[found(FileKind::Regular, 0)]).unwrap().io_bytes, 50 * K);
}

#[test]
fn devices_do_not_grow_and_blocks_have_to_fit() {
    let size = SizeSettings { size_bytes: 100 * K, ..SizeSettings::default() };
    let plan = planned(size, &[found(FileKind::Block, 64 * K)]).unwrap();
    assert_eq!((extents(&plan), plan.lay_out.file_count), (vec![(0, 64 * K)], 0));
    let small = SizeSettings { size_bytes: 1000, ..SizeSettings::default() };
    let error = planned(small, &[found(FileKind::Regular, 0)]).unwrap_err().to_string();
    assert_eq!(error, "blocksize is larger than data set range: a block of 4096 bytes in 1000");
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

fn set_up(files: &mut JobFiles) -> Result<JobPlan, FileError> {
    files.make_folders()?;
    let plan = files.plan(|_| Ok(None), &mut || 0.0)?;
    files.lay_out(&plan, &mut |bytes| bytes.fill(0x5a), &|| false)?;
    Ok(plan)
}

#[test]
fn a_reader_finds_its_files_written() {
    let folder = Folder::new();
    let size = SizeSettings { size_bytes: 3 << 20, file_count: 2, ..SizeSettings::default() };
    let mut files = folder.files(settings(size));
    let plan = set_up(&mut files).unwrap();
    assert_eq!(plan.lay_out, LayOut { file_count: 2, bytes: 3 << 20 });
    for file in files.files() {
        let content = fs::read(file.path()).unwrap();
        assert!(content.len() == 3 << 19 && content.iter().all(|&byte| byte == 0x5a));
    }
    // The second time, they are there.
    assert_eq!(set_up(&mut folder.files(settings(size))).unwrap().lay_out, LayOut::default());
    assert!(files.open(0).unwrap() >= 0 && files.files()[0].descriptor() >= 0);
    files.pre_read(0, &|| false).unwrap();
    files.invalidate(0);
    files.close(0).unwrap();
    assert_eq!(files.files()[0].descriptor(), -1);
    files.unlink().unwrap();
    files.unlink().unwrap();
    assert!(!files.files()[0].path().exists());
}

#[test]
fn a_writer_gets_space_and_each_mode_its_size() {
    let size = SizeSettings { size_bytes: 2 << 20, file_count: 2, ..SizeSettings::default() };
    for (fallocate, expected) in [
        (Fallocate::None, 0),
        (Fallocate::Keep, 0),
        (Fallocate::Native, 1 << 20),
        (Fallocate::Posix, 1 << 20),
        (Fallocate::Truncate, 1 << 20),
    ] {
        let folder = Folder::new();
        let mut writer = FileSettings { reads: false, writes: true, ..settings(size) };
        writer.layout.fallocate = fallocate;
        let mut files = folder.files(writer);
        set_up(&mut files).unwrap();
        assert_eq!(fs::metadata(files.files()[0].path()).unwrap().len(), expected, "{fallocate:?}");
    }
    let folder = Folder::new();
    let mut writer = FileSettings { reads: false, writes: true, ..settings(size) };
    writer.layout.overwrite = true;
    let mut files = folder.files(writer);
    set_up(&mut files).unwrap();
    assert_eq!(fs::read(files.files()[1].path()).unwrap()[(1 << 20) - 1], 0x5a);
}

#[test]
fn what_must_not_be_made_is_not() {
    let folder = Folder::new();
    let size = SizeSettings { size_bytes: 2 << 20, file_count: 2, ..SizeSettings::default() };
    let mut files = folder.files(FileSettings { allow_create: false, ..settings(size) });
    let error = set_up(&mut files).unwrap_err();
    assert!(matches!(error, FileError::CreationDisallowed { .. }), "{error}");
    assert_eq!(error.error_number(), libc::ENOENT);
    assert!(!files.files()[0].path().exists());
}

#[test]
fn laying_out_that_is_stopped_leaves_nothing() {
    let folder = Folder::new();
    let size = SizeSettings { size_bytes: 8 << 20, ..SizeSettings::default() };
    let mut files = folder.files(settings(size));
    files.make_folders().unwrap();
    let plan = files.plan(|_| Ok(None), &mut || 0.0).unwrap();
    let pieces = std::cell::Cell::new(0);
    let mut fill = |_: &mut [u8]| pieces.set(pieces.get() + 1);
    files.lay_out(&plan, &mut fill, &|| pieces.get() >= 2).unwrap();
    assert_eq!(pieces.get(), 2);
    assert!(!files.files()[0].path().exists());
}

#[test]
fn direct_io_that_a_file_system_refuses_is_told_so() {
    let mut asked = settings(SizeSettings { size_bytes: 4 * K, ..SizeSettings::default() });
    asked.access.direct = true;
    let mut files = JobFiles::new(asked, vec!["/proc/self/status".into()]);
    let error = files.open(0).unwrap_err().to_string();
    assert_eq!(error, "open(/proc/self/status): your file system does not support direct=1/buffered=0");
}
