//! A worker behind ssh: a real sshd on a free port starts it, and no port of the worker's is opened.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Process};
use e2e::scenario::Scenario;
use reactor::clock;

use super::reports::check_sum;
use super::worker::{Kind, front_end, job_file, json};

const NEEDS: &[Need] = &[Need::Root, Need::Program("sshd"), Need::Program("ssh"), Need::Program("ssh-keygen")];

pub(super) const WORKER: Scenario = Scenario { name: "bench_front_end/ssh", needs: NEEDS, run: worker };
pub(super) const REFUSED: Scenario = Scenario { name: "bench_front_end/ssh_refused", needs: NEEDS, run: refused };

/// An sshd of this scenario, and what a user has to reach it.
struct Host {
    _process: Process,
    port: u16,
    /// `--ssh-command`.
    command: String,
}

impl Host {
    fn start(context: &Context) -> Result<Self, Failure> {
        let folder = context.scratch().path().to_owned();
        for name in ["host_key", "user_key", "other_key"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(name));
            let finished = context.finish("ssh-keygen", keygen, PROMPTLY)?;
            ensure!(finished.status == Some(0), "{finished:?}");
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let host_key = std::fs::read_to_string(folder.join("host_key.pub"))?;
        write(&folder, "known_hosts", &format!("[127.0.0.1]:{port} {host_key}"))?;
        let user_key = std::fs::read_to_string(folder.join("user_key.pub"))?;
        let keys = write(&folder, "authorized_keys", &user_key)?;
        let server = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nPidFile none\n",
            folder.join("host_key").display(),
            keys.display()
        );
        let server = write(&folder, "sshd_config", &server)?;
        let client = format!(
            "BatchMode yes\nIdentitiesOnly yes\nIdentityFile {}\nUserKnownHostsFile {}\nGlobalKnownHostsFile none\n",
            folder.join("user_key").display(),
            folder.join("known_hosts").display()
        );
        let client = write(&folder, "ssh_config", &client)?;
        // Its privilege separation wants this place.
        std::fs::create_dir_all("/run/sshd")?;
        let mut sshd = Command::new("/usr/sbin/sshd");
        sshd.args(["-D", "-e", "-f"]).arg(server);
        let process = context.start("sshd", sshd)?;
        let until = clock::now() + PROMPTLY;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(clock::now() < until, "sshd does not listen");
            std::thread::yield_now();
        }
        Ok(Self { _process: process, port, command: format!("--ssh-command=ssh -F {}", client.display()) })
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    Ok(path)
}

fn worker(context: &Context) -> Verdict {
    let host = Host::start(context)?;
    let jobs = job_file(context, "jobs.fio", "[j]\nioengine=null\nrw=write\nbs=4k\nsize=8m\nwrite_lat_log=l\n")?;
    let client = format!("--client=ssh://root@127.0.0.1:{}{}", host.port, context.binary().display());
    let words = [client.as_str(), client.as_str(), &host.command, &jobs, "--output-format=json"];
    let finished = front_end(context, Kind::Ours, &words)?;
    ensure!(finished.status == Some(0), "{finished:?}");
    check_sum(&json(&finished)?, 2, 8 << 20)?;
    let log = context.scratch().path().join(format!("l_lat.1.log.127.0.0.1,{}", host.port));
    ensure!(std::fs::read_to_string(&log)?.lines().count() == 2048, "{} is not whole", log.display());
    Ok(())
}

/// What ssh says of a key that the host does not know, and the shell of a program that is not there, is shown.
fn refused(context: &Context) -> Verdict {
    let host = Host::start(context)?;
    let jobs = job_file(context, "jobs.fio", "[j]\nioengine=null\nrw=write\nbs=4k\nsize=8m\n")?;
    let missing = format!("--client=ssh://root@127.0.0.1:{}/no/such/tidegate", host.port);
    let finished = front_end(context, Kind::Ours, &[&missing, &host.command, &jobs])?;
    ensure!(finished.status == Some(1), "{finished:?}");
    ensure!(finished.error.contains("/no/such/tidegate: "), "what the shell says is missing: {}", finished.error);
    let key = context.scratch().path().join("other_key");
    let command = format!("{} -i {} -o IdentityFile=none", host.command, key.display());
    std::fs::copy(&key, context.scratch().path().join("user_key"))?;
    let client = format!("--client=ssh://root@127.0.0.1:{}", host.port);
    let finished = front_end(context, Kind::Ours, &[&client, &command, &jobs])?;
    ensure!(finished.status == Some(1), "{finished:?}");
    let place = format!("worker 127.0.0.1,{}: it closed the connection", host.port);
    for line in ["Permission denied", &place] {
        ensure!(finished.error.contains(line), "{line:?} is missing in {}", finished.error);
    }
    Ok(())
}
