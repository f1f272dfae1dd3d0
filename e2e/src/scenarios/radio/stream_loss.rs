//! The udp sender over a network that loses packets, at random and in bursts: what is lost after repair is what the theory of k of n
//! says.
//!
//! The station is in a network of its own, its targets are in another one behind it, and nftables drops packets there. Each target has
//! its own port, and each loss its own rule, so that all of them are measured at once. Headers of streams are not dropped: their
//! retransmission is another matter. A group of n packets is lost when more than n−k of them are.
//!
//! - At random, each packet with the same probability: the number of lost groups has a binomial distribution. It has to be in an
//!   interval that a right receiver leaves once in ten million runs. A receiver that does not repair is far outside of each.
//! - In bursts of [`BURST`] packets, one in each period of so many: which groups are lost is certain, and the number has to be that.
//!
//! Beside that, every group of which k packets came must have been handed out.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;

use e2e::binomial;
use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use radio_stream::packet::PacketHeader;
use radio_stream::receiver::Receiver;
use reactor::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::stream_station::{PATIENCE, song, station_by};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "radio/stream_loss",
    needs: &[Need::Root, Need::Program("ffmpeg"), Need::Program("ip"), Need::Program("nft")],
    run,
};

/// The network of the targets.
const NEAR: &str = "10.78.0.1";
const FAR: &str = "10.78.0.2";
const FIRST_PORT: u16 = 9000;

/// k, n, and bytes of a packet: a group holds one chunk of the song and not two, so that there are ten groups a second.
const CODES: &[(u32, u32, u32)] = &[(5, 7, 232), (10, 13, 132)];
/// Packets that are lost, in percent.
const PERCENT: &[u32] = &[1, 5, 10, 20];
/// Groups that are counted at each target.
const GROUPS: u32 = 100;
/// Targets of each random loss. With 1 % of loss one group in 30,000 is lost after repair, and one in twenty without.
const RANDOM_TARGETS: u32 = 10;
/// Targets of each loss in bursts, whose bursts come at different times.
const BURST_TARGETS: u32 = 5;
/// Packets of a burst: more than either code repairs in one group, so that it depends on where it falls.
const BURST: u32 = 4;
/// How often a count may be outside of its interval by chance.
const ERROR: f64 = 1e-7;

/// What loses packets on the way to a target.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// Each packet with this probability.
    Random(u32),
    /// [`BURST`] packets, from the one with this number on, of as many.
    Bursts { first: u32, period: u32 },
}

/// A target, and what is known of it.
struct Target {
    code: (u32, u32, u32),
    percent: u32,
    loss: Loss,
    port: u16,
    socket: UdpSocket,
    receiver: Receiver,
    /// The stream that is counted: the first one.
    stream: Option<u32>,
    /// Packets of each of its groups that came.
    came: BTreeMap<u32, u32>,
    is_through: bool,
}

/// Two networks that are joined, and end with the scenario.
struct Networks<'a> {
    context: &'a Context,
    near: String,
    far: String,
}

impl Drop for Networks<'_> {
    fn drop(&mut self) {
        for name in [&self.near, &self.far] {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

impl<'a> Networks<'a> {
    fn new(context: &'a Context) -> Result<Self, Failure> {
        let near = format!("tidegate-radio-{}", std::process::id());
        let networks = Self { context, far: format!("{near}-far"), near };
        let Self { near, far, .. } = &networks;
        for name in [near, far] {
            networks.ip(&format!("netns add {name}"))?;
            networks.ip(&format!("-n {name} link set dev lo up"))?;
        }
        networks.ip(&format!("link add name link netns {near} type veth peer name link netns {far}"))?;
        for (name, address) in [(near, NEAR), (far, FAR)] {
            networks.ip(&format!("-n {name} address add {address}/24 dev link"))?;
            networks.ip(&format!("-n {name} link set dev link up"))?;
        }
        Ok(networks)
    }

    fn ip(&self, words: &str) -> Verdict {
        let mut command = Command::new("ip");
        command.args(words.split(' '));
        let finished = self.context.finish("ip", command, PROMPTLY)?;
        ensure!(finished.status == Some(0), "ip {words}: {}", finished.error);
        Ok(())
    }

    /// The same command within the station's network.
    fn within_near(&self, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.near]).arg(command.get_program()).args(command.get_args());
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        inside.current_dir(self.context.scratch().path());
        inside
    }

    /// Sockets in the targets' network: a socket stays where it was made.
    fn sockets(&self, ports: &[u16]) -> Result<Vec<UdpSocket>, Failure> {
        let namespace = File::open(Path::new("/run/netns").join(&self.far))?;
        let bind = || -> std::io::Result<Vec<UdpSocket>> {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
            ports.iter().map(|port| UdpSocket::bind((FAR, *port))).collect()
        };
        let bound = std::thread::scope(|scope| scope.spawn(bind).join());
        let sockets = bound.map_err(|_| Failure::new("the thread that makes sockets has panicked"))??;
        for socket in &sockets {
            socket.set_nonblocking(true)?;
            // Whatever holds this program up for a while must not lose what is counted.
            rustix::net::sockopt::set_socket_recv_buffer_size_force(socket, 4 << 20)?;
        }
        Ok(sockets)
    }

    fn lose(&self, targets: &[Target]) -> Verdict {
        let mut rules = "add table inet t; add chain inet t input { type filter hook input priority 0; }; ".to_owned();
        for target in targets {
            // Bit 0 of the flags: the packet is of a header.
            let what = format!("udp dport {} @th,104,8 & 1 == 0", target.port);
            let drop = match target.loss {
                Loss::Random(percent) => format!("numgen random mod 100 < {percent}"),
                Loss::Bursts { first, period } => format!("numgen inc mod {period} {first}-{}", first + BURST - 1),
            };
            rules += &format!("add rule inet t input {what} {drop} drop; ");
        }
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.far, "nft", &rules]);
        let finished = self.context.finish("nft", command, PROMPTLY)?;
        ensure!(finished.status == Some(0), "nft: {}", finished.error);
        Ok(())
    }
}

fn run(context: &Context) -> Verdict {
    let folder = context.scratch().path().join("music");
    song(context, &folder, "song.mp3", &["-b:a", "64k", "-ar", "44100"], 40, 440)?;
    let networks = Networks::new(context)?;
    let mut targets = targets(&networks)?;
    networks.lose(&targets)?;
    let named: Vec<String> = targets
        .iter()
        .map(|Target { code: (k, n, bytes), port, .. }| format!("--udp-target={FAR}:{port}/{bytes}:{k}:{n}"))
        .collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let _station = station_by(context, &folder, &named, |command| networks.within_near(&command))?;
    receive(&mut targets)?;
    let mut conditions: BTreeMap<_, Vec<&Target>> = BTreeMap::new();
    for target in &targets {
        let in_bursts = matches!(target.loss, Loss::Bursts { .. });
        conditions.entry((in_bursts, target.code, target.percent)).or_default().push(target);
    }
    ensure_eq!(conditions.len(), CODES.len() * PERCENT.len() * 2, "conditions");
    conditions.values().try_for_each(|targets| check(targets))
}

/// The targets of every loss.
fn targets(networks: &Networks<'_>) -> Result<Vec<Target>, Failure> {
    let mut wanted = Vec::new();
    for &code in CODES {
        for &percent in PERCENT {
            wanted.extend((0..RANDOM_TARGETS).map(|_| (code, percent, Loss::Random(percent))));
            let period = BURST * 100 / percent;
            let last = period - BURST;
            wanted
                .extend((0..BURST_TARGETS).map(|number| {
                    (code, percent, Loss::Bursts { first: last * number / (BURST_TARGETS - 1), period })
                }));
        }
    }
    let ports: Vec<u16> = (FIRST_PORT..).take(wanted.len()).collect();
    let sockets = networks.sockets(&ports)?;
    let target = |(((code, percent, loss), port), socket)| Target {
        code,
        percent,
        loss,
        port,
        socket,
        receiver: Receiver::new(),
        stream: None,
        came: BTreeMap::new(),
        is_through: false,
    };
    Ok(wanted.into_iter().zip(ports).zip(sockets).map(target).collect())
}

/// Receives until each target is behind its last group.
fn receive(targets: &mut [Target]) -> Verdict {
    let limit = clock::now() + PATIENCE;
    while targets.iter().any(|target| !target.is_through) {
        ensure!(clock::now() < limit, "the groups do not come: {:?}", targets.iter().find(|target| !target.is_through));
        let mut waiting: Vec<PollFd<'_>> =
            targets.iter().map(|target| PollFd::new(&target.socket, PollFlags::IN)).collect();
        poll(&mut waiting, Some(&Timespec { tv_sec: 1, tv_nsec: 0 }))?;
        let ready: Vec<bool> = waiting.iter().map(|fd| !fd.revents().is_empty()).collect();
        for (target, _) in targets.iter_mut().zip(ready).filter(|(_, is_ready)| *is_ready) {
            target.receive()?;
        }
    }
    targets.iter_mut().for_each(|target| target.receiver.finish());
    Ok(())
}

impl Target {
    /// Takes what has come.
    fn receive(&mut self) -> Verdict {
        let mut buffer = [0; 2000];
        while let Ok(count) = self.socket.recv(&mut buffer) {
            let (header, _) = PacketHeader::decode(&buffer[..count])?;
            if *self.stream.get_or_insert(header.stream) != header.stream {
                return Err(Failure::new("the song was over before its groups were counted"));
            }
            if header.group < GROUPS {
                self.receiver.receive(&buffer[..count])?;
                while self.receiver.next_delivery().is_some() {}
            }
            if !header.is_header {
                self.is_through |= header.group >= GROUPS;
                *self.came.entry(header.group).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Groups that must be lost in its bursts, which are counted in packets from the stream's first.
    fn lost_in_bursts(&self) -> u32 {
        let Loss::Bursts { first, period } = self.loss else { return 0 };
        let (k, n, _) = self.code;
        let lost_of = |group: u32| {
            let numbers = (group * n..(group + 1) * n).map(|packet| packet % period);
            numbers.filter(|number| (first..first + BURST).contains(number)).count()
        };
        let is_lost = |group: &u32| u32::try_from(lost_of(*group)).unwrap_or(n) > n - k;
        u32::try_from((0..GROUPS).filter(is_lost).count()).unwrap_or(GROUPS)
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (k, n, _) = self.code;
        write!(formatter, "{k} of {n}, {:?}, {} %, {:?}", self.loss, self.percent, self.receiver.counts())
    }
}

/// The targets of one loss: first whether as many groups are lost as must be, then whether they had to be.
fn check(targets: &[&Target]) -> Verdict {
    let Some(first) = targets.first() else { return Ok(()) };
    let handed_out: u64 = targets.iter().map(|target| target.receiver.counts().groups).sum();
    let groups = GROUPS * u32::try_from(targets.len())?;
    let lost = groups - u32::try_from(handed_out)?;
    let (low, high) = match first.loss {
        Loss::Random(percent) => binomial::interval(groups, group_loss(first.code, percent)?, ERROR),
        Loss::Bursts { .. } => {
            let certain = targets.iter().map(|target| target.lost_in_bursts()).sum();
            (certain, certain)
        }
    };
    ensure!(
        (low..=high).contains(&lost),
        "{first:?}: of {groups} groups {lost} are lost, and in theory {low} to {high} (random losses: but once in ten million runs)"
    );
    for target in targets {
        let (k, ..) = target.code;
        let complete = target.came.range(..GROUPS).filter(|(_, count)| **count >= k).count();
        ensure_eq!(
            target.receiver.counts().groups,
            complete as u64,
            "{target:?}: groups, and those that k packets came of"
        );
    }
    let repaired: u64 = targets.iter().map(|target| target.receiver.counts().repaired).sum();
    ensure!(repaired > 0, "{first:?}: nothing had to be repaired");
    Ok(())
}

/// The probability that a group is lost after repair when each packet is with the same.
fn group_loss((k, n, _): (u32, u32, u32), percent: u32) -> Result<f64, Failure> {
    let packets = binomial::distribution(n, f64::from(percent) / 100.0);
    Ok(packets[usize::try_from(n - k + 1)?..].iter().sum())
}
