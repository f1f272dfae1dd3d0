//! A job as fio's command line words it, and the same job for our generator.

use bench::direction::Direction;
use bench::offsets::layout::{Amount, Extent, File, Layout, Target};
use bench::offsets::settings::{
    BlockSize, Distribution, FileService, MapPolicy, Mix, Order, RandomGenerator, Sequencer, Settings, SplitSize,
    StridedZones, Zone,
};
use bench::offsets::{Io, Offsets, Step, SyncKind};
use bench::random::Width;
use bench::random::seeds::{Purpose, SeedSettings, Seeds};

/// What one line of fio's log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Io(Io),
    Sync(SyncKind),
}

/// A job and its clones.
pub(crate) struct Case {
    options: Vec<(String, String)>,
}

impl Case {
    /// Reads `--name=value` words.
    pub(crate) fn parse(command: &str) -> Self {
        let options = command
            .split_whitespace()
            .map(|word| {
                let word = word.strip_prefix("--").unwrap();
                let (name, value) = word.split_once('=').unwrap_or((word, "1"));
                (name.to_owned(), value.to_owned())
            })
            .collect();
        Self { options }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|option| option.0 == name).map(|option| option.1.as_str())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name).map(bytes)
    }

    fn is_on(&self, name: &str) -> bool {
        self.number(name).unwrap_or(0) != 0
    }

    pub(crate) fn clones(&self) -> u32 {
        self.number("numjobs").map_or(1, |number| u32::try_from(number).unwrap())
    }

    pub(crate) fn file_count(&self) -> usize {
        self.number("nrfiles").map_or(1, |number| usize::try_from(number).unwrap())
    }

    /// Bytes of the files that exist before the job; `None`: the engine needs none.
    pub(crate) fn existing_bytes(&self) -> Option<u64> {
        let engine_has_no_disk = self.text("ioengine") == Some("null");
        let bytes = || self.text("filesize").map_or_else(|| self.number("size").unwrap(), |text| range(text).0);
        (!engine_has_no_disk).then(bytes)
    }

    pub(crate) fn is_time_based(&self) -> bool {
        self.is_on("time_based")
    }

    /// The names of the files of a clone: those that are given, or those that fio makes up.
    pub(crate) fn file_names(&self, clone: u32) -> Vec<String> {
        if let Some(names) = self.text("filename") {
            return names.split(':').map(str::to_owned).collect();
        }
        (0..self.file_count()).map(|file| format!("j.{clone}.{file}")).collect()
    }

    /// What our generator does for a clone: at most `count` entries.
    pub(crate) fn entries(&self, clone: u32, count: usize) -> Result<Vec<Entry>, String> {
        let mut offsets = self.offsets(clone)?;
        let mut entries = Vec::new();
        while entries.len() < count {
            match offsets.next_step() {
                Step::Io(io) => entries.push(Entry::Io(io)),
                Step::Sync { kind, .. } => entries.push(Entry::Sync(kind)),
                Step::PassEnded => {}
                Step::End => break,
            }
        }
        Ok(entries)
    }

    fn offsets(&self, clone: u32) -> Result<Offsets, String> {
        let settings = self.settings();
        let is_random = matches!(settings.order, Order::Random { .. });
        // The first job is number 1; clones come from the highest name to the lowest.
        let job_number = if clone == 0 { 1 } else { self.clones() - clone + 1 };
        let seeds = Seeds::derive(&SeedSettings {
            randseed: self.number("randseed"),
            randrepeat: self.text("randrepeat") != Some("0"),
            allrandrepeat: self.is_on("allrandrepeat"),
            job_number,
            is_clone: clone > 0,
            entropy: [0; Purpose::COUNT],
            random: is_random,
        });
        let target = self.existing_bytes().map_or(Target::Imaginary, Target::Regular);
        let files: Vec<File> = self.file_names(clone).into_iter().map(|name| File { name, target }).collect();
        let width = match settings.generator {
            RandomGenerator::Tausworthe64 => Width::Bits64,
            _ => Width::Bits32,
        };
        let mut file_sizes = seeds.generator(Purpose::FileSize, width);
        let layout =
            Layout::new(&self.extent(clone), &settings, &files, &mut file_sizes).map_err(|error| error.to_string())?;
        Offsets::new(&settings, &layout, seeds).map_err(|error| error.to_string())
    }

    fn extent(&self, clone: u32) -> Extent {
        let amount = |name| self.text(name).map_or(Amount::Bytes(0), amount);
        let (low, high) = self.text("filesize").map_or((0, 0), range);
        let (size, size_percent) = match amount("size") {
            Amount::Bytes(bytes) => (bytes, 100),
            Amount::Percent(percent) => (0, percent),
        };
        Extent {
            size,
            size_percent,
            file_size: (low, high),
            offset: amount("offset"),
            offset_align: self.number("offset_align"),
            offset_increment: amount("offset_increment"),
            clone_number: clone,
            io_size_percent: match amount("io_size") {
                Amount::Percent(percent) => percent,
                Amount::Bytes(_) => 100,
            },
            append: self.is_on("file_append"),
        }
    }

    fn settings(&self) -> Settings {
        let (mix, order) = pattern(self.text("rw").unwrap_or("read"));
        let mut settings = Settings::new(mix, order, 4096);
        settings.block_sizes = self.block_sizes();
        settings.size_by_order = self.is_on("bs_is_seq_rand");
        settings.unaligned = self.is_on("bs_unaligned");
        settings.sequencer = match self.text("rw_sequencer") {
            Some("identical") => Sequencer::Identical,
            _ => Sequencer::Sequential,
        };
        if let Some(text) = self.text("ba") {
            settings.alignment = each_direction(text).map(bytes);
        }
        if let Some(text) = self.text("percentage_random") {
            settings.random_percent = each_direction(text).map(|text| text.parse().unwrap());
        }
        if let Some(percent) = self.number("rwmixread") {
            settings.read_percent = u32::try_from(percent).unwrap();
        }
        if let Some(percent) = self.number("rwmixwrite") {
            settings.read_percent = 100 - u32::try_from(percent).unwrap();
        }
        settings.map = match (self.is_on("norandommap"), self.is_on("softrandommap")) {
            (true, _) => MapPolicy::None,
            (false, true) => MapPolicy::Soft,
            (false, false) => MapPolicy::Required,
        };
        settings.generator = match self.text("random_generator") {
            Some("tausworthe64") => RandomGenerator::Tausworthe64,
            Some("lfsr") => RandomGenerator::Lfsr,
            _ => RandomGenerator::Tausworthe,
        };
        settings.generator_is_set = self.text("random_generator").is_some();
        if let Some(text) = self.text("random_distribution") {
            settings.distribution = distribution(text);
        }
        if let Some(size) = self.number("zonesize") {
            let range = self.number("zonerange").unwrap_or(0);
            settings.strided = Some(StridedZones { size, range, skip: self.number("zoneskip").unwrap_or(0) });
        }
        if let Some(text) = self.text("file_service_type") {
            settings.file_service = file_service(text);
        }
        settings.open_files = self.number("openfiles").map_or(0, |number| usize::try_from(number).unwrap());
        settings.sync_every.fsync = self.number("fsync").unwrap_or(0);
        settings.sync_every.fdatasync = self.number("fdatasync").unwrap_or(0);
        if let Some((_, writes)) = self.text("sync_file_range").and_then(|text| text.split_once(':')) {
            settings.sync_every.range = writes.parse().unwrap();
        }
        let limits = &mut settings.limits;
        limits.io_size = match self.text("io_size").map(amount) {
            Some(Amount::Bytes(bytes)) => bytes,
            _ => 0,
        };
        limits.number_ios = self.number("number_ios").unwrap_or(0);
        limits.loops = self.number("loops").map_or(1, |number| u32::try_from(number).unwrap());
        limits.time_based = self.is_time_based();
        limits.engine_is_synchronous = self.text("ioengine") != Some("libaio");
        limits.verify = self.text("verify").is_some();
        limits.do_verify = self.text("do_verify") != Some("0");
        settings
    }

    fn block_sizes(&self) -> [BlockSize; 3] {
        if let Some(text) = self.text("bssplit") {
            return each_direction(text).map(split);
        }
        if let Some(text) = self.text("bsrange") {
            return each_direction(text).map(|text| {
                let (minimum, maximum) = range(text);
                BlockSize::range(minimum, maximum)
            });
        }
        each_direction(self.text("bs").unwrap_or("4k")).map(|text| BlockSize::fixed(bytes(text)))
    }
}

/// `128k` and the like.
fn bytes(text: &str) -> u64 {
    let (digits, shift) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 10),
        None => match text.strip_suffix(['m', 'M']) {
            Some(digits) => (digits, 20),
            None => (text, 0),
        },
    };
    digits.parse::<u64>().unwrap_or_else(|_| panic!("{text} is no number of bytes")) << shift
}

fn range(text: &str) -> (u64, u64) {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    (bytes(low), bytes(high))
}

fn amount(text: &str) -> Amount {
    match text.strip_suffix('%') {
        Some(percent) => Amount::Percent(percent.parse().unwrap()),
        None => Amount::Bytes(bytes(text)),
    }
}

/// Values for reads, writes and trims; the last one stands for those that are missing.
fn each_direction(text: &str) -> [&str; 3] {
    let values: Vec<&str> = text.split(',').collect();
    std::array::from_fn(|index| values[index.min(values.len() - 1)])
}

fn pattern(text: &str) -> (Mix, Order) {
    let (name, modifier) = text.split_once(':').map_or((text, None), |(name, modifier)| (name, Some(modifier)));
    let (name, is_random) = name.strip_prefix("rand").map_or((name, false), |name| (name, true));
    let mix = match name {
        "read" => Mix::Read,
        "write" => Mix::Write,
        "trim" => Mix::Trim,
        "rw" => Mix::ReadWrite,
        "trimwrite" => Mix::TrimWrite,
        _ => panic!("rw={name}"),
    };
    let order = if is_random {
        Order::Random { change_every: modifier.map_or(1, |text| text.parse().unwrap()) }
    } else {
        let stride_bytes = modifier.map_or(0, |text| match text.strip_prefix('-') {
            Some(text) => -bytes(text).cast_signed(),
            None => bytes(text).cast_signed(),
        });
        Order::Sequential { stride_bytes }
    };
    (mix, order)
}

fn split(text: &str) -> BlockSize {
    let entries: Vec<(u64, Option<u32>)> = text
        .split(':')
        .map(|entry| {
            let (size, percent) = entry.split_once('/').unwrap_or((entry, ""));
            (bytes(size), percent.parse().ok())
        })
        .collect();
    let given: u32 = entries.iter().filter_map(|entry| entry.1).sum();
    let missing = u32::try_from(entries.iter().filter(|entry| entry.1.is_none()).count()).unwrap();
    let share = (100 - given).checked_div(missing).unwrap_or_default();
    let entries = entries.into_iter().map(|(bytes, percent)| SplitSize { bytes, percent: percent.unwrap_or(share) });
    BlockSize::split(entries.collect())
}

fn floats(text: &str) -> (f64, Option<f64>) {
    let (first, center) = text.split_once(':').map_or((text, None), |(first, center)| (first, Some(center)));
    (first.parse().unwrap(), center.map(|text| text.parse().unwrap()))
}

fn distribution(text: &str) -> Distribution {
    let Some((name, arguments)) = text.split_once(':') else { return Distribution::Uniform };
    let zones = || {
        each_direction(arguments).map(|text| {
            let zone = |entry: &str| {
                let (access, size) = entry.split_once('/').unwrap();
                Zone { access_percent: access.parse().unwrap(), size: bytes(size) }
            };
            text.split(':').map(zone).collect()
        })
    };
    match name {
        "zoned" => return Distribution::Zoned(zones()),
        "zoned_abs" => return Distribution::ZonedAbsolute(zones()),
        _ => {}
    }
    let (first, center) = floats(arguments);
    match name {
        "zipf" => Distribution::Zipf { theta: first, center },
        "pareto" => Distribution::Pareto { h: first, center },
        "normal" => Distribution::Normal { deviation: first, center },
        _ => panic!("random_distribution={name}"),
    }
}

fn file_service(text: &str) -> FileService {
    let (name, arguments) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let count = || arguments.map_or(1, |text| text.parse().unwrap());
    let skew = |default| arguments.map_or((default, None), floats);
    match name {
        "random" => FileService::Random { count: count() },
        "roundrobin" => FileService::RoundRobin { count: count() },
        "sequential" => FileService::Sequential,
        "zipf" => {
            let (theta, center) = skew(1.1);
            FileService::Zipf { theta, center }
        }
        "pareto" => {
            let (h, center) = skew(0.2);
            FileService::Pareto { h, center }
        }
        "normal" => {
            let (deviation, center) = skew(0.0);
            FileService::Normal { deviation, center }
        }
        _ => panic!("file_service_type={name}"),
    }
}

/// The direction of a word of fio's log.
pub(crate) fn direction(word: &str) -> Option<Direction> {
    Direction::ALL.into_iter().find(|direction| direction.name() == word)
}
