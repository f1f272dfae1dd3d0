//! Job files, with files and environment made up.

use std::collections::HashMap;
use std::io;

use super::*;
use crate::options::JobOptions;

/// Files and variables of a test.
#[derive(Default)]
struct Fake {
    files: HashMap<PathBuf, Vec<u8>>,
    variables: HashMap<&'static str, &'static str>,
}

impl Fake {
    fn with(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec())).collect();
        Self { files, variables: HashMap::new() }
    }
}

impl System for Fake {
    fn read(&mut self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let bytes = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes[..bytes.len().min(limit)].to_vec())
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn page_size(&self) -> u64 {
        4096
    }

    fn memory_mib(&self) -> u64 {
        2048
    }

    fn cpus(&self) -> u64 {
        2
    }
}

fn sections(system: &mut Fake) -> Result<Vec<(String, Vec<String>)>, String> {
    let sections = read(Path::new("jobs.fio"), system, |name| name != "unwanted").map_err(|error| error.to_string())?;
    let texts = |section: RawSection| section.assignments.into_iter().map(|line| line.text).collect();
    Ok(sections.into_iter().map(|section| (section.name.clone(), texts(section))).collect())
}

fn of(text: &str) -> Result<Vec<(String, Vec<String>)>, String> {
    sections(&mut Fake::with(&[("jobs.fio", text)]))
}

fn owned(expected: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    expected.iter().map(|(name, texts)| ((*name).to_owned(), lines(texts))).collect()
}

#[test]
fn comments_and_blanks_are_not_part_of_anything() {
    let text = "; first\n\n  [global] # all\r\n\tbs = 4k  ; size\r\n#x\nrw=read#y\n[a;b]\n[ c ]\nthread\n[unwanted]\nbs=1\n[c]";
    let error = of(text).unwrap_err();
    assert_eq!(error, "jobs.fio:7: \"[a\" is not a section: it ends without ]");
    let text = text.replace("[a;b]\n", "");
    let expected: &[(&str, &[&str])] = &[("global", &["bs = 4k", "rw=read"]), (" c ", &["thread"]), ("c", &[])];
    assert_eq!(of(&text), Ok(owned(expected)));
}

#[test]
fn included_files_are_options_of_the_section() {
    let mut system = Fake::with(&[
        ("jobs.fio", "[a]\ninclude common/one.fio\nrw=write\n[b]\ninclude two.fio"),
        ("common/one.fio", "bs=8k\ninclude two.fio\niodepth=4"),
        ("common/two.fio", "; beside the file that includes it\nsize=1m"),
        ("two.fio", "size=2m"),
    ]);
    let expected: &[(&str, &[&str])] = &[("a", &["bs=8k", "size=2m", "iodepth=4", "rw=write"]), ("b", &["size=2m"])];
    assert_eq!(sections(&mut system), Ok(owned(expected)));
    system.files.remove(Path::new("two.fio"));
    system.files.insert(PathBuf::from("jobs.fio"), b"[a]\ninclude common/one.fio".to_vec());
    let expected: &[(&str, &[&str])] = &[("a", &["bs=8k", "size=1m", "iodepth=4"])];
    assert_eq!(sections(&mut system), Ok(owned(expected)), "beside the file that includes it");
}

#[test]
fn a_file_for_elsewhere_needs_nothing_of_here() {
    let mut system = Fake::with(&[
        ("jobs.fio", "; all\n[global]\ninclude more.fio\n[a]\nfilename=${TARGET} # here\nnumjobs=$ncpus\n[b]\n"),
        ("more.fio", "bs=4k\n"),
    ]);
    system.variables.insert("TARGET", "/dev/x");
    let text = self_contained(Path::new("jobs.fio"), &mut system).unwrap();
    assert_eq!(text, "[global]\nbs=4k\n[a]\nfilename=/dev/x\nnumjobs=$ncpus\n[b]\n");
}

#[test]
fn files_that_are_not_of_the_form_are_refused_with_their_place() {
    for (text, error) in [
        (
            "bs=4k\n[a]",
            "jobs.fio:1: \"bs=4k\" stands before the first section; put [global] or [NAME OF A JOB] above it",
        ),
        ("[a]\n\n[b", "jobs.fio:3: \"[b\" is not a section: it ends without ]"),
        (
            "[a]\ninclude jobs.fio",
            "jobs.fio:1: \"[a]\" starts a section; an included file has only options of the section that includes it",
        ),
        ("[a]\ninclude none.fio", "jobs.fio:2: [a]: cannot read none.fio: entity not found"),
    ] {
        assert_eq!(of(text), Err(error.to_owned()), "{text}");
    }
    let mut system = Fake::with(&[("jobs.fio", "[a]\ninclude loop.fio"), ("loop.fio", "include loop.fio")]);
    assert_eq!(sections(&mut system), Err("loop.fio:1: [a]: files are included more than 16 deep".to_owned()));
    let mut system = Fake::default();
    system.files.insert(PathBuf::from("jobs.fio"), vec![b'[', 0xff, b']']);
    assert_eq!(sections(&mut system), Err("jobs.fio: jobs.fio is not UTF-8 text".to_owned()));
    let long = format!("[a]\nfilename={}", "x".repeat(LINE_BYTES_MAX));
    assert_eq!(of(&long), Err("jobs.fio:2: the line has more than 8192 bytes".to_owned()));
    let large = " \n".repeat(FILE_BYTES_MAX / 2 + 1);
    let error = "jobs.fio: with what it includes, the job file has more than 16777216 bytes";
    assert_eq!(of(&large), Err(error.to_owned()));
}

#[test]
fn variables_and_keywords_are_replaced() {
    let mut system = Fake::default();
    system.variables.insert("BS", "8k");
    // Those with a keyword are as fio 3.33 lists them with --showcmd.
    for (line, expected) in [
        ("bs=${BS}", "bs=8k"),
        ("bs=${NONE}4k", "bs=4k"),
        ("bs=${BS", "bs=${BS"),
        ("bs=$BS", "bs=$BS"),
        ("size=4*$pagesize", "size=16384"),
        ("size=$pagesize", "size=4096"),
        ("size=$mb_memory/3", "size=682"),
        ("numjobs=($ncpus+1)*2", "numjobs=6"),
        ("size=10*$ncpus%3", "size=2"),
        ("filename=/tmp/$ncpus", "filename=/tmp/2"),
        ("hugepage-size=$pagesize", "hugepage-size=4096"),
        ("bsrange=$pagesize-64k", "bsrange=4096-64k"),
    ] {
        assert_eq!(substitution::substitute(line, &system), expected, "{line}");
    }
}

#[test]
fn options_are_applied_and_listed_in_the_order_of_fio() {
    let lines = ["bs = 4k", "filename=/tmp/xx", "hipri", "kb_base=1000", "ioengine=io_uring", "blocksize=,8k"];
    let assignments = lines.map(|line| Assignment { text: line.to_owned(), place: Place::default() });
    let mut options = JobOptions::default();
    let listed = apply_all(&mut options, &assignments, &Fake::default()).unwrap();
    let listed: Vec<_> = listed.iter().map(|listed| (listed.name, listed.value.as_deref())).collect();
    // `fio --showcmd` of 3.33 has them in this order.
    let expected = [
        ("kb_base", Some("1000")),
        ("bs", Some(" 4k")),
        ("ioengine", Some("io_uring")),
        ("bs", Some(",8k")),
        ("filename", Some("/tmp/xx")),
        ("hipri", None),
    ];
    assert_eq!(listed, expected);
    assert_eq!(options.block_size.bs.0, [4000, 8000, 8000]);
    assert!(options.io_uring.hipri);
    assert!(options.is_set("bs") && !options.is_set("ba"));
}

#[test]
fn what_is_no_option_is_refused_with_the_nearest() {
    for (line, error) in [
        ("blocksise=4k", "command line: there is no option blocksise; did you mean blocksize?"),
        ("hipri", "command line: hipri is an option of pvsync2, io_uring, sg; the engine here is psync"),
        (
            "bs=4x",
            "command line: bs=4x: \"4x\" is not READ[,WRITE[,TRIM]], whole numbers, each with a unit k, m, g, t or p if need be",
        ),
        ("iodepth=0", "command line: iodepth=0: 0 is outside of 1 to 4294967295"),
        (
            "rw=raed",
            "command line: rw=raed: \"raed\" is none of read, write, trim, randread, randwrite, randtrim, rw, readwrite, randrw, trimwrite, randtrimwrite; did you mean read?",
        ),
        ("zonemode=zbd", "command line: zonemode=zbd: the option is not supported here: zoned devices come later"),
        ("ioengine=http", "command line: ioengine=http: there is no engine http here: engines for networks come later"),
        ("size", "command line: size: it needs a value: a size, with a unit k, m, g, t or p if need be, or 0% to 100%"),
        ("%%%=1", "command line: there is no option %%%"),
    ] {
        let assignment = Assignment { text: line.to_owned(), place: Place::default() };
        let result = apply_all(&mut JobOptions::default(), &[assignment], &Fake::default());
        assert_eq!(result.unwrap_err().to_string(), error);
    }
}
