//! The names of a job's files, and how they are made and opened.

use crate::direction::Direction;
use crate::engines::Traits;
use crate::files::{
    AccessSettings, Advice, Durability, Fallocate, FileSettings, LayoutSettings, NameSettings, SizeSettings,
};
use crate::options::JobOptions;
use crate::options::io_type::{FadviseHint, Fallocate as FallocateOption, Sync, WriteHint};

use super::{Shape, proving};

/// What the job says about names.
pub(in crate::run) fn names<'o>(
    options: &'o JobOptions,
    job_name: &'o str,
    clone_number: u32,
    front_end: &'o str,
) -> NameSettings<'o> {
    let file = &options.target_file;
    NameSettings {
        named: &file.filename,
        directories: &file.directory,
        format: file.filename_format.as_deref(),
        open_folder: file.opendir.as_deref(),
        file_count: file.nrfiles,
        job_name,
        clone_number,
        front_end: if file.unique_filename { front_end } else { "" },
    }
}

/// How files are made and opened.
pub(in crate::run) fn settings(options: &JobOptions, traits: Traits) -> FileSettings {
    let (shape, file, io) = (Shape::of(options), &options.target_file, &options.io_type);
    let writes = shape.has(Direction::Write);
    FileSettings {
        uses_files: traits.uses_files,
        reads: shape.has(Direction::Read),
        writes,
        trims: shape.has(Direction::Trim) || proving::trims_in_run(options),
        allow_create: file.allow_file_create,
        allow_mounted_write: file.allow_mounted_write,
        invalidate: options.buffers.invalidate,
        fsync_on_close: io.fsync_on_close,
        size: SizeSettings {
            append: options.io_size.file_append,
            fill_device: options.io_size.fill_device,
            create_on_open: file.create_on_open,
        },
        layout: LayoutSettings {
            fallocate: match io.fallocate {
                FallocateOption::None => Fallocate::None,
                FallocateOption::Native => Fallocate::Native,
                FallocateOption::Posix => Fallocate::Posix,
                FallocateOption::Keep => Fallocate::Keep,
                FallocateOption::Truncate => Fallocate::Truncate,
            },
            overwrite: io.overwrite,
            create_fsync: file.create_fsync,
            engine_extends: traits.extends_files,
        },
        access: AccessSettings {
            direct: io.direct || io.atomic,
            durability: match io.sync {
                Sync::None => Durability::None,
                Sync::Sync => Durability::Sync,
                Sync::DataSync => Durability::DataSync,
            },
            advice: advice(options),
            random: shape.random,
            write_hint: write_hint(io.write_hint),
            verify_only: options.verification.verify_only,
            engine_writes: traits.opens_for_writing,
        },
    }
}

/// What the kernel is told about the order of reads.
pub(in crate::run) fn advice(options: &JobOptions) -> Advice {
    match options.io_type.fadvise_hint {
        FadviseHint::None => Advice::None,
        FadviseHint::Workload => Advice::AsTheJob,
        FadviseHint::Random => Advice::Random,
        FadviseHint::Sequential => Advice::Sequential,
    }
}

/// `RWH_WRITE_LIFE_…`, as `fcntl` takes it.
fn write_hint(hint: WriteHint) -> Option<u64> {
    match hint {
        WriteHint::NotSet => None,
        WriteHint::None => Some(1),
        WriteHint::Short => Some(2),
        WriteHint::Medium => Some(3),
        WriteHint::Long => Some(4),
        WriteHint::Extreme => Some(5),
    }
}
