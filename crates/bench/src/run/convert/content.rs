//! What buffers are made of and filled with.

use std::path::Path;

use crate::buffers::{ContentSettings, Pattern, PatternError, Refill};
use crate::direction::Direction;
use crate::engines::memory::{MemoryKind, MemorySettings};
use crate::options::JobOptions;
use crate::options::buffers::{DedupeMode, Memory};
use crate::options::pattern::{Pattern as PatternOption, PatternPiece};

use super::{Shape, proving};
use crate::run::writes::DedupeSettings;

/// Where buffers come from.
pub(in crate::run) fn memory(options: &JobOptions) -> MemorySettings {
    let buffers = &options.buffers;
    MemorySettings {
        kind: match buffers.mem {
            Memory::Malloc => MemoryKind::Malloc,
            Memory::Shm => MemoryKind::Shm,
            Memory::ShmHuge => MemoryKind::ShmHuge,
            Memory::Mmap => MemoryKind::Mmap,
            Memory::MmapHuge => MemoryKind::MmapHuge,
            Memory::MmapShared => MemoryKind::MmapShared,
        },
        file: buffers.mem_file.as_ref().map(Into::into),
        alignment_bytes: buffers.iomem_align as usize,
        huge_page_bytes: buffers.hugepage_size as usize,
    }
}

/// What writes carry when they are not verified.
pub(in crate::run) fn content(options: &JobOptions) -> Result<ContentSettings, PatternError> {
    let buffers = &options.buffers;
    Ok(ContentSettings {
        zero: buffers.zero_buffers,
        pattern: buffers.buffer_pattern.as_ref().map(pattern).transpose()?,
        compress_percentage: u8::try_from(buffers.buffer_compress_percentage).unwrap_or(100),
        compress_chunk: buffers.buffer_compress_chunk as usize,
        deduplicates: buffers.dedupe_percentage > 0,
    })
}

/// What happens to a buffer before each write but the first.
pub(in crate::run) fn refill(options: &JobOptions, content: &ContentSettings) -> Refill {
    let buffers = &options.buffers;
    let patterned = content.pattern.is_some() && content.compress_percentage == 0;
    let refills = buffers.refill_buffers
        || content.deduplicates
        || proving::is_wanted(options)
        || patterned && Shape::of(options).has(Direction::Read);
    let scramble_by_default = !content.zero && content.pattern.is_none();
    let scrambles = if options.is_set("scramble_buffers") { buffers.scramble_buffers } else { scramble_by_default };
    Refill::of(refills, scrambles, content)
}

/// Which writes repeat others. `size` is what the job works on, `smallest_write` its smallest write.
pub(in crate::run) fn dedupe(options: &JobOptions, size: u64, smallest_write: u64, job_count: u32) -> DedupeSettings {
    let buffers = &options.buffers;
    let share = u128::from(size) * u128::from(buffers.dedupe_working_set_percentage) / 100;
    let blocks = u64::try_from(share).unwrap_or(u64::MAX) / smallest_write.max(1);
    DedupeSettings {
        percentage: u8::try_from(buffers.dedupe_percentage).unwrap_or(100),
        working_set_blocks: match buffers.dedupe_mode {
            DedupeMode::Repeat => 0,
            DedupeMode::WorkingSet => blocks.max(1),
        },
        job_count,
    }
}

/// The pattern as bytes, with files read.
pub(in crate::run) fn pattern(option: &PatternOption) -> Result<Pattern, PatternError> {
    use std::fmt::Write;

    let mut text = String::new();
    for piece in &option.pieces {
        match piece {
            PatternPiece::Bytes(bytes) => {
                text.push_str("0x");
                for byte in bytes {
                    let _ = write!(text, "{byte:02x}");
                }
            }
            PatternPiece::Offset => text.push_str("%o"),
            PatternPiece::File(path) => {
                let _ = write!(text, "'{}'", path.display());
            }
        }
    }
    Pattern::parse(&text, true, &mut |path| std::fs::read(Path::new(path)))
}
