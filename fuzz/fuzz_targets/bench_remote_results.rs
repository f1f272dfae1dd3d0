//! Results of workers that say anything at all, in any version: they can be reported in every form, the JSON is one document, and what
//! was understood of them can be said again.
#![no_main]

mod worker_words;

use bench::output::status_line::StatusLine;
use bench::output::terse::TerseVersion;
use bench::output::workers::{WorkerReport, WorkersReport};
use bench::output::{FormatChoice, Report};
use bench::statistics::JobResult;
use bench_remote::conversion::{from_wire, to_wire};
use bench_wire::ProtocolVersion;
use bench_wire::frame::MessageWriter;
use bench_wire::message::WorkerMessage;
use libfuzzer_sys::fuzz_target;
use worker_words::{Word, decode, version};

fn take(message: WorkerMessage, report: &mut Report, options: &mut Vec<(String, String)>) {
    match message {
        WorkerMessage::JobReport(said) => report
            .jobs
            .push(JobResult { options: std::mem::take(options), ..from_wire::job_result(&said.job, &said.group) }),
        WorkerMessage::GroupStatistics(group) => report.groups.push(from_wire::group_result(&group)),
        WorkerMessage::DiskUtilisation(disk) => report.disks.push(from_wire::disk(&disk)),
        WorkerMessage::JobOption(option) if option.is_global => report.global_options.push(from_wire::option(&option)),
        WorkerMessage::JobOption(option) => options.push(from_wire::option(&option)),
        WorkerMessage::Eta(_, eta) => {
            let status = from_wire::status(&eta);
            assert!(!StatusLine::new(0).render(&status, 1000).contains('\0'));
        }
        _ => {}
    }
}

/// The same results, said once more.
fn again(report: &Report, version: ProtocolVersion) -> Report {
    let (mut heard, mut options) = (Report::default(), Vec::new());
    for message in to_wire::results(report, 7) {
        let mut writer = MessageWriter::new(version);
        message.encode(&mut writer);
        let (_, message) = decode(writer.pending(), version).expect("what was written is understood");
        take(message, &mut heard, &mut options);
    }
    heard
}

fuzz_target!(|input: (u8, Vec<Word>)| {
    let version = version(input.0);
    let (mut report, mut options) = (Report::default(), Vec::new());
    for word in input.1.iter().take(8) {
        if let Some((_, message)) = decode(&word.bytes(version), version) {
            take(message, &mut report, &mut options);
        }
    }
    let once = again(&report, version);
    assert_eq!(format!("{:?}", again(&once, version)), format!("{once:?}"));

    let worker =
        |name: &str| WorkerReport { host: name.to_owned(), port: 1, name: name.to_owned(), report: report.clone() };
    let all = WorkersReport { workers: vec![worker("a"), worker("b")], ..WorkersReport::default() };
    let mut formats = FormatChoice::default();
    formats.add("json+").expect("a format");
    let mut json = Vec::new();
    all.write(formats, TerseVersion::default(), &mut json).expect("memory takes it");
    let document: serde_json::Value = serde_json::from_slice(&json).expect("one document");
    assert!(document.is_object());
    let mut formats = FormatChoice::default();
    formats.add("normal,terse").expect("formats");
    let mut text = Vec::new();
    all.write(formats, TerseVersion::default(), &mut text).expect("memory takes it");
});
