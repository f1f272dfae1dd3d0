//! Command lines, with job files made up.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::job_file::STANDARD_INPUT;
use crate::options::io_type::Workload;
use crate::run::IdleProfile;

/// Job files of a test.
pub(super) struct Files(pub(super) HashMap<PathBuf, String>);

impl Files {
    fn with(files: &[(&str, &'static str)]) -> Self {
        Self(files.iter().map(|(name, text)| (PathBuf::from(name), (*text).to_owned())).collect())
    }
}

impl System for Files {
    fn read(&mut self, path: &Path, _: usize) -> io::Result<Vec<u8>> {
        self.0.get(path).map(|text| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn page_size(&self) -> u64 {
        4096
    }

    fn memory_mib(&self) -> u64 {
        1024
    }

    fn cpus(&self) -> u64 {
        2
    }
}

fn with_files(line: &str, files: &[(&str, &'static str)]) -> Result<Outcome, String> {
    let arguments = line.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect();
    parse(arguments, &mut Files::with(files)).map_err(|error| error.to_string())
}

fn run(line: &str, files: &[(&str, &'static str)]) -> Invocation {
    match with_files(line, files) {
        Ok(Outcome::Run(invocation)) => *invocation,
        other => panic!("{line}: {other:?}"),
    }
}

fn answer(line: &str) -> String {
    match with_files(line, &[]) {
        Ok(Outcome::Answer(text)) => text,
        other => panic!("{line}: {other:?}"),
    }
}

fn names(invocation: &Invocation) -> Vec<&str> {
    invocation.jobs.iter().map(|job| job.name.as_str()).collect()
}

fn listed(list: &[Listed]) -> Vec<String> {
    let text = |listed: &Listed| match &listed.value {
        Some(value) => format!("{}={value}", listed.name),
        None => listed.name.to_owned(),
    };
    list.iter().map(text).collect()
}

#[test]
fn a_name_starts_a_job_and_what_is_before_is_for_all() {
    let line = "--ioengine=null --bs=8k --name=a --rw=write --name b --rw randread --thread -iodepth=4";
    let invocation = run(line, &[]);
    assert_eq!(names(&invocation), ["a", "b"]);
    let [a, b] = &invocation.jobs[..] else { panic!() };
    assert_eq!(a.options.io_type.rw, Workload::Write);
    assert_eq!((a.options.block_size.bs.0, a.options.io_depth.iodepth), ([8192; 3], 1));
    assert_eq!(b.options.io_type.rw, Workload::RandomRead);
    assert!(b.options.threads.thread && !a.options.threads.thread);
    assert_eq!(b.options.io_depth.iodepth, 4);
    // fio 3.33 --output-format=json lists the name of a job of the command line, too.
    assert_eq!(listed(&invocation.global_listed), ["ioengine=null", "bs=8k"]);
    assert_eq!(listed(&a.listed), ["name=a", "rw=write"]);
    assert_eq!(listed(&b.listed), ["name=b", "rw=randread", "thread", "iodepth=4"]);
    assert_eq!(b.options.description.name.as_deref(), Some("b"));
}

#[test]
fn command_line_and_files_mix() {
    let one = "[global]\nsize=1m\n[x]\nrw=read\n[globalist]\nbs=1k\n[y]\nname=other\n";
    let two = "[z]\nstonewall=0\n[x]\nbs=2k\n";
    let files = [("one.fio", one), ("two.fio", two)];
    let invocation = run("one.fio --iodepth=3 --name=cmd two.fio --bs=512", &files);
    assert_eq!(names(&invocation), ["cmd", "x", "y", "z", "x"]);
    let [cmd, x, y, z, again] = &invocation.jobs[..] else { panic!() };
    assert_eq!((cmd.options.block_size.bs.0[0], cmd.options.io_depth.iodepth), (512, 3));
    assert_eq!((x.options.block_size.bs.0[0], x.options.io_depth.iodepth), (4096, 3));
    assert_eq!((y.options.block_size.bs.0[0], y.options.io_depth.iodepth), (1024, 3));
    assert_eq!((again.options.block_size.bs.0[0], again.options.io_depth.iodepth), (2048, 1));
    assert_eq!(y.options.description.name.as_deref(), Some("other"));
    assert!(!x.options.threads.stonewall && !again.options.threads.stonewall);
    assert!(!z.options.threads.stonewall, "the job can say that it does not wait");
    assert!(invocation.global_listed.is_empty(), "those of the last file");
    let invocation = run("one.fio two.fio --section=x", &files);
    assert_eq!(names(&invocation), ["x", "x"]);
    assert_eq!(invocation.jobs.iter().map(|job| job.options.threads.stonewall).collect::<Vec<_>>(), [false, true]);
    assert_eq!(invocation.jobs[1].place.to_string(), "two.fio:3: [x]");
    let invocation = run("--section y --name=x --bs=8k --name=y --iodepth=2", &[]);
    assert_eq!(names(&invocation), ["y"]);
    assert_eq!(invocation.jobs[0].options.block_size.bs.0[0], 4096, "options of a job that is not run are of no other");
    assert_eq!(names(&run("-", &[(STANDARD_INPUT, "[in]\n")])), ["in"]);
    assert_eq!(names(&run("--name=a -- --odd.fio", &[("--odd.fio", "[odd]\n")])), ["a", "odd"]);
}

#[test]
fn options_of_an_engine_follow_the_engine() {
    let invocation =
        run("--ioengine=io_uring --hipri --name=a --sqthread_poll=1 --name=b --ioengine=libaio --userspace_reap", &[]);
    assert!(invocation.jobs[0].options.io_uring.hipri && invocation.jobs[0].options.io_uring.sqthread_poll);
    assert!(invocation.jobs[1].options.libaio.userspace_reap);
    let error = with_files("--name=a --hipri --ioengine=io_uring", &[]).unwrap_err();
    assert_eq!(error, "command line: [a]: hipri is an option of pvsync2, io_uring, sg; the engine here is psync");
}

#[test]
fn names_can_be_cut_short_and_words_have_letters() {
    let invocation = run("--numj=4 -name=a -mr -oout -F json,normal -readw write", &[]);
    assert_eq!(invocation.jobs[0].options.description.numjobs, 4, "what is before the first name is for all");
    let invocation = run("-name=a --numj=4 -mr -oout -F json,normal -readw write", &[]);
    let [job] = &invocation.jobs[..] else { panic!() };
    assert_eq!((job.options.description.numjobs, job.options.io_type.rw), (4, Workload::Write));
    assert!(invocation.general.readonly);
    assert_eq!(invocation.general.output, Some("out".into()));
    assert!(invocation.general.output_formats.json && invocation.general.output_formats.normal);
}

#[test]
fn ambiguous_and_unknown_names_are_refused() {
    for (line, error) in [
        ("--io=null", "--io is short for more than one option: "),
        ("--foo=1", "there is no option foo"),
        ("--outptu=x", "there is no option outptu; did you mean output?"),
        ("--blocksise=4k", "there is no option blocksise; did you mean blocksize?"),
        ("--name=a --bs", "bs: it needs a value"),
        ("--name=a --bs=", "bs=: it needs a value"),
        ("--name=a --thread=x", "thread=x: \"x\" is not 0, 1, or nothing, which is 1"),
        ("--minimal=1", "--minimal: \"1\" is not taken: the option has no value"),
        ("-zz", "there is no option zz"),
        ("--server", "a worker's command line has --server, written out"),
        ("--debug=io,job", "--debug: \"job\" is not job:NUMBER, from 0"),
        ("--debug=io:1", "--debug: one job is chosen by a word of its own: io,job:0"),
        ("--name=a --size=2*1g+4k", "100%; to have it calculated, write (2*1g+4k)"),
        ("--name=a --bs=4k,2*4k", "if need be; to have it calculated, write (2*4k)"),
        ("--name=a --runtime=2*30", "follows; to have it calculated, write (2*30)"),
        ("--name=a --iodepth=2*4", "if need be; to have it calculated, write (2*4)"),
        ("--name=a --thinktime=2*4ms", "follows; to have it calculated, write (2*4ms)"),
        ("--name=a --startdelay=1-2*3s", "follows; to have it calculated, write (2*3s)"),
        ("--trigger-timeout=x", "--trigger-timeout: \"x\" is not a time"),
        ("--inflate-log=/dev/null/x", "--inflate-log: cannot read /dev/null/x: Not a directory"),
        ("--idle-prof=all", "--idle-prof: \"all\" is not system, percpu or calibrate"),
        ("--terse-version=6", "--terse-version: \"6\" is not a version of the terse form, 2 to 5"),
        ("--eta-interval=100ms", "--eta-interval: 100ms is outside of 250 ms to any time"),
        (
            "--output-format=jsn",
            "--output-format: \"jsn\" is none of normal, terse, minimal, csv, json, json+; did you mean json?",
        ),
        ("--section=global", "--section: global sections count for all jobs; name a job"),
        ("--debug=parser", "--debug: \"parser\" is none of process,"),
        ("", "no job is defined: name a job file, or give a job with --name"),
        ("--rw=read", "no job is defined"),
        ("none.fio", "cannot read none.fio: entity not found"),
    ] {
        let found = with_files(line, &[]).unwrap_err();
        assert!(found.contains(error), "{line}: {found}");
    }
}

#[test]
fn options_of_the_program() {
    let line = "--output=out.json --output-format=json+,terse --terse-version=5 --eta=never --eta-newline=5 \
                --status-interval=500ms --readonly --warnings-fatal --aux-path=/tmp --max-jobs=9 --alloc-size=65536 \
                --debug=io,job:1 --append-terse --eta-interval=2 --bandwidth-log --trigger-file=stop \
                --trigger-timeout=2m --trigger=sync --idle-prof=percpu \
                --section=a --parse-only --name=a";
    let general = run(line, &[]).general;
    let expected = GeneralOptions {
        output: Some("out.json".into()),
        output_formats: OutputFormats { normal: false, terse: true, json: true, json_plus: true },
        terse_version: 5,
        eta: Eta::Never,
        eta_interval: Duration::from_secs(2),
        eta_newline: Some(Duration::from_secs(5)),
        status_interval: Some(Duration::from_millis(500)),
        debug: vec!["io".to_owned()],
        debug_job: Some(1),
        parse_only: true,
        show_command: false,
        readonly: true,
        allow_exec: false,
        warnings_fatal: true,
        sections: vec!["a".to_owned()],
        aux_path: Some("/tmp".into()),
        bandwidth_log: true,
        trigger_file: Some("stop".into()),
        trigger_timeout: Some(Duration::from_mins(2)),
        trigger: Some("sync".to_owned()),
        idle_profile: Some(IdleProfile::EachProcessor),
        ..GeneralOptions::default()
    };
    assert_eq!(general, expected);
    let formats = run("-o x -m --name=a", &[]).general.output_formats;
    assert_eq!(formats, OutputFormats { normal: false, terse: true, json: false, json_plus: false });
    assert_eq!(answer("--parse-only"), "");
    assert!(answer("--idle-prof=calibrate").contains("unit work: mean="));
}

#[test]
fn a_plan_has_groups_and_refuses_what_does_not_fit_together() {
    let text = "[a]\nstonewall\n[b]\nwait_for=a\n[c]\nstonewall\ntime_based\n[d]\nnew_group\nname=a\n";
    let plan = run("t.fio", &[("t.fio", text)]).plan().unwrap();
    assert_eq!(plan.jobs.iter().map(|job| job.group).collect::<Vec<_>>(), [0, 0, 1, 2]);
    let warnings: Vec<_> = plan.warnings.iter().map(|(place, warning)| format!("{place}: {warning}")).collect();
    assert_eq!(warnings, ["t.fio:7: [c]: time_based has no effect without runtime"]);
    for (line, text, error) in [
        ("t.fio", "[a]\n[b]\nwait_for=b", "t.fio:3: [b]: the job waits for itself"),
        ("t.fio", "[a]\nwait_for=b\n[b]", "t.fio:2: [a]: there is no job b before this one to wait for"),
        ("t.fio", "[a]\n[a]\n[b]\nwait_for=a", "t.fio:4: [b]: there is more than one job a before this one"),
        (
            "t.fio",
            "[a]\ngroup_reporting\n[b]\ngroup_reporting\nlat_percentiles=1",
            "t.fio:5: [b]: lat_percentiles is not",
        ),
        ("t.fio --readonly", "[a]\nrw=write", "t.fio:2: [a]: the job writes or trims"),
        (
            "t.fio --warnings-fatal",
            "[a]\ntime_based",
            "t.fio:2: [a]: time_based has no effect without runtime; --warnings",
        ),
    ] {
        let found = run(line, &[("t.fio", text)]).plan().unwrap_err().to_string();
        assert!(found.starts_with(error), "{text}: {found}");
    }
}

/// A job of line 3, with an option of everybody in line 2, and what is said of it: which line is named, and with what.
const CONTRADICTIONS: &[(&str, u32, &str)] = &[
    ("rate=1m\nrate_iops=10", 5, "rate and rate_iops exclude each other"),
    ("rate=1m\nbs=4k\nrate_min=2m", 6, "the least rate of read is above its rate"),
    ("size=2k\nrw=read", 4, "size 2048 is smaller than the smallest block"),
    ("zonesize=1m", 4, "zonesize is of no use"),
    ("rw=read\nzonemode=strided", 5, "needs zonesize"),
    ("nrfiles=2\nblock_error_percentiles=1", 5, "is for a job with one file"),
    ("dedupe_percentage=1\ndedupe_mode=working_set", 5, "needs a size"),
    ("size=1m\ndedupe_mode=working_set\ndedupe_percentage=96", 6, "cannot repeat"),
    ("ioengine=mmap\nfile_append=1", 5, "cannot make files longer"),
    ("wait_for=b", 4, "there is no job b"),
    ("wait_for=a", 4, "waits for itself"),
    ("ramp_time=1\nramp_size=1m", 5, "exclude each other"),
    ("rw=read\nsprandom=1", 5, "needs random writes"),
    ("rw=randwrite\nsprandom=1\nrandom_generator=tausworthe", 6, "needs random writes"),
    // Refused before they are put together, each in its own line.
    ("rw=rw\nrwmixread=101", 5, "rwmixread=101"),
    ("bssplit=4k/60:8k/60", 4, "bssplit"),
    ("bs=0", 4, "bs=0"),
    ("percentile_list=101", 4, "percentile_list=101"),
    ("iodepth=0", 4, "iodepth=0"),
];

#[test]
fn contradictions_name_file_line_and_job() {
    for (options, line, text) in CONTRADICTIONS {
        let file = format!("[global]\nkb_base=1024\n[a]\n{options}\n");
        let mut files = Files(HashMap::from([("j.fio".into(), file)]));
        let refused = match parse(vec!["j.fio".into()], &mut files) {
            Ok(Outcome::Run(invocation)) => invocation.plan().expect_err(options).to_string(),
            Ok(other) => panic!("{options}: {other:?}"),
            Err(error) => error.to_string(),
        };
        assert!(refused.starts_with(&format!("j.fio:{line}: [a]: ")) && refused.contains(text), "{options}: {refused}");
    }
}

#[test]
fn warnings_name_the_line_of_their_option_even_in_a_global_section() {
    let file = "[global]\nsize=1m\ntime_based\n[a]\nrw=randread\nba=8k\n[b]\n";
    let plan = run("j.fio", &[("j.fio", file)]).plan().unwrap();
    let shown: Vec<_> = plan.warnings.iter().map(|(place, warning)| format!("{place}: {warning}")).collect();
    let time_based = "time_based has no effect without runtime";
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown[0].starts_with("j.fio:6: [a]: blockalign"), "{shown:?}");
    assert_eq!(shown[1..], [format!("j.fio:3: [a]: {time_based}"), format!("j.fio:3: [b]: {time_based}")]);
}

#[test]
fn showcmd_shows_what_fio_shows() {
    // Both as printed by fio 3.33 --showcmd.
    let jobs = "[global]\nbs = 4k\nfilename=/tmp/xx\nkb_base=1000\nioengine=null\nsize=1m\n[a]\nrw=randread:4\ntime_based\nruntime=1s\n\
                [b]\n; c\ninclude inc.fio\n";
    let files = [("t.fio", jobs), ("inc.fio", "ioengine=io_uring\nhipri\nbs=,8k\n")];
    let Ok(Outcome::Answer(text)) = with_files("--showcmd t.fio", &files) else { panic!() };
    let expected = "fio --kb_base=1000 --bs= 4k --ioengine=null --size=1m --filename=/tmp/xx --name=a --rw=randread:4 \
                    --time_based --runtime=1s --name=b --ioengine=io_uring --bs=,8k --hipri \n";
    assert_eq!(text, expected);
    let jobs = "[global]\nsize=4*$pagesize\nioengine=null\n[$ncpus jobs]\ndescription=hello world ; gone\nbs=8k\n[globalish]\n\
                iodepth=2\n[last]\nnumber_ios=1\ntime_based=0\nwrite_bw_log\nname=other\n";
    let Ok(Outcome::Answer(text)) = with_files("--showcmd t.fio", &[("t.fio", jobs)]) else { panic!() };
    let expected = "fio --size=16384 --ioengine=null --name=$ncpus jobs --description=\"hello world\" --bs=8k --iodepth=2 \
                    --name=last --number_ios=1 --time_based=0 --write_bw_log --name=other \n";
    assert_eq!(text, expected);
}

#[test]
fn help_follows_from_the_tables() {
    assert!(answer("--help").contains("  --output=FILE"));
    assert!(answer("--help").contains("  --server=ADDRESS"));
    assert!(!answer("--help").contains("--crctest"), "what is refused is not offered");
    assert_eq!(answer("--version"), "fio-3.33\n");
    let text = answer("--cmdhelp=blocksize");
    for part in
        ["                  bs: Bytes of a block\n", "alias: blocksize\n", "default: 4096\n", "range: min=1, max="]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(answer("--cmdhelp=rw").contains("        valid values: read       reads in sequence\n"));
    let all = answer("--cmdhelp");
    assert_eq!(answer("--cmdhelp=all"), all);
    assert!(all.contains("\n  bs                    : Bytes of a block\n") && !all.contains("zonecapacity"));
    assert!(answer("--enghelp").contains("\tio_uring "));
    assert!(answer("--enghelp=libaio").starts_with("cmdprio_percentage      : "));
    assert_eq!(answer("--enghelp=null"), "IO engine null has no options\n");
    assert!(answer("--enghelp=io_uring,hipri").contains("default: no default"));
    assert!(answer("--debug=help").starts_with("process,file,"));
    assert_eq!((answer("--cmdhelp="), answer("--enghelp=")), (all, answer("--enghelp")));
}

#[test]
fn help_on_what_does_not_exist_is_an_error_and_fio_says_it_in_its_own_way() {
    // The second column: what fio 3.33 says on standard error, the beginning of its standard output, and whether it exits with 0.
    let closest = |name: &str| format!(" - showing closest match\n{name:>20}: ");
    for (line, told, of_fio) in [
        (
            "--cmdhelp=blocksise",
            "command line: --cmdhelp: there is no option blocksise; did you mean blocksize?",
            ("No such command: blocksise", closest("bs"), true),
        ),
        (
            "--cmdhelp=nosuchatall",
            "command line: --cmdhelp: there is no option nosuchatall",
            ("No such command: nosuchatall", "\n".to_owned(), true),
        ),
        (
            "--enghelp=nul",
            "command line: --enghelp: there is no engine nul; did you mean null?",
            ("fio: engine nul not loadable", "IO engine nul not found\n".to_owned(), false),
        ),
        (
            "--enghelp=io_uring,bs",
            "command line: --enghelp: there is no option of io_uring called bs",
            ("No such command: bs", "\n".to_owned(), false),
        ),
        (
            "--enghelp=io_uring,hiprii",
            "command line: --enghelp: there is no option of io_uring called hiprii; did you mean hipri?",
            ("No such command: hiprii", closest("hipri"), false),
        ),
    ] {
        let error = parse(vec![line.into()], &mut Files::with(&[])).unwrap_err();
        assert_eq!(error.to_string(), told);
        let answer = answer_of_fio(&error).unwrap();
        assert_eq!((answer.error.as_str(), answer.is_success), (of_fio.0, of_fio.2), "{line}");
        assert!(answer.output.starts_with(&of_fio.1), "{line}: {}", answer.output);
    }
    let other = parse(vec!["--nosuch".into()], &mut Files::with(&[])).unwrap_err();
    assert_eq!(answer_of_fio(&other), None);
}
