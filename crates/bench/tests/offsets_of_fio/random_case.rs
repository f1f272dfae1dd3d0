//! Command lines at random.

use std::fmt::Write;

/// A sequence of pseudo-random numbers (xorshift64*).
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed | 1 }
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// A command line that fio accepts and that ends soon.
pub(crate) fn command(random: &mut Random) -> String {
    let mut words = String::new();
    let mut add = |name: &str, value: &str| write!(words, "--{name}={value} ").unwrap();
    let is_random = !random.one_in(3);
    let mixes = ["read", "write", "rw", "rw", "trim", "trimwrite"];
    let mix = random.one_of(&mixes);
    // Trims need a device; the null engine needs none.
    let engine = if mix.starts_with("trim") { "null" } else { random.one_of(&["null", "null", "sync", "libaio"]) };
    add("ioengine", engine);
    add("rw", &pattern(random, mix, is_random));
    if is_random && random.one_in(4) {
        add("rw_sequencer", random.one_of(&["sequential", "identical"]));
    }
    let block = block_sizes(random, &mut add);
    let blocks = random.below(220) + 24;
    let tail = if random.one_in(4) { random.below(block) } else { 0 };
    let size = block * blocks + tail;
    add("size", &size.to_string());
    let has_absolute_zones = is_random && random_order(random, block, size, &mut add);
    if random.one_in(8) && blocks < 100 {
        // Logs of clones share a file and stay apart while they fit a buffer of 8 KiB.
        add("numjobs", &(random.below(2) + 2).to_string());
        add("offset_increment", &(block * random.below(32)).to_string());
        add("number_ios", &(random.below(150) + 1).to_string());
    } else {
        limits(random, block, size, &mut add);
    }
    files(random, block, has_absolute_zones, &mut add);
    if random.one_in(8) && engine == "null" && matches!(mix, "write" | "rw") {
        // Reads of the null engine would not verify, so nothing reads.
        add("verify", "crc32c");
        add("do_verify", "0");
    }
    if random.one_in(3) {
        add("randseed", &random.below(1 << 40).to_string());
    } else if random.one_in(4) {
        add("allrandrepeat", "1");
    }
    if random.one_in(4) {
        add("rwmixread", &random.below(101).to_string());
    }
    if random.one_in(6) {
        add(random.one_of(&["fsync", "fdatasync"]), &(random.below(9) + 1).to_string());
    }
    words.trim_end().to_owned()
}

fn pattern(random: &mut Random, mix: &str, is_random: bool) -> String {
    if is_random {
        let every = if random.one_in(4) { format!(":{}", random.below(9) + 1) } else { String::new() };
        return format!("rand{mix}{every}");
    }
    let stride = if random.one_in(4) { random.one_of(&[":4k", ":8k", ":512", ":-8k", ":-4k", ":12k"]) } else { "" };
    format!("{mix}{stride}")
}

/// Adds the options for lengths; returns the smallest.
fn block_sizes(random: &mut Random, add: &mut impl FnMut(&str, &str)) -> u64 {
    let block = 512 << random.below(5);
    match random.below(6) {
        0 => {
            let minimum = if random.one_in(3) { block * 3 / 2 } else { block };
            add("bsrange", &format!("{minimum}-{}", minimum * (random.below(7) + 2)));
            if random.one_in(3) {
                add("bs_unaligned", "1");
            }
            if random.one_in(4) {
                add("bs_is_seq_rand", "1");
            }
            minimum
        }
        1 => {
            let first = random.below(60) + 1;
            let second = random.below(99 - first) + 1;
            let split = format!("{block}/{first}:{}/{second}:{}/", block * 2, block * 6);
            if random.one_in(3) {
                add("bssplit", &format!("{split},{block}/40:{}/60", block * 4));
            } else {
                add("bssplit", &split);
            }
            block
        }
        2 => {
            add("bs", &format!("{block},{},{block}", block * 2));
            block
        }
        _ => {
            add("bs", &block.to_string());
            block
        }
    }
}

/// Returns whether zones of a size in bytes are among the options.
fn random_order(random: &mut Random, block: u64, size: u64, add: &mut impl FnMut(&str, &str)) -> bool {
    add("random_generator", random.one_of(&["tausworthe", "tausworthe", "tausworthe64", "lfsr"]));
    if random.one_in(3) {
        add("norandommap", "1");
    } else if random.one_in(8) {
        add("softrandommap", "1");
    }
    if random.one_in(4) {
        add("percentage_random", &format!("{},{}", random.below(101), random.below(101)));
    }
    if random.one_in(10) {
        add("ba", &(block / 2).to_string());
    }
    let center =
        |random: &mut Random| if random.one_in(2) { format!(":0.{}", random.below(10)) } else { String::new() };
    match random.below(12) {
        0 => {
            let theta = random.one_of(&["0.5", "0.8", "1.1", "1.2", "2.5"]);
            add("random_distribution", &format!("zipf:{theta}{}", center(random)));
        }
        1 => add("random_distribution", &format!("pareto:0.{}{}", random.below(9) + 1, center(random))),
        2 => add("random_distribution", &format!("normal:{}{}", random.below(100), center(random))),
        3 => {
            let access = random.below(99) + 1;
            let part = random.below(98) + 1;
            add("random_distribution", &format!("zoned:{access}/{part}:{}/{}", 100 - access, 100 - part));
        }
        4 => {
            let access = random.below(99) + 1;
            let first = random.below(8) + 1;
            let zones = format!("zoned_abs:{access}/{}:{}/{}", first * block * 2, 100 - access, size / 16 + block);
            add("random_distribution", &zones);
            return true;
        }
        _ => {}
    }
    false
}

fn files(random: &mut Random, block: u64, has_absolute_zones: bool, add: &mut impl FnMut(&str, &str)) {
    if has_absolute_zones {
        // The zones fit the one file that there is.
    } else if random.one_in(3) {
        let count = random.below(4) + 2;
        add("nrfiles", &count.to_string());
        let service = ["random", "roundrobin", "random:3", "roundrobin:5", "sequential"];
        let skewed = ["zipf", "zipf:0.8", "pareto:0.3:0.5", "normal:30", "normal"];
        match random.below(6) {
            0 => {}
            1 => add("file_service_type", random.one_of(&skewed)),
            _ => add("file_service_type", random.one_of(&service)),
        }
        if random.one_in(5) {
            let low = block * (random.below(20) + 20);
            add("filesize", &format!("{low}-{}", low + block * random.below(60)));
        }
        if random.one_in(4) {
            add("openfiles", &(random.below(count) + 1).to_string());
        }
    } else if random.one_in(8) {
        add("zonemode", "strided");
        add("zonesize", &(block * (random.below(12) + 6)).to_string());
        if random.one_in(2) {
            add("zonerange", &(block * (random.below(6) + 6)).to_string());
        }
        add("zoneskip", &(block * random.below(4)).to_string());
    }
    match random.below(8) {
        0 => add("offset", &(block * (random.below(8) + 1)).to_string()),
        1 => {
            add("offset", &format!("{}%", random.below(60) + 1));
            if random.one_in(3) {
                add("offset_align", "512");
            }
        }
        _ => {}
    }
}

fn limits(random: &mut Random, block: u64, size: u64, add: &mut impl FnMut(&str, &str)) {
    if random.one_in(5) {
        add("io_size", &(block * (random.below(2 * size / block) + 1)).to_string());
    }
    if random.one_in(6) {
        add("number_ios", &(random.below(80) + 1).to_string());
    }
    if random.one_in(12) {
        add("time_based", "1");
        add("runtime", "100ms");
        add("thinktime", "500");
    } else if random.one_in(6) {
        add("loops", &(random.below(3) + 2).to_string());
    }
}
