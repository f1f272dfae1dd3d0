//! What is in the buffers, and where they are.

use super::JobOptions;
use super::kind::{ValueError, boolean, choice, custom, flag, number, word};
use super::option::{Order, Section, option};
use super::pattern::Pattern;

/// Where data that repeats comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DedupeMode {
    /// The block before.
    #[default]
    Repeat,
    /// A set of blocks.
    WorkingSet,
}

/// What the buffers are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Memory {
    /// Ordinary memory.
    #[default]
    Malloc,
    /// System V shared memory.
    Shm,
    /// The same in huge pages.
    ShmHuge,
    /// A private map, of a file if one is named.
    Mmap,
    /// The same in huge pages.
    MmapHuge,
    /// A shared map.
    MmapShared,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buffers {
    /// Buffers are zeros.
    pub zero_buffers: bool,
    /// Buffers are filled anew for each write.
    pub refill_buffers: bool,
    /// A few bytes of a buffer are changed for each write.
    pub scramble_buffers: bool,
    /// How well the data compresses, in per cent; 0 is not at all.
    pub buffer_compress_percentage: u32,
    /// Bytes of which so many per cent are zeros.
    pub buffer_compress_chunk: u32,
    /// What the buffers are filled with.
    pub buffer_pattern: Option<Pattern>,
    /// Blocks that have come before, in per cent.
    pub dedupe_percentage: u32,
    /// Where data that repeats comes from.
    pub dedupe_mode: DedupeMode,
    /// Size of the set of blocks, in per cent of the file.
    pub dedupe_working_set_percentage: u32,
    /// All jobs have the same set of blocks.
    pub dedupe_global: bool,
    /// The page cache is emptied of a file before it is used.
    pub invalidate: bool,
    /// What the buffers are made of.
    pub mem: Memory,
    /// The file behind `mmap`, `mmaphuge` and `mmapshared`.
    pub mem_file: Option<String>,
    /// Buffers start at multiples of this; 0 is pages.
    pub iomem_align: u32,
    /// Bytes of a huge page.
    pub hugepage_size: u32,
    /// Bytes of memory that are locked, a worker.
    pub lockmem: u64,
}

pub(super) const SECTION: Section = Section {
    title: "Buffers and memory",
    options: &[
        option("zero_buffers", &flag(|options| &mut options.buffers.zero_buffers), "Fill the buffers with zeros"),
        option(
            "refill_buffers",
            &flag(|options| &mut options.buffers.refill_buffers),
            "Fill the buffer anew for each write",
        ),
        option(
            "scramble_buffers",
            &boolean(|options| &mut options.buffers.scramble_buffers, false),
            "Change a few bytes of the buffer for each write",
        )
        .default("1"),
        option(
            "buffer_compress_percentage",
            &number(|options| &mut options.buffers.buffer_compress_percentage).within(0, 100),
            "How well the data compresses, in per cent",
        ),
        option(
            "buffer_compress_chunk",
            &number(|options| &mut options.buffers.buffer_compress_chunk),
            "Bytes of which so many per cent compress away",
        )
        .default("512")
        .below("buffer_compress_percentage"),
        option(
            "buffer_pattern",
            &custom("a pattern: 0x and digits, a decimal number, \"a text\", 'a file', or several", buffer_pattern),
            "Fill the buffers with this, over and over",
        ),
        option(
            "dedupe_percentage",
            &custom("a number from 0 to 100", dedupe),
            "Blocks that have come before, in per cent",
        ),
        option(
            "dedupe_mode",
            &choice(
                |options| &mut options.buffers.dedupe_mode,
                &[
                    word("repeat", DedupeMode::Repeat, "the block before"),
                    word("working_set", DedupeMode::WorkingSet, "a set of blocks"),
                ],
            ),
            "Where data that repeats comes from",
        )
        .default("repeat")
        .below("dedupe_percentage"),
        option(
            "dedupe_working_set_percentage",
            &number(|options| &mut options.buffers.dedupe_working_set_percentage).within(0, 100),
            "Size of the set of blocks that repeat, in per cent of the file",
        )
        .default("5")
        .below("dedupe_percentage"),
        option(
            "dedupe_global",
            &boolean(|options| &mut options.buffers.dedupe_global, false),
            "Give all jobs the same set of blocks that repeat",
        )
        .default("0")
        .below("dedupe_percentage"),
        option(
            "invalidate",
            &boolean(|options| &mut options.buffers.invalidate, false),
            "Empty the page cache of a file before it is used, and each time that it is started over",
        )
        .default("1"),
        option(
            "mem",
            &choice(
                |options| &mut options.buffers.mem,
                &[
                    word("malloc", Memory::Malloc, "ordinary memory"),
                    word("shm", Memory::Shm, "shared memory"),
                    word("shmhuge", Memory::ShmHuge, "shared memory in huge pages"),
                    word("mmap", Memory::Mmap, "a private map, :FILE of a file"),
                    word("mmapshared", Memory::MmapShared, "a shared map, :FILE of a file"),
                    word("mmaphuge", Memory::MmapHuge, "a map in huge pages, :FILE of a file on hugetlbfs"),
                ],
            )
            .postfix(memory_file),
            "What the buffers are made of",
        )
        .aliases(&["iomem"])
        .default("malloc"),
        option(
            "iomem_align",
            &number(|options| &mut options.buffers.iomem_align),
            "Start buffers at multiples of this",
        )
        .aliases(&["mem_align"])
        .default("0")
        .below("mem"),
        option("hugepage-size", &number(|options| &mut options.buffers.hugepage_size), "Bytes of a huge page")
            .default("2097152"),
        option("lockmem", &number(|options| &mut options.buffers.lockmem), "Lock so many bytes of memory, a worker")
            .default("0")
            .order(Order::Early),
    ],
};

fn memory_file(options: &mut JobOptions, postfix: Option<&str>) -> Result<(), ValueError> {
    let maps = matches!(options.buffers.mem, Memory::Mmap | Memory::MmapHuge | Memory::MmapShared);
    if postfix.is_some() && !maps {
        return Err(ValueError::Rule("only mmap, mmaphuge and mmapshared have a file"));
    }
    options.buffers.mem_file = postfix.map(|file| file.trim().to_owned());
    Ok(())
}

/// A pattern stands against random contents: those are switched off, unless reads would spoil the pattern.
fn buffer_pattern(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    let pattern = Pattern::parse(text, false)?;
    let reads = options.io_type.rw.reads();
    let buffers = &mut options.buffers;
    buffers.buffer_pattern = Some(pattern);
    buffers.refill_buffers = buffers.buffer_compress_percentage > 0 || reads;
    buffers.scramble_buffers = false;
    buffers.zero_buffers = false;
    Ok(())
}

fn dedupe(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    let percent = text.parse().ok().filter(|percent| *percent <= 100);
    let percent = percent.ok_or_else(|| ValueError::malformed(text, "a number from 0 to 100"))?;
    options.buffers.dedupe_percentage = percent;
    options.buffers.refill_buffers = true;
    Ok(())
}
