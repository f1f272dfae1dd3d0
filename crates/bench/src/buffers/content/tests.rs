//! What fio 3.33 of Debian wrote with the same options, as SHA-256 of the 64 KiB file:
//! `fio --name=x --filename=x --ioengine=psync --rw=write --size=64k --bs=4k --allrandrepeat=1 --refill_buffers=1
//! --scramble_buffers=0` and the options named at each test.

use sha2::{Digest, Sha256};

use super::*;
use crate::buffers::testing::Tausworthe;
use crate::buffers::{Dedupe, DedupeMode, WorkingSet, next_seed, scramble, working_set_blocks};

const BLOCK: usize = 4096;
const BLOCKS: usize = 16;

/// `allrandrepeat`'s seed of a job's streams, and the places of the streams used here.
fn seed(job: u64, stream: u64) -> u64 {
    0xb189_9bed * job + stream
}

const BUFFER_STREAM: u64 = 9;
const DEDUPE_STREAM: u64 = 14;
const WORKING_SET_STREAM: u64 = 20;

fn generator(wide: bool, job: u64) -> Tausworthe {
    Tausworthe::new(seed(job, BUFFER_STREAM), wide)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A job's file: fio fills each buffer once before the first write, and again at each.
fn file(settings: ContentSettings, seeds: SeedSource<impl FnMut() -> u64 + Clone>) -> String {
    let mut buffers = WriteBuffers::new(settings, seeds);
    let mut buffer = vec![0; BLOCK];
    let mut hash = Sha256::new();
    buffers.fill(&mut buffer, BLOCK);
    for _ in 0..BLOCKS {
        buffers.fill(&mut buffer, BLOCK);
        hash.update(&buffer);
    }
    hexadecimal(&hash.finalize())
}

fn compressible(compress_percentage: u8, compress_chunk: usize) -> ContentSettings {
    ContentSettings { compress_percentage, compress_chunk, ..ContentSettings::default() }
}

fn pattern(text: &str) -> Option<Pattern> {
    Some(Pattern::parse(text, false, &mut |_| Ok(b"0123456789abc".to_vec())).expect("a pattern"))
}

#[test]
fn random_bytes() {
    let file = |wide| file(ContentSettings::default(), SeedSource::unique(generator(wide, 1).stream()));
    assert_eq!(file(false), "944a447348161ec82d5c712b7d305e4daa829ed48c9a5270af044e1b56419854");
    // --random_generator=tausworthe64
    assert_eq!(file(true), "d6d402b33fbc14d9369f7541f27b097f531af45d6477892a3db91efe73d48ba2");
}

#[test]
fn compressible_bytes() {
    let file = |settings| file(settings, SeedSource::unique(generator(false, 1).stream()));
    // --buffer_compress_percentage=50 --buffer_compress_chunk=512
    assert_eq!(file(compressible(50, 512)), "c48b9e4976e2a284b38ad4476e44f69c8bc444ceda0ea57509a27f20a82b2e39");
    // --buffer_compress_percentage=30
    assert_eq!(file(compressible(30, 512)), "fdf87708e8ff93a851b75508cf7b800d9b89c21d7224cd5bad6bb4f74fd572d9");
    // --buffer_compress_percentage=30 --buffer_compress_chunk=1000 --buffer_pattern=0xdeadbeef
    let settings = ContentSettings { pattern: pattern("0xdeadbeef"), ..compressible(30, 1000) };
    assert_eq!(file(settings), "f89f932074e5316eb05aa7536c26952eced02a03b3cf5d63fbf0b5c6007684d9");
    // --buffer_compress_percentage=50 --buffer_compress_chunk=8192: a chunk is no larger than a block
    assert_eq!(file(compressible(50, 8192)), "9cfeb4600c5ce55701529166ce0e0cba7ea560434352afd64df3c837b936a73a");
    // --buffer_compress_percentage=100
    assert_eq!(file(compressible(100, 0)), "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31");
}

#[test]
fn patterns_and_zeroes() {
    let file = |settings| file(settings, SeedSource::unique(generator(false, 1).stream()));
    let patterned = |text| ContentSettings { pattern: pattern(text), ..ContentSettings::default() };
    // --buffer_pattern='"tide"0x00-7'
    assert_eq!(file(patterned("\"tide\"0x00-7")), "50589005c000c7eeaa0b7e8c83eb7f7cfb8065865d41d64f881c3348e825f1ec");
    // --buffer_pattern="'path'" of a file with 0123456789abc
    assert_eq!(file(patterned("'path'")), "c38e1d3458c1422ad0acb59f049713cc115ebaf42c8eb7e606dd209d862f6643");
    // --zero_buffers=1
    let zero = ContentSettings { zero: true, ..ContentSettings::default() };
    assert_eq!(file(zero), "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31");
}

fn dedupe<G>(percentage: u8, wide: bool, mode: DedupeMode<G>, job: u64) -> Dedupe<G> {
    let mut choice = Tausworthe::new(seed(job, DEDUPE_STREAM), false);
    let mut index = Tausworthe::new(seed(job, WORKING_SET_STREAM), wide);
    Dedupe {
        percentage,
        mode,
        percent: Box::new(move || 1 + choice.up_to(99)),
        index: Box::new(move |last| index.up_to(last)),
    }
}

fn deduplicates(settings: ContentSettings) -> ContentSettings {
    ContentSettings { deduplicates: true, ..settings }
}

#[test]
fn repeated_duplicates() {
    let file = |percentage, settings| {
        let repeat = dedupe(percentage, false, DedupeMode::Repeat, 1);
        file(deduplicates(settings), SeedSource::deduplicated(generator(false, 1).stream(), repeat))
    };
    // --dedupe_percentage=50, without and with --buffer_compress_percentage=25 --buffer_compress_chunk=1024
    let plain = ContentSettings::default();
    assert_eq!(file(50, plain.clone()), "b25a6e75712a3b3ae20d7f97913ba99b958f9be48ec61fe34614203fa4629c8c");
    assert_eq!(file(50, compressible(25, 1024)), "0048651cef7ac0d604803b1b3f88b9bf47a749e2825b9af76da4fdf036804d6e");
    // --dedupe_percentage=100, without and with the same
    assert_eq!(file(100, plain), "48ec34e0181e084c0997035e0f96eeca11e8044769dacfefcb59ee428b4396b8");
    assert_eq!(file(100, compressible(25, 1024)), "111def524e72b6df514f93a328d0c9f45d4947e6449d2995d45bb98e3c70817f");
}

#[test]
fn duplicates_of_a_working_set() {
    let file = |wide, settings: ContentSettings, seeds_per_block| {
        let own = generator(wide, 1).stream();
        let blocks = working_set_blocks(65536, 30, 4096);
        let set = WorkingSet::new(std::slice::from_ref(&own), 1, blocks, seeds_per_block);
        let dedupe = dedupe(50, wide, DedupeMode::WorkingSet(set), 1);
        file(deduplicates(settings), SeedSource::deduplicated(own, dedupe))
    };
    let plain = ContentSettings::default();
    // --dedupe_percentage=50 --dedupe_mode=working_set --dedupe_working_set_percentage=30, the second with compression as above,
    // the third with --random_generator=tausworthe64
    assert_eq!(file(false, plain.clone(), 8), "2545ea7d859951b8d61d3533f498cb945c826e0be31f4920b1d9e585d222535a");
    assert_eq!(
        file(false, compressible(25, 1024), 4),
        "401eb6e8c60480d75b788b609bb1c2171ef1e1a7f7a909050d95579b5c30955c"
    );
    assert_eq!(file(true, plain, 8), "54892c92154b07e623f896eec293878131eca704d2daee540b4d05033a484689");
}

/// `--dedupe_percentage=50 --dedupe_mode=working_set --dedupe_working_set_percentage=50 --dedupe_global=1` with two jobs.
#[test]
fn duplicates_over_all_jobs() {
    let file = |job, other| {
        let jobs = [generator(false, job).stream(), generator(false, other).stream()];
        let set = WorkingSet::new(&jobs, 2, 8, 8);
        let dedupe = dedupe(50, false, DedupeMode::WorkingSet(set), job);
        file(deduplicates(ContentSettings::default()), SeedSource::deduplicated(jobs[0].clone(), dedupe))
    };
    assert_eq!(file(1, 2), "0f4293c8bf62abca6f6aab9d9e49912a2851084d7411e84fb37bf01033e22356");
    assert_eq!(file(2, 1), "d56b8728924b0539fbf080b93bc402e7bb20ce03e90f2a55cf4899d4f9318b34");
}

/// Without `refill_buffers` and `scramble_buffers=0`: one buffer, scrambled at each of four writes; the times are out of the file.
#[test]
fn scrambled_buffers() {
    let written = [
        (0x0663_f5a5, "36bc5e83590268159d495294cbe3e21d09c9abdc2d4f3c0db8a6e5bcd1ad403c"),
        (0x0664_9fc9, "e7f70ed5e2a5b1346ca3579ed90b8a4d292a4fc4c179ef92fc7441d423b84417"),
        (0x0664_c1f0, "4026d023237f018eac14e090ab37fc25108c2f0f362438341fb874b609126c06"),
        (0x0664_d879, "e6df90fb25b607e62d6b1b42f8536c77e1e022eb2e73584a55367eefdbe5d51f"),
    ];
    let settings = ContentSettings::default();
    assert_eq!(Refill::of(false, true, &settings), Refill::Scramble);
    let mut buffers = WriteBuffers::new(settings, SeedSource::unique(generator(false, 1).stream()));
    let mut buffer = vec![0; BLOCK];
    buffers.fill(&mut buffer, BLOCK);
    for (index, (nanoseconds, hash)) in written.into_iter().enumerate() {
        scramble(&mut buffer, (index * BLOCK) as u64, 0, nanoseconds);
        assert_eq!(hexadecimal(&Sha256::digest(&buffer)), hash);
    }
}

#[test]
fn what_a_second_write_does() {
    let plain = ContentSettings::default();
    assert_eq!(Refill::of(true, true, &plain), Refill::Fill);
    assert_eq!(Refill::of(false, false, &plain), Refill::Keep);
    assert_eq!(Refill::of(false, true, &compressible(50, 0)), Refill::Keep);
    assert_eq!(Refill::of(false, true, &deduplicates(plain)), Refill::Keep);
}

/// The seeds in the headers of three blocks that fio wrote with `verify` and without any option about random numbers: `randseed` is
/// 0x89, and the stream for verify is the fourth.
#[test]
fn the_seeds_of_verify() {
    let next = |seed: u64| seed.wrapping_mul(0x9e37_0001);
    let mut first = 0x89;
    for _ in 0..7 {
        first = next(first);
    }
    let mut stream = Tausworthe::new(first + 3, false).stream();
    let seeds: Vec<u64> = (0..3).map(|_| next_seed(&mut stream)).collect();
    assert_eq!(seeds, [0x00a4_cc01_c509_543c, 0x88bb_0a8c_f6db_562e, 0x4198_14f3_ac04_92d0]);
}
