//! The worker as a service: in the background as fio has it, on a Unix socket, under `up`; its sessions are confined.

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::{eventually, gone, is_alive, send};
use e2e::{ensure, ensure_eq};
use rustix::process::{Pid, Signal};

use super::worker::{Worker, fio, said, session, state};

const NEEDS: &[Need] = &[Need::Program("fio")];
pub(super) const DAEMON: Scenario = Scenario { name: "bench_worker/daemonized", needs: NEEDS, run: daemon };
pub(super) const CONFINED: Scenario = Scenario { name: "bench_worker/confined_session", needs: NEEDS, run: confined };
pub(super) const SUPERVISED: Scenario = Scenario { name: "bench_worker/under_up", needs: NEEDS, run: supervised };

const SHORT: &str = "[short]\nioengine=psync\nrw=write\nsize=1m\n";
const ENDLESS: &str = "[endless]\nioengine=psync\nrw=randread\nsize=1m\ntime_based\nruntime=1h\nrate_iops=100\n";

/// `--daemonize=PIDFILE` and a Unix socket.
fn daemon(context: &Context) -> Verdict {
    let scratch = context.scratch().path();
    let socket = scratch.join("bench.sock");
    let server = format!("--server=sock:{}", socket.display());
    let started = context.run(&["bench", &server, "--daemonize=worker.pid", "--log-file=worker.log"])?;
    ensure_eq!(started.status, Some(0), "status of the caller: {}", said(&started));
    let text = std::fs::read_to_string(scratch.join("worker.pid"))?;
    let process = text.trim().parse().ok().and_then(Pid::from_raw);
    let process = process.ok_or_else(|| Failure::new(format!("the pidfile says {text:?}")))?;
    ensure!(is_alive(process), "it does not run");
    let again = context.run(&["bench", &server, "--pidfile=other.pid"])?;
    ensure!(again.status == Some(1) && again.error.contains("another process listens there"), "{}", said(&again));

    let client = format!("--client=sock:{}", socket.display());
    let finished = context.finish("fio", fio(context, "client", &client, &[], SHORT)?, PROMPTLY)?;
    ensure_eq!(finished.status, Some(0), "status of fio: {}", said(&finished));
    ensure!(finished.output.contains("issued rwts: total=0,256,0,0"), "no report: {}", finished.output);
    // Files are where it was started: the current directory.
    ensure_eq!(std::fs::metadata(scratch.join("short.0.0"))?.len(), 1 << 20, "size of the job's file");
    send(process, Signal::TERM)?;
    gone(process)?;
    ensure!(!socket.exists() && !scratch.join("worker.pid").exists(), "something is left");
    let log = std::fs::read_to_string(scratch.join("worker.log"))?;
    for words in ["a front end came", "a run has ended", "ios=\"[0, 256, 0]\"", "terminating with signal 15"] {
        ensure!(log.contains(words), "no {words:?} in the log: {log}");
    }
    Ok(())
}

fn confined(context: &Context) -> Verdict {
    let worker = Worker::start(context, &[])?;
    let client = context.start("fio", worker.fio(context, "client", &[], ENDLESS)?)?;
    eventually("a run", || Ok((state(context, 1)? == "running").then_some(())))?;
    let process = session(context, 1)?["process"].as_u64().unwrap_or(0);
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        ensure!(status.contains(line), "no {line:?} in: {status}");
    }
    let filters = status.lines().find_map(|line| line.strip_prefix("Seccomp_filters:\t")?.parse::<u32>().ok());
    ensure!(filters.is_some_and(|filters| filters > 3), "the session has no filters of its own: {filters:?}");
    let environment = std::fs::read_to_string(format!("/proc/{process}/environ"))?;
    ensure_eq!(environment.trim_end_matches('\0'), "TIDEGATE_BENCH_LINK=1", "environment of the session");
    drop(client);
    Ok(())
}

fn supervised(context: &Context) -> Verdict {
    let scratch = context.scratch().path();
    let files = scratch.join("files");
    std::fs::create_dir_all(&files)?;
    let configuration = |more: &str| {
        let text = format!("[bench]\nlisten = [\",0\"]\ndirectories = [{files:?}]\n{more}");
        std::fs::write(scratch.join("t.toml"), text)
    };
    configuration("engins = []\n")?;
    let checked = context.run(&["check", "-c", "t.toml"])?;
    ensure!(checked.status == Some(2) && checked.error.contains("t.toml:4: "), "{}", said(&checked));
    configuration("jobs_max = 2\n")?;
    let up = context.start("tidegate up", context.tidegate(&["up", "-c", "t.toml"]))?;
    up.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
    let address = |line: &str| Some(line.strip_prefix("bench ")?.trim().replace(':', ","));
    let client = format!("--client={}", up.wait_for("its address", PROMPTLY, address)?);
    let measure = |name: &str, job: &str| context.finish("fio", fio(context, name, &client, &[], job)?, PROMPTLY);
    let finished = measure("first", SHORT)?;
    ensure_eq!(finished.status, Some(0), "status of fio: {}", said(&finished));
    let many = format!("{SHORT}numjobs=3\n");
    ensure_eq!(measure("refused", &many)?.status, Some(1), "status with too many jobs");

    // Killed, it is started again, on the same port; its sessions end with it.
    let running = context.start("fio", fio(context, "running", &client, &[], ENDLESS)?)?;
    eventually("a run", || Ok((state(context, 3)? == "running").then_some(())))?;
    let session_process = session(context, 3)?["process"].as_u64().and_then(|process| i32::try_from(process).ok());
    let old = context.process_of("bench")?;
    send(old, Signal::KILL)?;
    context.another_process_of("bench", old)?;
    gone(session_process.and_then(Pid::from_raw).ok_or_else(|| Failure::new("no process"))?)?;
    drop(running);
    ensure_eq!(measure("again", SHORT)?.status, Some(0), "status after a restart");

    // Another configuration counts from the reload on.
    configuration("jobs_max = 3\n")?;
    let old = context.process_of("bench")?;
    context.ctl("up", &["reload"])?;
    context.another_process_of("bench", old)?;
    ensure_eq!(measure("allowed", &many)?.status, Some(0), "status with as many jobs as are allowed now");
    Ok(())
}
