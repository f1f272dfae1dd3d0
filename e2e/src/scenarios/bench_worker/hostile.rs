//! Peers that break the protocol, or say nothing: others are served beside them, memory is bounded, and nothing crashes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use bench_wire::ProtocolVersion;
use bench_wire::message::{CommandLine, FrontEndMessage, FrontEndProbe, JobFile, Tag, VerifyTrigger, WorkersJobFile};
use bench_wire::session::FrontEndSession;
use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};
use rustix::process::{Resource, getrlimit, setrlimit};

use super::worker::{Worker, said, state};

const NEEDS: &[Need] = &[Need::Program("fio")];
pub(super) const PEERS: Scenario = Scenario { name: "bench_worker/hostile_peers", needs: NEEDS, run: peers };
pub(super) const IDLE: Scenario = Scenario { name: "bench_worker/idle_connections", needs: NEEDS, run: idle };

const SHORT: &str = "[short]\nioengine=null\nsize=1m\n";
const ENDLESS: &str = "[endless]\nioengine=null\nsize=1m\ntime_based\nruntime=1h\nrate_iops=100\n";

/// Damaged conversations.
const CONVERSATIONS: u64 = 300;
const CONNECTIONS: usize = 10_000;
/// What the listener may grow by, whoever comes.
const GROWTH_BYTES_MAX: u64 = 16 << 20;

/// A run that has to go on beside all of that, and one that has to be possible after it.
fn undisturbed(context: &Context, disturb: impl FnOnce(&Worker) -> Verdict) -> Verdict {
    let mut worker = Worker::start(context, &[])?;
    let bystander = context.start("bystander", worker.fio(context, "bystander", &[], ENDLESS)?)?;
    eventually("a run", || Ok((state(context, 1)? == "running").then_some(())))?;
    let before = worker.process.resident_bytes()?;
    disturb(&worker)?;
    let growth = worker.process.resident_bytes()?.saturating_sub(before);
    ensure!(growth <= GROWTH_BYTES_MAX, "the listener has grown by {growth} bytes");
    ensure!(worker.process.is_running()?, "the listener has ended");
    let after = worker.measured(context, "after", &[], SHORT)?;
    ensure_eq!(after.status, Some(0), "status of a run afterwards: {}", said(&after));
    ensure_eq!(state(context, 1)?, "running", "the run beside it");
    let said = worker.process.transcript().text(e2e::process::Stream::Error);
    ensure!(!said.contains("panicked"), "it panicked: {said}");
    drop(bystander);
    Ok(())
}

fn peers(context: &Context) -> Verdict {
    undisturbed(context, |worker| {
        for seed in 0..CONVERSATIONS {
            let outcome = converse(worker.address, &damaged(seed));
            outcome.map_err(|failure| failure.during(format_args!("seed {seed}")))?;
        }
        for (what, bytes) in special() {
            converse(worker.address, &bytes).map_err(|failure| failure.during(what))?;
        }
        Ok(())
    })
}

/// Says it, and nothing more; reads until the worker is done with it.
fn converse(address: SocketAddr, bytes: &[u8]) -> Verdict {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PROMPTLY))?;
    // It may have been closed in the middle.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Err(Failure::new("the connection stays open")),
        _ => Ok(()),
    }
}

/// Everything that a front end can say, in one conversation.
fn conversation(version: ProtocolVersion) -> Vec<u8> {
    let mut front_end = FrontEndSession::new(version);
    let line = ["fio", "--output-format=json"].map(|word| word.as_bytes().to_vec()).to_vec();
    for message in [
        FrontEndMessage::Probe(Tag(1), FrontEndProbe { flags: 1, ..FrontEndProbe::default() }),
        FrontEndMessage::JobLine(CommandLine { arguments: line, ..CommandLine::default() }),
        FrontEndMessage::Job(JobFile { bytes: SHORT.as_bytes().to_vec(), ..JobFile::default() }),
        FrontEndMessage::LoadFile(WorkersJobFile { path: b"/etc/a.fio".to_vec(), ..WorkersJobFile::default() }),
        FrontEndMessage::SendEta(Tag(2)),
        FrontEndMessage::VerifyTrigger(VerifyTrigger { bytes: b"true".to_vec() }),
        FrontEndMessage::Run,
        FrontEndMessage::SendEta(Tag(3)),
        FrontEndMessage::Quit,
        FrontEndMessage::Exit,
    ] {
        front_end.send(&message);
    }
    front_end.pending_output().to_vec()
}

/// A conversation with flipped bits, cut off, doubled or shuffled.
fn damaged(seed: u64) -> Vec<u8> {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below.max(1) as u64).unwrap_or(0)
    };
    let version = ProtocolVersion::all().nth(next(25)).unwrap_or(ProtocolVersion::OLDEST);
    let mut bytes = conversation(version);
    for _ in 0..next(4) {
        let place = next(bytes.len());
        bytes[place] ^= 1 << next(8);
    }
    match next(4) {
        0 => bytes.truncate(next(bytes.len())),
        1 => {
            let (from, to) = (next(bytes.len()), next(bytes.len()));
            let piece = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.splice(from..from, piece);
        }
        2 => bytes.rotate_left(next(64)),
        _ => {}
    }
    bytes
}

/// What the issue names, each by itself.
fn special() -> Vec<(&'static str, Vec<u8>)> {
    let whole = conversation(ProtocolVersion::OLDEST);
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        bytes
    };
    let framed = |length: u32, flags: u32, payload: &[u8]| {
        // Opcode JOB, with right checksums.
        let mut header = Vec::new();
        header.extend_from_slice(&97_u16.to_le_bytes());
        header.extend_from_slice(&3_u16.to_le_bytes());
        header.extend_from_slice(&flags.to_le_bytes());
        header.extend_from_slice(&0_u64.to_le_bytes());
        header.extend_from_slice(&length.to_le_bytes());
        header.extend_from_slice(&crc16(&header).to_le_bytes());
        header.extend_from_slice(&crc16(payload).to_le_bytes());
        header.extend_from_slice(payload);
        header
    };
    let endless: Vec<u8> = (0..20_000).flat_map(|_| framed(1024, 1, &[b' '; 1024])).collect();
    let two_gibibytes = [&u32::MAX.to_le_bytes()[..], &1_u32.to_le_bytes(), b"[a]"].concat();
    vec![
        ("half a header", whole[..11].to_vec()),
        ("half a frame", whole[..40].to_vec()),
        ("a wrong checksum of a header", with(&|bytes| bytes[20] ^= 1)),
        ("a wrong checksum of a payload", with(&|bytes| bytes[22] ^= 1)),
        ("a frame of 2 GiB", framed(1 << 31, 0, &[0; 64])),
        ("fragments without an end, 20 MiB of them", endless),
        ("a job that says it has 4 GiB", framed(11, 0, &two_gibibytes)),
        ("version 0", with(&|bytes| bytes[0..2].fill(0))),
        ("version 65535", with(&|bytes| bytes[0..2].fill(0xff))),
        ("another protocol", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100)),
        ("zeros", vec![0; 1 << 20]),
    ]
}

/// CRC-16/ARC, as the protocol has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 })
    })
}

fn idle(context: &Context) -> Verdict {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    undisturbed(context, |worker| {
        let mut peers = Vec::new();
        for number in 0..CONNECTIONS {
            let connected = TcpStream::connect(worker.address).map_err(Failure::from);
            let mut peer = connected.map_err(|failure| failure.during(format_args!("connection {number}")))?;
            if number % 3 == 0 {
                // A part of a header is no more than nothing.
                let _ = peer.write_all(&[97, 0, 10]);
            }
            peers.push(peer);
        }
        let beside = worker.measured(context, "beside", &[], SHORT)?;
        ensure_eq!(beside.status, Some(0), "status of a run beside {CONNECTIONS} connections: {}", said(&beside));
        for (number, mut peer) in peers.into_iter().enumerate() {
            peer.set_read_timeout(Some(PROMPTLY))?;
            let open = matches!(peer.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
            ensure!(!open, "connection {number} stays open");
        }
        Ok(())
    })
}
