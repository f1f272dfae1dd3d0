//! How much I/O there is, and how large files are.

use super::kind::{Between, Share, between_bytes, boolean, share};
use super::option::{Section, option};

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IoSize {
    /// Bytes of all files of a job together; 0 is as large as they are. Without `io_size`, as much is read and written.
    pub size: Share,
    /// Bytes that are read and written; 0 is `size`.
    pub io_size: Share,
    /// Bytes of each file, drawn between two.
    pub filesize: Option<Between<u64>>,
    /// I/O starts at the end of a file.
    pub file_append: bool,
    /// Writes go on until there is no room left.
    pub fill_device: bool,
}

pub(super) const SECTION: Section = Section {
    title: "I/O size",
    options: &[
        option(
            "size",
            &share(|options| &mut options.io_size.size),
            "Bytes of all files together, or per cent of what there is",
        ),
        option("io_size", &share(|options| &mut options.io_size.io_size), "Bytes to read and write, if not size")
            .aliases(&["io_limit"]),
        option(
            "filesize",
            &between_bytes(|options| &mut options.io_size.filesize, 1),
            "Bytes of each file, or two sizes to draw between",
        ),
        option(
            "file_append",
            &boolean(|options| &mut options.io_size.file_append, false),
            "Start at the end of a file",
        )
        .default("0"),
        option(
            "fill_device",
            &boolean(|options| &mut options.io_size.fill_device, false),
            "Write until there is no room left",
        )
        .aliases(&["fill_fs"])
        .default("0"),
    ],
};
