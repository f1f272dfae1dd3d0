//! What goes wrong below the load generator is told in one line, with the file, the place and the error, and ends with status 1: a
//! full file system, a device that fails, one that is too small. And what is rarely there does work: trims of a device, programs.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use e2e::context::{Context, Finished};
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::scratch::SmallFilesystem;
use e2e::{ensure, ensure_eq};
use serde_json::Value;

use super::difference::differences;
use super::loop_device::LoopDevice;

pub(super) const FULL: Scenario =
    Scenario { name: "bench/full_disk", needs: &[Need::Root, Need::Program("mount")], run: full };
pub(super) const FAILING: Scenario = Scenario { name: "bench/failing_device", needs: DEVICE, run: failing };
pub(super) const SMALL: Scenario = Scenario { name: "bench/small_device", needs: BESIDE_FIO, run: small };
pub(super) const TRIMS: Scenario = Scenario { name: "bench/trims", needs: DEVICE, run: trims };
pub(super) const PROGRAMS: Scenario = Scenario { name: "bench/programs", needs: &[], run: programs };

pub(super) const SCHEDULER: Scenario = Scenario { name: "bench/scheduler", needs: DEVICE, run: scheduler };

pub(super) const UTILISATION: Scenario =
    Scenario { name: "bench/disk_utilisation", needs: BESIDE_FIO, run: utilisation };

const DEVICE: &[Need] = &[Need::Root, Need::LoopDevice, Need::Program("losetup")];
const BESIDE_FIO: &[Need] = &[Need::Root, Need::LoopDevice, Need::Program("losetup"), Need::Program("fio")];
/// Bytes of a device.
const BYTES: u64 = 4 << 20;
const ENGINES: [&str; 3] = ["--ioengine=psync", "--ioengine=libaio", "--ioengine=io_uring"];

/// One line on standard error with these words, and status 1.
fn ensure_told(finished: &Finished, words: &[&str]) -> Verdict {
    ensure_eq!(finished.status, Some(1), "exit status, with {}", finished.error);
    ensure_eq!(finished.error.lines().count(), 1, "lines that tell it, {:?}", finished.error);
    for word in words {
        ensure!(finished.error.contains(word), "expected {word:?} in {:?}", finished.error);
    }
    Ok(())
}

/// The first job of a report.
fn job(finished: &Finished) -> Result<Value, Failure> {
    let begin = finished.output.find("{\n").unwrap_or(0);
    let report: Value = serde_json::from_str(&finished.output[begin..])?;
    Ok(report["jobs"][0].clone())
}

fn full(context: &Context) -> Verdict {
    let small = SmallFilesystem::mount(context.scratch().path(), 1 << 20)?;
    let path = small.path().join("f");
    let name = format!("--filename={}", path.display());
    for engine in ENGINES {
        let words = ["bench", "--output-format=json", "--name=a", "--rw=write", "--bs=64k", "--size=4m", engine, &name];
        let finished = context.run(&words)?;
        ensure_told(&finished, &[&path.display().to_string(), "No space left on device", "write offset=1048576"])?;
        let job = job(&finished)?;
        ensure_eq!(job["error"].as_i64(), Some(28), "error of the report, {engine}");
        ensure_eq!(job["write"]["io_bytes"].as_u64(), Some(1 << 20), "bytes that fitted, {engine}");
        std::fs::remove_file(&path)?;
    }
    let words = ["bench", "--name=a", "--rw=write", "--bs=64k", "--fill_device=1", &name];
    let filled = context.run(&words)?;
    ensure_eq!(filled.status, Some(0), "exit status of a job that fills the device, which said {}", filled.error);
    Ok(())
}

/// The file below a loop device is cut short: what is behind its end cannot be read.
fn failing(context: &Context) -> Verdict {
    let file = context.scratch().sparse_file("disk.img", BYTES)?;
    let device = LoopDevice::attach(&file)?;
    File::options().write(true).open(&file)?.set_len(1 << 20)?;
    let name = device.filename();
    for engine in ENGINES {
        let words = ["bench", "--output-format=json", "--name=a", "--rw=read", "--bs=64k", "--direct=1", engine, &name];
        let finished = context.run(&words)?;
        ensure_told(&finished, &[&device.path().display().to_string(), "Input/output error", "read offset=1048576"])?;
        let job = job(&finished)?;
        ensure_eq!(job["error"].as_i64(), Some(5), "error of the report, {engine}");
        ensure_eq!(job["read"]["io_bytes"].as_u64(), Some(1 << 20), "bytes that were read, {engine}");
    }
    Ok(())
}

/// A size that goes beyond the device: under the name `fio` as with fio itself, which uses what there is; under our own name an error.
fn small(context: &Context) -> Verdict {
    let file = context.scratch().sparse_file("disk.img", BYTES)?;
    let device = LoopDevice::attach(&file)?;
    let (name, path) = (device.filename(), device.path().display().to_string());
    let words = ["--output-format=json", "--name=a", "--rw=read", "--bs=64k", &name];
    let larger: [&[&str]; 4] = [
        &["--size=8m"],
        &["--filesize=8m"],
        &["--size=4m", "--offset=1m"],
        &["--size=4m", "--offset_increment=1m", "--numjobs=2"],
    ];
    let as_fio = context.scratch().path().join("fio");
    std::os::unix::fs::symlink(context.binary(), &as_fio)?;
    let run_as = |program: &Path, sizes: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).args(sizes).current_dir(context.scratch().path());
        context.finish("fio", command, PROMPTLY)
    };
    for sizes in larger {
        let (ours, fio) = (run_as(&as_fio, sizes)?, run_as(Path::new("fio"), sizes)?);
        ensure_eq!((ours.status, fio.status), (Some(0), Some(0)), "exit statuses under the name of fio, {sizes:?}");
        let told = format!("{path} has 4194304 bytes: the job ends there");
        ensure!(ours.error.lines().count() == 1 && ours.error.contains(&told), "{sizes:?}: {:?}", ours.error);
        let bytes = |finished: &Finished| -> Result<u64, Failure> {
            Ok(job(finished)?["read"]["io_bytes"].as_u64().unwrap_or_default())
        };
        ensure_eq!(bytes(&ours)?, bytes(&fio)?, "bytes that were read, {sizes:?}");
        let told = ["a: ", sizes[0].trim_start_matches('-').split('=').next().unwrap_or_default(), &path];
        let refused = context.run(&[&["bench"], &words[..], sizes].concat())?;
        ensure_told(&refused, &told)?;
        ensure_told(&run_as(&as_fio, &[sizes, &["--warnings-fatal"]].concat())?, &told)?;
    }
    // Nothing has run then, and the line says where.
    let jobs = format!(
        "[global]\nrw=write\nbs=64k\ndirect=1\nfilename={path}\n[first]\nsize=1m\n[second]\nstonewall\noffset=1m\nsize=5m\n"
    );
    std::fs::write(context.scratch().path().join("jobs.fio"), jobs)?;
    let before = std::fs::read(&file)?;
    for serialize in ["0", "1"] {
        let option = format!("--create_serialize={serialize}");
        let refused = context.run(&["bench", "--output-format=json", &option, "jobs.fio"])?;
        let place = "jobs.fio:11: [second]: size: ";
        ensure_told(&refused, &[place, &path, "has 4194304 bytes", "6291456: choose a smaller size, or size=100%"])?;
        ensure!(before == std::fs::read(&file)?, "the first job has run");
    }
    for sizes in [&["--size=4m"][..], &["--size=3m", "--offset=1m"], &["--size=100%"], &["--size=100%", "--offset=1m"]]
    {
        let fits = context.run(&[&["bench"], &words[..], sizes].concat())?;
        ensure_eq!(fits.status, Some(0), "exit status with {sizes:?}, which said {}", fits.error);
    }
    // fio reads nothing, with success.
    let beyond = context.run(&[&["bench"], &words[..], &["--size=1m", "--offset=8m"]].concat())?;
    ensure_told(&beyond, &["offset=8388608", "4194304 bytes", &path])
}

fn trims(context: &Context) -> Verdict {
    let file = context.scratch().sparse_file("disk.img", BYTES)?;
    let device = LoopDevice::attach(&file)?;
    let name = device.filename();
    for engine in ENGINES {
        let words = ["bench", "--output-format=json", "--name=a", "--bs=4k", "--size=1m", "--direct=1", engine, &name];
        for workload in ["--rw=trimwrite", "--rw=randtrimwrite"] {
            let finished = context.run(&[&words[..], &[workload, "--buffer_pattern=0x5a"]].concat())?;
            ensure_eq!(finished.status, Some(0), "exit status of {workload} {engine}: {}", finished.error);
            let job = job(&finished)?;
            let ios = |direction: &str| job[direction]["total_ios"].as_u64();
            ensure_eq!((ios("write"), ios("trim")), (Some(256), Some(256)), "I/Os of {workload} {engine}");
            ensure!(
                std::fs::read(&file)?[..1 << 20].iter().all(|&byte| byte == 0x5a),
                "{workload} {engine}: other bytes"
            );
        }
        let finished = context.run(&[&words[..], &["--rw=trim"]].concat())?;
        ensure_eq!(finished.status, Some(0), "exit status of a trim with {engine}: {}", finished.error);
        ensure!(
            std::fs::read(&file)?[..1 << 20].iter().all(|&byte| byte == 0),
            "{engine}: trimmed blocks are not zero"
        );
        // fio 3.33 aborts at the first of these trims.
        let proof = ["--rw=randwrite", "--verify=crc32c", "--trim_percentage=50", "--trim_backlog=16"];
        let finished = context.run(&[&words[..], &proof].concat())?;
        ensure_eq!(finished.status, Some(0), "exit status of trims that are verified, {engine}: {}", finished.error);
        let job = job(&finished)?;
        ensure_eq!(job["read"]["total_ios"].as_u64(), Some(256), "blocks that were verified, {engine}");
        ensure!(job["trim"]["total_ios"].as_u64() > Some(100), "{engine}: no trims in {job}");
    }
    Ok(())
}

/// The scheduler of a disk is set; one that the disk cannot have is told with those that it can.
fn scheduler(context: &Context) -> Verdict {
    let file = context.scratch().sparse_file("disk.img", BYTES)?;
    let device = LoopDevice::attach(&file)?;
    let disk = device.path().file_name().unwrap_or_default().display().to_string();
    let setting = format!("/sys/block/{disk}/queue/scheduler");
    let listed = std::fs::read_to_string(&setting)?;
    let names: Vec<&str> = listed.split_whitespace().map(|name| name.trim_matches(['[', ']'])).collect();
    let jobs = context.scratch().path().join("jobs.fio");
    let run = |name: &str| {
        let job = format!("[a]\nrw=read\nsize=64k\nfilename={}\nioscheduler={name}\n", device.path().display());
        std::fs::write(&jobs, job)?;
        context.run(&["bench", "--output-format=json", "jobs.fio"])
    };
    let told = format!("{}: it has none of that name; there are {}", device.path().display(), names.join(", "));
    ensure_told(&run("noop")?, &["jobs.fio:1: [a]: ioscheduler=noop for the disk of ", &told])?;
    for name in names {
        let finished = run(name)?;
        ensure_eq!(finished.status, Some(0), "exit status with ioscheduler={name}, which said {}", finished.error);
        let now = std::fs::read_to_string(&setting)?;
        ensure!(now.trim() == name || now.contains(&format!("[{name}]")), "{name} was asked for, there is {now}");
    }
    Ok(())
}

/// The utilisation of a disk has the form of fio's, and counts at least what reached the device.
fn utilisation(context: &Context) -> Verdict {
    let file = context.scratch().sparse_file("disk.img", BYTES)?;
    let device = LoopDevice::attach(&file)?;
    let words =
        ["--output-format=json", "--name=a", "--rw=randrw", "--bs=4k", "--size=1m", "--direct=1", &device.filename()];
    let mut fio = Command::new("fio");
    fio.args(words);
    let report = |finished: &Finished| -> Result<Value, Failure> {
        ensure_eq!(finished.status, Some(0), "exit status, with {}", finished.error);
        Ok(serde_json::from_str::<Value>(&finished.output)?["disk_util"].clone())
    };
    let of_fio = report(&context.finish("fio", fio, PROMPTLY)?)?;
    let ours = report(&context.run(&[&["bench"], &words[..]].concat())?)?;
    let told = differences(&of_fio, &ours, false);
    ensure!(told.is_empty(), "disk_util is another one than fio's: {told:?}");
    let disk = &ours[0];
    ensure_eq!(disk["name"].as_str(), device.path().file_name().and_then(|name| name.to_str()), "name of the disk");
    let ios = |key: &str| disk[key].as_u64().unwrap_or_default();
    // Neighbours may have been merged.
    let all = ios("read_ios") + ios("read_merges") + ios("write_ios") + ios("write_merges");
    ensure!(all >= 256, "{all} of 256 I/Os are counted: {disk}");
    Ok(())
}

fn programs(context: &Context) -> Verdict {
    let words = ["bench", "--name=a", "--ioengine=exec", "--program=touch", "--arguments=mark", "--runtime=5"];
    let mark = context.scratch().path().join("mark");
    let refused = context.run(&words)?;
    ensure_told(&refused, &["--allow-exec"])?;
    ensure!(!mark.exists(), "a program was run without being allowed");
    let ran = context.run(&[&words[..1], &["--allow-exec"], &words[1..]].concat())?;
    ensure_eq!(ran.status, Some(0), "exit status with --allow-exec: {}", ran.error);
    ensure!(mark.exists(), "the program was not run");
    Ok(())
}
