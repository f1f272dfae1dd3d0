//! A front end and a worker that says anything at all: the same is understood however it arrives, nothing after a failure; files are
//! named only as the jobs allow it.
#![no_main]

mod worker_words;

use std::path::Path;

use bench_remote::front_end::conversation::{Conversation, Event};
use bench_remote::front_end::jobs::{PermittedFiles, WorkerJobs};
use bench_remote::front_end::log_file::{self, Histograms};
use bench_remote::front_end::verify_states;
use bench_wire::ProtocolVersion;
use bench_wire::message::{FrontEndMessage, JobFile};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use worker_words::{Word, version};

/// The jobs of the run: their logs go into one folder, and one of them loads its state.
const JOBS: &str = "[a]\nwrite_bw_log=logs/a\nverify_state_load=1\n[b]\nrw=read\n";

#[derive(Arbitrary, Debug)]
enum Step {
    Say(Word),
    Bytes(Vec<u8>),
    /// The front end wants to know how far it is.
    Ask,
    Stop,
    Trigger,
}

/// Takes bytes in pieces; whether it goes on.
fn receive(conversation: &mut Conversation, bytes: &[u8], piece: usize, told: &mut Vec<Event>) -> bool {
    for mut input in bytes.chunks(piece.max(1)) {
        loop {
            match conversation.receive(&mut input, 0) {
                Ok(None) => break assert!(input.is_empty()),
                Ok(Some(event)) => {
                    match &event {
                        Event::Ready => conversation.run(0),
                        Event::Again => conversation.connected_again(0),
                        Event::FileWanted(tag, _) => conversation.answer(*tag, Err(13)),
                        _ => {}
                    }
                    let is_other = event == Event::Again;
                    told.push(event);
                    if is_other {
                        return true;
                    }
                }
                Err(_) => return false,
            }
        }
    }
    true
}

fn check_files(event: &Event, version: ProtocolVersion) {
    let files = PermittedFiles::of(JOBS);
    match event {
        Event::Log(log) => {
            let name = log.header.name.to_text();
            if let Some(path) = files.log_path(&name) {
                let folder = Path::new(&path).parent().expect("a file is in a folder");
                assert!(folder == Path::new("") || folder == Path::new("logs"), "{path:?}");
                assert!(Path::new(&path).file_name().is_some_and(|name| name != ".."), "{path:?}");
            }
            let _ = log_file::write(log, version, Histograms::Subtracted, &mut std::io::sink());
        }
        Event::FileWanted(_, path) if files.may_read("w", path) => {
            assert!(path.starts_with("w-a-") && path.ends_with("-verify.state") && !path.contains('/'));
        }
        Event::VerifyStates(states) => {
            let kept = verify_states::files(states, "w/x", version).unwrap_or_default();
            assert!(kept.iter().map(|file| file.bytes.len() - 24).sum::<usize>() <= states.states.len());
            assert!(kept.iter().all(|file| !file.name.contains(['/', '\0']) && file.name.starts_with("w.x-")));
        }
        _ => {}
    }
}

fuzz_target!(|input: (u8, u8, Vec<Step>)| {
    let (version, piece) = (version(input.0), usize::from(input.1) * 16);
    let job = FrontEndMessage::Job(JobFile { bytes: JOBS.as_bytes().to_vec(), ..JobFile::default() });
    let jobs = WorkerJobs { messages: vec![job], ..WorkerJobs::default() };
    let mut ends = [usize::MAX, piece].map(|piece| (Conversation::new("w", &jobs, 0), piece, Vec::new()));
    for step in &input.2 {
        let bytes = match step {
            Step::Say(word) => word.bytes(version),
            Step::Bytes(bytes) => bytes.clone(),
            Step::Ask | Step::Stop | Step::Trigger => Vec::new(),
        };
        let goes_on = ends.each_mut().map(|(conversation, piece, told)| {
            match step {
                Step::Ask => conversation.ask_progress(),
                Step::Stop => conversation.stop(),
                Step::Trigger => conversation.trigger("true"),
                Step::Say(_) | Step::Bytes(_) => {}
            }
            receive(conversation, &bytes, *piece, told)
        });
        let [(whole, _, told), (split, _, told_split)] = &ends;
        assert_eq!(goes_on[0], goes_on[1], "however it arrives");
        assert_eq!((told, whole.stage(), whole.pending_output()), (told_split, split.stage(), split.pending_output()));
        if !goes_on[0] {
            break;
        }
    }
    let [(conversation, _, told), _] = &ends;
    told.iter().for_each(|event| check_files(event, conversation.version()));
});
