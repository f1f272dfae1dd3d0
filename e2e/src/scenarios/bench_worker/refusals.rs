//! What is not allowed is refused by name, with the key that would allow it, and does not happen.

use bench_wire::message::{FrontEndMessage, JobFile, Stop, VerifyTrigger, WorkerMessage, WorkersJobFile};
use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::front_end::FrontEnd;
use super::worker::{Worker, entries, said};

pub(super) const JOBS: Scenario =
    Scenario { name: "bench_worker/refused_jobs", needs: &[Need::Program("fio")], run: jobs };
pub(super) const COMMANDS: Scenario = Scenario { name: "bench_worker/refused_commands", needs: &[], run: commands };

fn jobs(context: &Context) -> Verdict {
    let worker = Worker::start(context, &["--jobs-max=4", "--run-time-max=1"])?;
    let scratch = context.scratch().path().display().to_string();
    std::os::unix::fs::symlink(context.scratch().path(), worker.files.join("out"))?;
    let file = "[a]\nioengine=psync\nrw=write\nsize=1m\n";
    let null = "[a]\nioengine=null\nsize=1m\n";
    for (job, words) in [
        (format!("{null}exec_prerun=touch {scratch}/touched\n"), ["exec_prerun", "allow_exec"]),
        (format!("{null}exec_postrun=touch {scratch}/touched\n"), ["exec_postrun", "allow_exec"]),
        (format!("[a]\nioengine=exec\nprogram=touch\narguments={scratch}/touched\n"), ["ioengine=exec", "allow_exec"]),
        (format!("{file}filename={scratch}/touched\n"), ["filename", "directories"]),
        (format!("{file}filename=../touched\n"), ["filename: ../touched", "directories"]),
        (format!("{file}filename=out/touched\n"), ["filename: out/touched", "directories"]),
        (format!("{file}directory={scratch}\n"), ["directory", "directories"]),
        ("[a]\nioengine=psync\nrw=read\nsize=4k\nfilename=/dev/zero\n".to_owned(), ["/dev/zero", "devices"]),
        (format!("{null}buffer_pattern='/etc/hostname'\n"), ["buffer_pattern: /etc/hostname", "directories"]),
        (format!("{null}include /etc/hostname\n"), ["/etc/hostname", "allow_load_file"]),
        ("[a]\nioengine=nvme_tcp\nsize=1m\nfilename=x\n".to_owned(), ["ioengine=nvme_tcp", "engines"]),
        (format!("{null}numjobs=5\n"), ["5 jobs", "jobs_max"]),
        ("[a]\nioengine=null\nsize=4g\nbs=2g\n".to_owned(), ["buffers", "buffer_bytes_max"]),
    ] {
        let finished = worker.measured(context, "refused", &[], &job)?;
        ensure_eq!(finished.status, Some(1), "status of fio with {job}: {}", said(&finished));
        let said = said(&finished);
        ensure!(words.iter().all(|word| said.contains(word)), "{job}: {words:?} are not in: {said}");
        ensure!(!context.scratch().path().join("touched").exists(), "it happened all the same: {job}");
    }
    ensure_eq!(entries(&worker.files)?, ["out"], "files of jobs that were refused");

    let endless = format!("{null}time_based\nruntime=1h\nrate_iops=100\n");
    let finished = worker.measured(context, "endless", &[], &endless)?;
    ensure!(said(&finished).contains("run_time_max_s"), "not told: {}", said(&finished));
    ensure!(finished.output.contains("read: IOPS="), "no report: {}", finished.output);
    Ok(())
}

fn commands(context: &Context) -> Verdict {
    let worker = Worker::start(context, &[])?;
    let touched = context.scratch().path().join("touched");
    let mut front_end = FrontEnd::connect(worker.address)?;
    let bytes = format!("touch {}", touched.display()).into_bytes();
    front_end.say(&FrontEndMessage::VerifyTrigger(VerifyTrigger { bytes }))?;
    front_end
        .say(&FrontEndMessage::LoadFile(WorkersJobFile { path: b"/etc/passwd".to_vec(), ..Default::default() }))?;
    front_end.say(&FrontEndMessage::Run)?;
    let heard = front_end.hear_all()?;
    let texts = front_end.texts(&heard);
    for word in ["allow_triggers", "/etc/passwd", "allow_load_file"] {
        ensure!(texts.contains(word), "no {word} in: {texts}");
    }
    ensure!(!texts.contains("root:"), "contents of a file are told: {texts}");
    ensure!(!touched.exists(), "the trigger's command was run");
    ensure!(heard.contains(&WorkerMessage::Stop(Stop { error: 1, signal: 0 })), "no STOP with an error: {heard:?}");
    ensure!(!heard.iter().any(|message| matches!(message, WorkerMessage::FileRequest(..))), "it asks for a file");

    // Where they are allowed, they are done.
    let worker = Worker::start(context, &["--allow-triggers", "--allow-load-file", "--overwrite-pidfile"])?;
    std::fs::write(worker.files.join("own.fio"), "[own]\nioengine=null\nsize=1m\n")?;
    let mut front_end = FrontEnd::connect(worker.address)?;
    front_end.say(&FrontEndMessage::LoadFile(WorkersJobFile { path: b"own.fio".to_vec(), ..Default::default() }))?;
    front_end.say(&FrontEndMessage::Job(JobFile {
        bytes: b"[more]\nioengine=null\nsize=1m\n".to_vec(),
        ..Default::default()
    }))?;
    front_end.say(&FrontEndMessage::Run)?;
    let heard = front_end.hear_all()?;
    let reports = heard.iter().filter(|message| matches!(message, WorkerMessage::JobReport(_))).count();
    ensure_eq!(reports, 2, "reports of the worker's job and the front end's");
    let mut front_end = FrontEnd::connect(worker.address)?;
    let touched = worker.files.join("touched");
    let bytes = b"touch touched".to_vec();
    front_end.say(&FrontEndMessage::VerifyTrigger(VerifyTrigger { bytes }))?;
    e2e::service::eventually("the trigger's file", || Ok(touched.exists().then_some(())))
}
