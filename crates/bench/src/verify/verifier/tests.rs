//! Blocks of fio, blocks of ours, and everything that can be wrong with one.

use sha2::{Digest as _, Sha256};

use super::*;
use crate::verify::method::header_checksum;
use crate::verify::{Damage, Diagnosis, Failure, FailureKind, METHODS};

mod block;

use block::FioBlock;

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn our_blocks_are_those_of_fio() {
    for fio in FioBlock::all() {
        let mut block = vec![0xa5; fio.length];
        fio.verifier().fill(&mut block, &fio.write());
        assert_eq!(hexadecimal(&Sha256::digest(&block)), fio.sha256, "{}", fio.line);
    }
}

#[test]
fn the_blocks_of_fio_are_proven() {
    for fio in FioBlock::all() {
        let mut block = fio.content();
        let before = block.clone();
        let write = fio.write();
        let expected = Expected { offset: write.offset, seed: Some(write.seed), number: Some(write.number) };
        assert_eq!(fio.verifier().check(&mut block, &expected, false), [], "{}", fio.line);
        assert_eq!(block, before, "the check leaves the block as it was: {}", fio.line);
    }
}

/// A method's block has bytes that it says nothing about: those of `meta`, and the middle of `sha512`.
fn is_protected(fio: &FioBlock, at: usize) -> bool {
    let unit_length = fio.interval;
    let at = at % unit_length;
    // Where the byte stands when the header is at the front.
    let (header, offset) = (fio.verifier().settings().method.header_length(), fio.header_offset);
    let front = if offset == 0 {
        at
    } else if at < header {
        at + offset
    } else if (offset..offset + header).contains(&at) {
        at - offset
    } else {
        at
    };
    match fio.method.as_str() {
        "meta" if fio.pattern.is_none() => front < header,
        "sha512" => {
            let data_length = unit_length - header;
            let (tail, data_at) = (data_length % 128, front.wrapping_sub(header));
            front < header || (data_at >= tail && data_at < 128) || data_at >= data_length - tail
        }
        _ => true,
    }
}

#[test]
fn every_changed_bit_is_found() {
    let seed = 0x0b17_f11b_u64;
    let mut state = seed;
    for fio in FioBlock::all() {
        let verifier = fio.verifier();
        let (write, content) = (fio.write(), fio.content());
        let expected = Expected { offset: write.offset, seed: None, number: None };
        for round in 0..40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let bit = usize::try_from(state >> 33).expect("31 bits") % (fio.length * 8);
            let mut changed = content.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let found = verifier.check(&mut changed, &expected, false);
            assert_eq!(
                found.len(),
                usize::from(is_protected(&fio, bit / 8)),
                "seed {seed:#x}, round {round}, bit {bit}: {}",
                fio.line
            );
        }
    }
}

fn crc32c(interval: usize) -> Verifier {
    let line = FioBlock::all().into_iter().find(|fio| fio.method == "crc32c").expect("a line");
    Verifier::new(VerifySettings { interval, ..line.settings() }).expect("settings")
}

const WRITE: WriteIdentity =
    WriteIdentity { offset: 8192, seed: 77, seconds: 3, nanoseconds: 14, thread: 2, number: 9 };
const EXPECTED: Expected = Expected { offset: 8192, seed: None, number: Some(9) };

fn filled(write: &WriteIdentity) -> Vec<u8> {
    let mut block = vec![0; 4096];
    crc32c(4096).fill(&mut block, write);
    block
}

fn only(block: &mut [u8], expected: &Expected) -> Failure {
    let mut found = crc32c(4096).check(block, expected, false);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn report(failure: &Failure) -> String {
    failure.report("file", 8).to_string()
}

#[test]
fn a_lost_write() {
    let failure = only(&mut [0; 4096], &EXPECTED);
    assert_eq!(failure.diagnosis, Diagnosis::Lost);
    assert_eq!(
        report(&failure),
        "verify: bad magic header 0, wanted acca at file file offset 8192, length 4096 (requested block: offset=8192, \
         length=4096)\n       lost: only zeroes, the write never arrived or was trimmed\n"
    );
}

#[test]
fn a_stale_write() {
    let older = WriteIdentity { number: 4, ..WRITE };
    let failure = only(&mut filled(&older), &EXPECTED);
    assert_eq!(failure.kind, FailureKind::Number { found: 4, wanted: 9 });
    assert_eq!(failure.diagnosis, Diagnosis::Stale { found: older, wanted: Some(9) });
    assert_eq!(
        report(&failure),
        "verify: bad header numberio 4, wanted 9 at file file offset 8192, length 4096 (requested block: offset=8192, \
         length=4096)\n       stale: holds write 4 of job 2 to offset 8192, begun at 3.000000014 s; write 9 of it should be here\n"
    );
    let failure = only(&mut filled(&older), &Expected { offset: 8192, seed: Some(78), number: None });
    assert_eq!(failure.kind, FailureKind::Seed { found: 77, wanted: 78 });
    assert_eq!(failure.diagnosis, Diagnosis::Stale { found: older, wanted: None });
}

#[test]
fn a_misdirected_write() {
    let other = WriteIdentity { offset: 4096, thread: 1, ..WRITE };
    let failure = only(&mut filled(&other), &EXPECTED);
    assert_eq!(failure.kind, FailureKind::Offset { found: 4096, wanted: 8192 });
    assert_eq!(failure.diagnosis, Diagnosis::Misdirected { found: other, at: 0 });
    assert_eq!(
        report(&failure),
        "verify: bad header offset 4096, wanted 8192 at file file offset 8192, length 4096 (requested block: offset=8192, \
         length=4096)\n       misdirected: holds write 9 of job 1 to offset 4096, begun at 3.000000014 s\n"
    );
}

#[test]
fn a_misdirected_write_inside_a_block() {
    let other = WriteIdentity { offset: 512, ..WRITE };
    let mut small = vec![0; 512];
    crc32c(512).fill(&mut small, &other);
    let mut block = filled(&WRITE);
    block[1024..1536].copy_from_slice(&small);
    let failure = only(&mut block, &EXPECTED);
    assert_eq!(failure.diagnosis, Diagnosis::Misdirected { found: other, at: 1024 });
}

#[test]
fn a_write_of_another_length() {
    let mut block = vec![0; 4096];
    crc32c(1024).fill(&mut block, &WRITE);
    let failure = only(&mut block, &EXPECTED);
    assert_eq!(failure.kind, FailureKind::Length { found: 1024, wanted: 4096 });
    assert_eq!(failure.diagnosis, Diagnosis::OtherLength { found: WRITE, length: 1024 });
}

#[test]
fn a_torn_write() {
    let mut block = filled(&WRITE);
    block[3072..].fill(0);
    let failure = only(&mut block, &EXPECTED);
    let Diagnosis::Changed(Some(Damage { first: 3072, last: 4095, zeroes: true, torn: true, .. })) = failure.diagnosis
    else {
        panic!("{:?}", failure.diagnosis)
    };
    let FailureKind::Digest { stored, calculated } = &failure.kind else { panic!("{:?}", failure.kind) };
    assert_eq!(
        report(&failure).lines().take(3).collect::<Vec<_>>(),
        [
            "crc32c: verify failed at file file offset 8192, length 4096 (requested block: offset=8192, length=4096, flags=8)",
            &format!("       Expected CRC: {}", hexadecimal(stored)),
            &format!("       Received CRC: {}", hexadecimal(calculated)),
        ]
    );
}

#[test]
fn sectors_of_an_older_write_at_either_end_are_a_torn_write() {
    let (new, old) = (filled(&WRITE), filled(&WriteIdentity { seed: 78, ..WRITE }));
    for (range, torn) in [(512..4096, true), (2048..4096, true), (1000..4096, false), (1024..2048, false)] {
        let mut block = new.clone();
        block[range.clone()].copy_from_slice(&old[range.clone()]);
        let failure = only(&mut block, &EXPECTED);
        let word = if torn { "torn" } else { "changed" };
        assert!(report(&failure).lines().any(|line| line.starts_with(&format!("       {word}: "))), "{range:?}");
    }
    // The header is of the older write, which is what should be here where nothing else is known.
    let mut block = new.clone();
    block[..2048].copy_from_slice(&old[..2048]);
    let failure = only(&mut block, &Expected { seed: None, number: None, ..EXPECTED });
    assert!(report(&failure).contains("       torn: "), "{}", report(&failure));
}

#[test]
fn a_changed_byte_is_named() {
    let mut block = filled(&WRITE);
    block[2000] ^= 1;
    let failure = only(&mut block, &EXPECTED);
    assert_eq!(
        failure.diagnosis,
        Diagnosis::Changed(Some(Damage { first: 2000, last: 2000, count: 1, zeroes: false, torn: false }))
    );
    assert!(report(&failure).ends_with("       changed: byte 2000 is not what was written\n"));
}

#[test]
fn a_damaged_header_is_no_misdirected_write() {
    for at in 0..40 {
        let mut block = filled(&WRITE);
        block[at] ^= 1;
        assert!(matches!(only(&mut block, &EXPECTED).diagnosis, Diagnosis::Changed(_)), "byte {at}");
    }
}

#[test]
fn a_block_of_a_later_fio_is_told_as_that() {
    let mut block = filled(&WRITE);
    block[3] = block[2];
    block[2] = 0x81;
    let checksum = header_checksum(&block[..44]).to_le_bytes();
    block[44..48].copy_from_slice(&checksum);
    let failure = only(&mut block, &EXPECTED);
    assert_eq!(failure.diagnosis, Diagnosis::OtherVersion { version: 0x81 });
    assert!(report(&failure).contains("other version: written by fio 3.41 or later"), "{}", report(&failure));
}

#[test]
fn something_else_in_the_place() {
    assert_eq!(only(&mut [0x5a; 4096], &EXPECTED).diagnosis, Diagnosis::Foreign);
}

#[test]
fn a_wrong_interval_counts_and_the_others_are_looked_at() {
    let verifier = crc32c(1024);
    let mut block = vec![0; 4096];
    verifier.fill(&mut block, &WRITE);
    block[1500] ^= 1;
    block[3500] ^= 1;
    let offsets = |first_only| {
        let failures = verifier.check(&mut block.clone(), &EXPECTED, first_only);
        failures.iter().map(|failure| failure.place.unit_offset()).collect::<Vec<_>>()
    };
    assert_eq!(offsets(false), [8192 + 1024, 8192 + 3072]);
    assert_eq!(offsets(true), [8192 + 1024]);
    // A wrong header ends the check of its block.
    block[2048] ^= 1;
    let failures = verifier.check(&mut block, &EXPECTED, false);
    assert_eq!(failures.len(), 2);
    assert!(failures[1].kind.is_header());
}

#[test]
fn a_wrong_pattern_names_the_byte() {
    let fio = FioBlock::all().into_iter().find(|fio| fio.method == "pattern_hdr").expect("a line");
    let mut block = fio.content();
    block[100] ^= 0x11;
    let (found, wanted) = (block[100], block[100] ^ 0x11);
    let expected = Expected { offset: fio.offset, seed: None, number: None };
    let failures = fio.verifier().check(&mut block, &expected, false);
    assert_eq!(failures[0].kind, FailureKind::Pattern(PatternDifference { at: 100, found, wanted }));
    let text = report(&failures[0]);
    assert!(
        text.starts_with(&format!(
            "fio: got pattern '{found:02x}', wanted '{wanted:02x}'. Bad bits 2\nfio: bad pattern block offset 60\n\
             pattern: verify failed at file file offset 8192, length 4096"
        )),
        "{text}"
    );
}

#[test]
fn a_misdirected_block_without_a_header() {
    let fio = FioBlock::all().into_iter().find(|fio| fio.method == "pattern" && fio.line.contains("%o"));
    let fio = fio.expect("a line");
    let mut block = fio.content();
    let expected = Expected { offset: 4096, seed: None, number: None };
    let failures = fio.verifier().check(&mut block, &expected, false);
    assert_eq!(failures[0].diagnosis, Diagnosis::OtherPlace { offset: 8192 });
    assert!(report(&failures[0]).ends_with("       misdirected: holds the block of offset 8192\n"));
    block[4095] ^= 1;
    let failures = fio.verifier().check(&mut block, &expected, false);
    assert!(matches!(failures[0].diagnosis, Diagnosis::Changed(Some(_))));
    block.iter_mut().for_each(|byte| *byte = !*byte);
    let failures = fio.verifier().check(&mut block, &expected, false);
    assert_eq!(failures[0].diagnosis, Diagnosis::Foreign, "none of its bytes is of the pattern");
}

#[test]
fn a_block_of_another_method_is_named() {
    let mut block = filled(&WRITE);
    let sha1 = VerifySettings { method: Method::named("sha1").expect("a method"), ..crc32c(4096).settings().clone() };
    let failures = Verifier::new(sha1).expect("settings").check(&mut block, &EXPECTED, false);
    let text = report(&failures[0]);
    assert!(text.contains("\nfio: verify type mismatch (5 media, 16 given)\n"), "{text}");
}

#[test]
fn a_pattern_may_begin_anew_within_a_block() {
    let pattern = Pattern::parse("%o", true, &mut |_| Ok(Vec::new())).expect("a pattern");
    let settings = VerifySettings {
        method: Method::named("pattern").expect("a method"),
        pattern: Some(pattern),
        pattern_interval: 512,
        ..crc32c(4096).settings().clone()
    };
    let verifier = Verifier::new(settings).expect("settings");
    let mut block = vec![0; 4096];
    verifier.fill(&mut block, &WRITE);
    for (index, sector) in block.chunks(512).enumerate() {
        assert_eq!(sector[504..], (8192 + 512 * index as u64).to_le_bytes());
    }
    assert_eq!(verifier.check(&mut block, &EXPECTED, false), []);
    block[1030] ^= 4;
    let failures = verifier.check(&mut block, &EXPECTED, false);
    assert!(matches!(failures[..], [Failure { kind: FailureKind::Pattern(PatternDifference { at: 1030, .. }), .. }]));
}

#[test]
fn dumps_have_the_names_of_fio() {
    let mut block = filled(&WRITE);
    block[2000] ^= 1;
    let failure = only(&mut block, &EXPECTED);
    let names = |failure: &Failure, aux_path| {
        failure.dumps().iter().map(|&kind| failure.dump_name(kind, aux_path, "/dev/sda")).collect::<Vec<_>>()
    };
    assert_eq!(names(&failure, None), ["sda.8192.received", "sda.8192.expected"]);
    assert_eq!(crc32c(4096).expected_unit(&failure, &WRITE), filled(&WRITE));
    let failure = only(&mut [0; 4096], &EXPECTED);
    assert_eq!(names(&failure, Some("aux")), ["aux/sda.8192.hdr_fail"]);
}

#[test]
fn null_touches_nothing() {
    let null = VerifySettings { method: Method::named("null").expect("a method"), ..crc32c(4096).settings().clone() };
    let verifier = Verifier::new(null).expect("settings");
    let mut block = [0x5a; 512];
    verifier.fill(&mut block, &WRITE);
    assert_eq!((block, verifier.check(&mut block, &EXPECTED, false)), ([0x5a; 512], Vec::new()));
    assert!(!verifier.takes_seeds());
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    /// Settings of any method, interval and place of the header.
    fn verifier(&mut self) -> Verifier {
        let method = METHODS[self.below(METHODS.len())];
        let header = method.header_length();
        let interval = header + 1 + self.below(900);
        let room = interval - header;
        let header_offset = if room > header { [0, header + self.below(room - header)][self.below(2)] } else { 0 };
        let pattern = Pattern::parse("%o\"x\"0x1234", true, &mut |_| Ok(Vec::new())).ok();
        let pattern = pattern.filter(|_| self.below(3) == 0);
        let needs_pattern = matches!(method.proof, Proof::BarePattern | Proof::HeaderAndPattern);
        Verifier::new(VerifySettings {
            method,
            interval,
            header_offset,
            unaligned_blocks: self.below(4) == 0,
            smallest_block: interval,
            pattern: if needs_pattern { Pattern::from_bytes(b"tidegate").ok() } else { pattern },
            pattern_interval: [0, 1 + self.below(300)][self.below(2)],
            compress_percentage: [0, 30, 100][self.below(3)],
            buffer_pattern: None,
        })
        .unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Blocks of any method, length, interval and place of the header are proven, and none at another place is.
#[test]
fn what_is_filled_is_proven() {
    let seed = 0x7157_ed00_u64;
    let mut random = Random(seed);
    for round in 0..2000 {
        let verifier = random.verifier();
        let interval = verifier.settings().interval;
        let mut block = vec![0; interval * (1 + random.below(4)) + random.below(50)];
        let write = WriteIdentity { seed: random.below(1 << 30) as u64, ..WRITE };
        verifier.fill(&mut block, &write);
        let expected = Expected { offset: write.offset, seed: Some(write.seed), number: Some(write.number) };
        assert_eq!(verifier.check(&mut block, &expected, false), [], "seed {seed:#x}, round {round}");
        if verifier.settings().method.header_length() > 0 {
            let other = Expected { offset: write.offset + 1, ..expected };
            assert_ne!(verifier.check(&mut block, &other, false), [], "seed {seed:#x}, round {round}");
        }
    }
}

/// A device may return anything, headers of any method and length with it: the check answers, and its words can be said.
#[test]
fn whatever_is_read_is_answered() {
    let seed = 0xdeb1_ce00_u64;
    let mut random = Random(seed);
    for round in 0..2000 {
        let verifier = random.verifier();
        let mut block = vec![0; verifier.settings().interval * 2];
        block.fill_with(|| random.below(256).to_le_bytes()[0]);
        if random.below(4) > 0 {
            let code = u16::try_from(random.below(24)).expect("small");
            let length = [block.len() / 2, random.below(1 << 20)][random.below(2)];
            let header = Header::new(code, u32::try_from(length).expect("small"), &WRITE);
            let at = verifier.settings().header_offset;
            let room = block.len().saturating_sub(at).min(40);
            block[at..at + room].copy_from_slice(&header.as_bytes()[..room]);
        }
        let before = block.clone();
        let failures = verifier.check(&mut block, &EXPECTED, random.below(2) == 0);
        let checks = !matches!(verifier.settings().method.name(), "null" | "meta");
        assert!(!failures.is_empty() || !checks, "seed {seed:#x}, round {round}");
        assert_eq!(block, before, "seed {seed:#x}, round {round}");
        for failure in &failures {
            assert!(report(failure).lines().count() >= 2, "seed {seed:#x}, round {round}");
            assert_eq!(verifier.expected_unit(failure, &WRITE).len(), failure.place.unit_length);
        }
    }
}
