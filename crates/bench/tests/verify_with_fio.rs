//! fio and this crate prove each other's blocks. Without /usr/bin/fio there is nothing to compare with, and the tests say so.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::buffers::Pattern;
use bench::direction::Direction;
use bench::verify::{
    EarlierState, Expected, Failure, FailureKind, History, HistoryOrder, LoggedWrite, METHODS, Method, Proof, Verifier,
    VerifyBacklog, VerifySettings, WriteIdentity, state_file_name,
};

const FIO: &str = "/usr/bin/fio";
const BLOCKS: usize = 8;

/// The flags of a read that fio's psync engine has done.
const READ_FLAGS: u32 = 8;

/// How one file is proven.
struct Case {
    method: &'static Method,
    block_length: usize,
    interval: usize,
    header_offset: usize,
    pattern: Option<&'static str>,
}

impl Case {
    /// Every method in every layout that it can have.
    fn all() -> Vec<Self> {
        let layouts =
            [(4096, 4096, 0, None), (4096, 512, 0, None), (2048, 1024, 256, None), (4096, 4096, 0, Some("%o\"x\""))];
        let bare = ["0xdeadbeef", "%o\"block\"", "\"tide\"-7"];
        let mut cases = Vec::new();
        for method in METHODS {
            let patterns: Vec<_> = match method.proof {
                Proof::BarePattern => bare.iter().map(|pattern| (4096, 4096, 0, Some(*pattern))).collect(),
                Proof::HeaderAndPattern => {
                    vec![(4096, 4096, 0, Some("0xabc")), (4096, 512, 0, Some("%o\"y\""))]
                }
                _ => layouts.to_vec(),
            };
            cases.extend(patterns.into_iter().map(|(block_length, interval, header_offset, pattern)| Self {
                method,
                block_length,
                interval,
                header_offset,
                pattern,
            }));
        }
        cases
    }

    fn verifier(&self) -> Verifier {
        let parse = |text: &str| Pattern::parse(text, true, &mut |_| Ok(Vec::new())).expect("a pattern");
        Verifier::new(VerifySettings {
            method: self.method,
            interval: self.interval,
            header_offset: self.header_offset,
            unaligned_blocks: false,
            smallest_block: self.block_length,
            pattern: self.pattern.map(parse),
            pattern_interval: 0,
            compress_percentage: 0,
            buffer_pattern: None,
        })
        .expect("settings")
    }

    fn length(&self) -> usize {
        self.block_length * BLOCKS
    }

    /// Its section of a job file; the file and the job are named after its place in the list.
    fn section(&self, index: usize) -> String {
        let mut section = format!(
            "[job{index}]\nfilename=file{index}\nbs={}\nsize={}\nverify_interval={}\n",
            self.block_length,
            self.length(),
            self.interval
        );
        // fio 3.33 has no name for a header with a pattern: it is what a pattern without a method means.
        if !matches!(self.method.proof, Proof::HeaderAndPattern) {
            let _ = writeln!(section, "verify={}", self.method.name());
        }
        if self.header_offset != 0 {
            let _ = writeln!(section, "verify_offset={}", self.header_offset);
        }
        if let Some(pattern) = self.pattern {
            let _ = writeln!(section, "verify_pattern={pattern}");
        }
        section
    }

    fn name(&self) -> String {
        format!(
            "{} bs={} interval={} offset={}",
            self.method.name(),
            self.block_length,
            self.interval,
            self.header_offset
        )
    }

    /// Checks a whole file as a job that only reads does, or as the job that wrote it would.
    fn check(&self, content: &mut [u8], numbers: bool) -> Vec<Failure> {
        let verifier = self.verifier();
        let check = |(index, block): (usize, &mut [u8])| {
            let number = u16::try_from(index).ok().filter(|_| numbers);
            let expected = Expected { offset: (index * self.block_length) as u64, seed: None, number };
            verifier.check(block, &expected, false)
        };
        content.chunks_mut(self.block_length).enumerate().flat_map(check).collect()
    }
}

/// A directory of the test's own, emptied.
#[expect(clippy::print_stderr, reason = "a test without its oracle says that it compared nothing")]
fn directory(test: &str) -> Option<PathBuf> {
    if !Path::new(FIO).exists() {
        eprintln!("{FIO} is not there: nothing compared");
        return None;
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory");
    Some(directory)
}

/// Runs a job for each case and returns the error of each, and what was said on stderr.
fn run(directory: &Path, global: &str, cases: &[Case]) -> (Vec<u64>, String) {
    let mut jobs = format!("[global]\nioengine=psync\nthread=1\n{global}\n");
    cases.iter().enumerate().for_each(|(index, case)| jobs += &case.section(index));
    fs::write(directory.join("jobs"), jobs).expect("a job file");
    let output = Command::new(FIO)
        .current_dir(directory)
        .args(["--output-format=json", "--output=result", "jobs"])
        .output()
        .expect("fio runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let result = fs::read_to_string(directory.join("result")).expect("a result");
    let json = result.find('{').map_or("", |start| &result[start..]);
    let json: serde_json::Value =
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {result} {errors}"));
    let jobs = json["jobs"].as_array().expect("jobs");
    assert_eq!(jobs.len(), cases.len(), "{errors}");
    (jobs.iter().map(|job| job["error"].as_u64().expect("a number")).collect(), errors)
}

fn assert_errors(cases: &[Case], errors: &[u64], wanted: impl Fn(&Case) -> u64, said: &str) {
    for (case, error) in cases.iter().zip(errors) {
        assert_eq!(*error, wanted(case), "{}: {said}", case.name());
    }
}

fn read(directory: &Path, index: usize) -> Vec<u8> {
    fs::read(directory.join(format!("file{index}"))).expect("a file")
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

/// Turns one bit that the method protects: any one, or one of a header where the data is not.
fn turn_a_bit(case: &Case, content: &mut [u8], random: &mut Random) {
    let protects_data =
        !matches!(case.method.name(), "meta" | "sha512") || (case.method.name() == "meta" && case.pattern.is_some());
    let bit = if protects_data {
        random.below(content.len() * 8)
    } else {
        let unit = random.below(content.len() / case.interval);
        (unit * case.interval + case.header_offset) * 8 + random.below(40 * 8)
    };
    content[bit / 8] ^= 1 << (bit % 8);
}

#[test]
fn files_of_fio_are_proven_here_and_changed_ones_are_not() {
    let Some(directory) = directory("files_of_fio") else { return };
    let cases = Case::all();
    let (errors, said) = run(&directory, "rw=write\ndo_verify=0", &cases);
    assert_errors(&cases, &errors, |_| 0, &said);
    let seed = 0xf10_f10;
    let mut random = Random(seed);
    for (index, case) in cases.iter().enumerate() {
        let mut content = read(&directory, index);
        assert_eq!(content.len(), case.length(), "{}", case.name());
        assert_eq!(case.check(&mut content, true), [], "{}", case.name());
        if !matches!(case.method.proof, Proof::Nothing) {
            turn_a_bit(case, &mut content, &mut random);
            assert_eq!(case.check(&mut content, false).len(), 1, "seed {seed:#x}: {}", case.name());
        }
    }
}

#[test]
fn files_from_here_are_proven_by_fio_and_changed_ones_are_not() {
    let Some(directory) = directory("files_from_here") else { return };
    let (cases, seed) = (Case::all(), 0x7de_6a7e);
    let mut random = Random(seed);
    let mut contents: Vec<Vec<u8>> = cases.iter().map(|case| written(case, &mut random)).collect();
    let save = |contents: &[Vec<u8>]| {
        for (index, content) in contents.iter().enumerate() {
            fs::write(directory.join(format!("file{index}")), content).expect("a file");
        }
    };
    save(&contents);
    for global in ["rw=read", "rw=write\nverify_only=1"] {
        let (errors, said) = run(&directory, global, &cases);
        assert_errors(&cases, &errors, |_| 0, &said);
    }
    cases.iter().zip(&mut contents).for_each(|(case, content)| turn_a_bit(case, content, &mut random));
    save(&contents);
    // Without verify_fatal fio forgets a wrong interval when a right one follows; one job at a time keeps the lines whole.
    let (errors, said) = run(&directory, "rw=read\nverify_fatal=1\nstonewall", &cases);
    let wanted = |case: &Case| if matches!(case.method.proof, Proof::Nothing) { 0 } else { 84 };
    assert_errors(&cases, &errors, wanted, &said);
    let lines: BTreeSet<&str> = said.lines().collect();
    for (index, (case, content)) in cases.iter().zip(&mut contents).enumerate() {
        for failure in case.check(content, false) {
            says_the_same(&failure, &format!("file{index}"), &lines);
        }
    }
}

/// A file of [`BLOCKS`] blocks with seeds of its own.
fn written(case: &Case, random: &mut Random) -> Vec<u8> {
    let verifier = case.verifier();
    let mut content = vec![0; case.length()];
    for (index, block) in content.chunks_mut(case.block_length).enumerate() {
        let write = WriteIdentity {
            offset: (index * case.block_length) as u64,
            seed: if verifier.takes_seeds() { 1 + random.below(1 << 31) as u64 } else { 0 },
            seconds: 1,
            nanoseconds: 2,
            thread: 1,
            number: u16::try_from(index).expect("few"),
        };
        verifier.fill(block, &write);
    }
    content
}

/// Every line but our last one is a line of fio's.
fn says_the_same(failure: &Failure, file: &str, lines: &BTreeSet<&str>) {
    // Where fio names the offset of the block, and a length out of data, ours are right.
    let ours_differs = match failure.kind {
        FailureKind::Offset { .. } => failure.place.unit_start != 0,
        FailureKind::Pattern(_) => matches!(failure.method.proof, Proof::BarePattern),
        _ => false,
    };
    let text = failure.report(file, READ_FLAGS).to_string();
    let mut ours: Vec<&str> = text.lines().collect();
    ours.pop();
    if !ours_differs {
        assert!(ours.iter().all(|line| lines.contains(line)), "{ours:#?} is not in {lines:#?}");
    }
}

/// The I/O that fio logged, as direction, offset and length.
fn logged(log: &str) -> Vec<(Direction, u64, u32)> {
    let of_line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, _, action, offset, length] = words[..] else { return None };
        let direction = Direction::ALL.into_iter().find(|direction| direction.name() == action)?;
        Some((direction, offset.parse().ok()?, length.parse().ok()?))
    };
    log.lines().filter_map(of_line).collect()
}

/// The reads that the history asks for between and behind the writes of a log, with those writes.
fn replayed(
    log: &[(Direction, u64, u32)],
    order: HistoryOrder,
    mut backlog: Option<VerifyBacklog>,
) -> Vec<(Direction, u64, u32)> {
    let (mut history, mut story, mut last) = (History::new(), Vec::new(), Direction::Read);
    let read = |write: LoggedWrite| (Direction::Read, write.offset, write.length);
    for &(_, offset, length) in log.iter().filter(|(direction, ..)| *direction == Direction::Write) {
        while backlog.as_mut().is_some_and(|backlog| backlog.wants(history.len(), last)) {
            story.extend(history.take_next().map(read));
            backlog.as_mut().into_iter().for_each(VerifyBacklog::took);
            last = Direction::Read;
        }
        let id = history.record(order, &LoggedWrite { file: 0, offset, length, number: 0, trimmed: false });
        history.completed(id);
        story.push((Direction::Write, offset, length));
        last = Direction::Write;
    }
    story.extend(std::iter::from_fn(|| history.take_next()).map(read));
    story
}

#[test]
fn blocks_are_verified_in_the_order_of_fio() {
    let Some(directory) = directory("order_of_fio") else { return };
    let workloads: [(&[&str], HistoryOrder, Option<VerifyBacklog>); 5] = [
        (&["--rw=randwrite"], HistoryOrder::Issued, None),
        (&["--rw=randwrite", "--norandommap", "--bsrange=4k-16k"], HistoryOrder::Offset, None),
        (
            &["--rw=randwrite", "--verify_backlog=8", "--verify_backlog_batch=3"],
            HistoryOrder::Issued,
            Some(VerifyBacklog::new(8, 3)),
        ),
        (
            &["--rw=randwrite", "--norandommap", "--verify_backlog=5"],
            HistoryOrder::Offset,
            Some(VerifyBacklog::new(5, 0)),
        ),
        (&["--rw=write", "--verify_backlog=4"], HistoryOrder::Offset, Some(VerifyBacklog::new(4, 0))),
    ];
    for (index, (options, order, backlog)) in workloads.into_iter().enumerate() {
        let log = format!("log{index}");
        let output = Command::new(FIO)
            .current_dir(&directory)
            .args(["--name=x", "--ioengine=psync", "--size=512k", "--bs=4k", "--verify=crc32c"])
            .args([format!("--filename=file{index}"), format!("--write_iolog={log}")])
            .args(options)
            .output()
            .expect("fio runs");
        assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
        let fio = logged(&fs::read_to_string(directory.join(log)).expect("a log"));
        assert!(fio.len() > 64, "{options:?}");
        assert_eq!(replayed(&fio, order, backlog), fio, "{options:?}");
    }
}

/// What fio left of writes over each other: each block that the history still has is whole and of the write that it names.
#[test]
fn what_is_left_of_overlapping_writes_is_proven() {
    let Some(directory) = directory("overlapping") else { return };
    let workloads: [(&[&str], usize, bool); 4] = [
        (&["--bsrange=4k-16k", "--bs_unaligned=0"], 4096, false),
        (&["--bsrange=1k-9k", "--bs_unaligned=1"], 1024, true),
        (&["--bsrange=2k-16k", "--verify_interval=1k", "--loops=3"], 1024, false),
        (&["--bs=4k", "--io_size=4m"], 4096, false),
    ];
    for (index, (options, interval, unaligned_blocks)) in workloads.into_iter().enumerate() {
        let (log, file) = (format!("log{index}"), format!("file{index}"));
        let output = Command::new(FIO)
            .current_dir(&directory)
            .args(["--name=x", "--ioengine=psync", "--rw=randwrite", "--norandommap", "--size=512k"])
            .args(["--verify=crc32c", "--do_verify=0"])
            .args([format!("--filename={file}"), format!("--write_iolog={log}")])
            .args(options)
            .output()
            .expect("fio runs");
        assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
        let verifier = Verifier::new(VerifySettings {
            method: Method::named("crc32c").expect("a method"),
            interval,
            header_offset: 0,
            unaligned_blocks,
            smallest_block: interval,
            pattern: None,
            pattern_interval: 0,
            compress_percentage: 0,
            buffer_pattern: None,
        })
        .expect("settings");
        let mut history = History::new();
        for (number, (_, offset, length)) in
            logged(&fs::read_to_string(directory.join(log)).expect("a log")).into_iter().enumerate()
        {
            let number = u16::try_from(number % 65536).expect("below 65536");
            let write = LoggedWrite { file: 0, offset, length, number, trimmed: false };
            let id = history.record(HistoryOrder::Offset, &write);
            history.completed(id);
        }
        assert!(history.len() > 20, "{options:?}: {}", history.len());
        let mut content = fs::read(directory.join(file)).expect("a file");
        while let Some(LoggedWrite { offset, length, number, .. }) = history.take_next() {
            let start = usize::try_from(offset).expect("a small file");
            let expected = Expected { offset, seed: None, number: Some(number) };
            let block = &mut content[start..start + length as usize];
            assert_eq!(verifier.check(block, &expected, false), [], "{options:?}, block {offset}");
        }
    }
}

/// fio verifies with a state that was saved here, and says so when it is corrupt.
#[test]
fn fio_reads_our_state_files() {
    let Some(directory) = directory("state_files") else { return };
    let fio = |options: &[&str]| {
        let output = Command::new(FIO)
            .current_dir(&directory)
            .args(["--name=x", "--filename=file", "--ioengine=psync", "--size=64k", "--bs=4k", "--verify=crc32c"])
            .args(options)
            .output()
            .expect("fio runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(fio(&["--rw=randwrite", "--do_verify=0"]).0);
    let path = directory.join(state_file_name(None, "x", 0));
    let state = EarlierState::decode(&fs::read(&path).expect("a state")).expect("a state of fio");
    let EarlierState::Completed(state) = state else { panic!("{state:?}") };
    assert_eq!((state.writes, state.name.as_str()), (16, "x"));
    let mut bytes = state.encode();
    fs::write(&path, &bytes).expect("a file");
    let verify = ["--rw=randread", "--verify_state_load=1"];
    assert_eq!(fio(&verify), (true, String::new()));
    bytes[60] ^= 1;
    fs::write(&path, &bytes).expect("a file");
    let (good, said) = fio(&verify);
    assert!(!good && said.contains("verify state is corrupt"), "{said}");
}
