//! From a specification to a device, through one table.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::device::{BlockDevice, file, memory, null};
use crate::specification::Specification;

/// A kind of device: a line of [`KINDS`].
#[derive(Debug)]
pub struct DeviceKind {
    /// The word before the colon.
    pub name: &'static str,
    /// What follows the colon.
    pub argument: &'static str,
    /// What it is, in a line.
    pub summary: &'static str,
    /// The options that it takes, as they are written.
    pub options: &'static [&'static str],
    pub(crate) open: fn(&Specification) -> Result<Arc<dyn BlockDevice>, OpenProblem>,
}

/// All kinds. A text without one of their names and a colon in front is the path of a file.
pub const KINDS: &[DeviceKind] = &[memory::KIND, file::KIND, null::KIND];

/// A device that could not be opened, and why.
#[derive(Debug, thiserror::Error)]
#[error("device {specification:?}")]
pub struct OpenError {
    specification: String,
    #[source]
    problem: OpenProblem,
}

impl OpenError {
    /// What was wrong.
    #[must_use]
    pub fn problem(&self) -> &OpenProblem {
        &self.problem
    }
}

/// What is wrong with a specification or with what it names.
#[derive(Debug, thiserror::Error)]
pub enum OpenProblem {
    /// There is no such kind.
    #[error("there is no device of kind {name:?}; a device is {}", forms())]
    Kind {
        /// The word before the colon.
        name: String,
    },
    /// Nothing follows the colon.
    #[error("no {argument} is given; expected {kind}:{argument}")]
    NoArgument {
        /// The kind.
        kind: &'static str,
        /// What should have followed.
        argument: &'static str,
    },
    /// The size is no size.
    #[error("{text:?} is not a size; expected bytes, or a number with K, M, G or T, such as 512M")]
    Size {
        /// What was given.
        text: String,
    },
    /// The option is none that the kind takes, or lacks its value, or has one that it does not take.
    #[error("{text:?} is not an option of {kind}; it takes {} (a comma in a path is written ,,)", accepted.join(", "))]
    Option {
        /// What was given.
        text: String,
        /// The kind.
        kind: &'static str,
        /// What it takes.
        accepted: &'static [&'static str],
    },
    /// The size of a logical block is none that is supported.
    #[error("{text:?} is not a block size; expected 512, 1024, 2048 or 4096")]
    BlockSize {
        /// What was given.
        text: String,
    },
    /// The size is zero.
    #[error("its size is 0; expected at least one block")]
    Empty,
    /// The size is not a multiple of the block size.
    #[error(
        "its size of {size_bytes} bytes is not a multiple of the block size of {block_size_bytes}; \
         the next multiple is {enough_bytes}"
    )]
    NotWholeBlocks {
        /// The size.
        size_bytes: u64,
        /// The block size.
        block_size_bytes: u32,
        /// The next size that would do.
        enough_bytes: u64,
    },
    /// The size is more than Linux can address.
    #[error("its size of {size_bytes} bytes is more than {} bytes", i64::MAX)]
    TooLarge {
        /// The size.
        size_bytes: u64,
    },
    /// The kernel has no memory or addresses for it.
    #[error("the kernel gives no memory for it")]
    Memory(#[source] io::Error),
    /// There is nothing at the path.
    #[error("{} does not exist; create it first, for example with `truncate -s 1G FILE`{}", path.display(), meant(path))]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The file may not be opened.
    #[error("cannot open {} for {}", path.display(), if *read_only { "reading" } else { "writing; read_only would only read it" })]
    Open {
        /// The path.
        path: PathBuf,
        /// Whether it was to be read only.
        read_only: bool,
        /// What the kernel said.
        source: io::Error,
    },
    /// The path names a directory, a terminal, a socket or the like.
    #[error("{} is neither a regular file nor a block device", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Somebody else has the file or disk.
    #[error("{} is in use: {}", path.display(), if *is_disk {
        "it is mounted, or another program has claimed it"
    } else {
        "another device of this or another process has locked it (read_only shares it with other readers)"
    })]
    InUse {
        /// The path.
        path: PathBuf,
        /// Whether it is a block device.
        is_disk: bool,
    },
    /// Another file took the path's place while it was being opened.
    #[error("{} was replaced while it was being opened", path.display())]
    Replaced {
        /// The path.
        path: PathBuf,
    },
    /// The disk's sectors are larger than the block size that was asked for.
    #[error("the sectors of {} have {sector_bytes} bytes; block_size must be at least that", path.display())]
    SectorSize {
        /// The path.
        path: PathBuf,
        /// The size of a sector.
        sector_bytes: u32,
    },
    /// The file cannot be read past the page cache in such blocks.
    #[error(
        "{} cannot be read directly in blocks of {block_size_bytes} bytes; try block_size=4096, or leave out direct",
        path.display()
    )]
    Direct {
        /// The path.
        path: PathBuf,
        /// The block size.
        block_size_bytes: u32,
        /// What the kernel said.
        source: io::Error,
    },
}

/// What was meant, when a path is the name of a kind.
fn meant(path: &Path) -> String {
    let kind = KINDS.iter().find(|kind| path.as_os_str() == kind.name);
    kind.map(|kind| format!(", or write {}:{}", kind.name, kind.argument)).unwrap_or_default()
}

fn forms() -> String {
    let forms: Vec<_> = KINDS.iter().map(|kind| format!("{}:{}", kind.name, kind.argument)).collect();
    format!("{} or just a PATH", forms.join(", "))
}

/// Opens a device: `memory:512M`, `null:1G`, `file:/srv/disk.img` or just the path, with options behind commas:
/// `,block_size=4096`, `,read_only`, for files `,direct`. A comma in a path is written `,,`. `ordinal` is its place among the
/// devices that are opened together; it makes the [`Identity`](crate::Identity) of those that have no name.
///
/// A file is locked while the device lives: for one writer, or with `read_only` for any number of readers.
///
/// # Errors
/// [`OpenError`]; its source says what is wrong and what would be accepted.
pub fn open(specification: &str, ordinal: usize) -> Result<Arc<dyn BlockDevice>, OpenError> {
    kind_of(specification)
        .and_then(|(kind, rest)| (kind.open)(&Specification::parse(kind, rest, ordinal)?))
        .map_err(|problem| OpenError { specification: specification.to_owned(), problem })
}

fn kind_of(specification: &str) -> Result<(&'static DeviceKind, &str), OpenProblem> {
    match specification.split_once(':') {
        // A colon further back belongs to a path.
        Some((name, rest)) if !name.contains(['/', ',']) => match KINDS.iter().find(|kind| kind.name == name) {
            Some(kind) => Ok((kind, rest)),
            None => Err(OpenProblem::Kind { name: name.to_owned() }),
        },
        _ => Ok((&file::KIND, specification)),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn problem(specification: &str) -> String {
        let error = open(specification, 0).unwrap_err();
        format!("{error}: {}", error.source().unwrap())
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_accepted() {
        for (specification, expected) in [
            (
                "floppy:1M",
                "device \"floppy:1M\": there is no device of kind \"floppy\"; a device is memory:SIZE, file:PATH, \
                 null:SIZE or just a PATH",
            ),
            (
                "memory",
                "device \"memory\": memory does not exist; create it first, for example with `truncate -s 1G FILE`, or \
                 write memory:SIZE",
            ),
            ("memory:", "device \"memory:\": no SIZE is given; expected memory:SIZE"),
            ("", "device \"\": no PATH is given; expected file:PATH"),
            (
                "memory:12Q",
                "device \"memory:12Q\": \"12Q\" is not a size; expected bytes, or a number with K, M, G or T, such as 512M",
            ),
            (
                "memory:1000",
                "device \"memory:1000\": its size of 1000 bytes is not a multiple of the block size of 512; the next \
                 multiple is 1024",
            ),
            ("null:0", "device \"null:0\": its size is 0; expected at least one block"),
            (
                "memory:1M,block_size=513",
                "device \"memory:1M,block_size=513\": \"513\" is not a block size; expected 512, 1024, 2048 or 4096",
            ),
            (
                "memory:1M,direct",
                "device \"memory:1M,direct\": \"direct\" is not an option of memory; it takes \
                 block_size=512|1024|2048|4096, read_only (a comma in a path is written ,,)",
            ),
            (
                "null:8388608T",
                "device \"null:8388608T\": its size of 9223372036854775808 bytes is more than 9223372036854775807 bytes",
            ),
            (
                "/nonexistent/x:y",
                "device \"/nonexistent/x:y\": /nonexistent/x:y does not exist; create it first, for example with \
                 `truncate -s 1G FILE`",
            ),
        ] {
            assert_eq!(problem(specification), expected);
        }
        for option in ["read_only=1", "block_size", "", "colour=blue"] {
            assert!(problem(&format!("null:1M,{option}")).contains(&format!("{option:?} is not an option of null")));
        }
        assert!(problem("memory:4194304T").contains("the kernel gives no memory"));
    }

    #[test]
    fn options_and_defaults_reach_the_device() {
        let device = open("memory:1M", 0).unwrap();
        assert_eq!((device.geometry().block_size_bytes, device.geometry().block_count), (512, 2048));
        assert!(!device.read_only());
        let device = open("null:1T,read_only,block_size=4096", 0).unwrap();
        assert_eq!((device.geometry().block_size_bytes, device.geometry().block_count), (4096, 1 << 28));
        assert!(device.read_only());
        assert_eq!(device.description(), "null, 1 TiB");
    }

    #[test]
    fn memory_is_told_apart_by_its_place() {
        let identity = |specification, ordinal| open(specification, ordinal).unwrap().identity();
        assert_eq!(identity("memory:1M", 0), identity("memory:2M", 0));
        assert_ne!(identity("memory:1M", 0), identity("memory:1M", 1));
        assert_ne!(identity("memory:1M", 0), identity("null:1M", 0));
    }

    #[test]
    fn no_two_kinds_have_one_name() {
        let mut names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
