//! Random controllers: mostly well-behaved ones with accidents. Whatever they send, events, data and output do not depend on how it
//! is cut, and nothing panics. A failure names its seed; `SEED=n` runs that one alone.

use nvme::tcp::{HostData, HostOptions};

use super::{ENTRIES, Event, Reception, Shell};
use crate::fuzz::{Random, seeds};
use crate::wire::{ALL, Wire, initialize_response, pattern, termination};

const LAST: u8 = 4;
const SUCCESS: u8 = 8;

/// A controller that knows what it has been asked for, and mostly does that.
struct Controller {
    wire: Wire,
    /// By tag: whether it is a read, its length, how far it is.
    commands: Vec<Option<(bool, usize, usize)>>,
}

impl Controller {
    fn pdu(&mut self, random: &mut Random) -> Vec<u8> {
        let tag = random.below(self.commands.len());
        let id = u16::try_from(tag).unwrap();
        if random.one_in(60) {
            return self.accident(random, id);
        }
        let Some((is_read, length, done)) = self.commands[tag] else { return vec![] };
        let left = length - done;
        let count = if random.one_in(3) { left } else { (random.below(left / 4 + 1) * 4).min(left) };
        let offset = u32::try_from(done).unwrap();
        if left == 0 || random.one_in(20) {
            self.commands[tag] = None;
            let status = if random.one_in(4) { 0x4006 } else { 0 };
            return self.wire.response(id, 0, status, random.next());
        }
        if count == 0 {
            return vec![];
        }
        self.commands[tag] = Some((is_read, length, done + count));
        if !is_read {
            return self.wire.ready_to_transfer(id, id ^ 0x55, offset, u32::try_from(count).unwrap());
        }
        let last = count == left;
        let success = last && random.one_in(2);
        if success {
            self.commands[tag] = None;
        }
        let flags = if last { LAST } else { 0 } | if success { SUCCESS } else { 0 };
        self.wire.controller_data(id, offset, flags, &pattern(id, count))
    }

    fn accident(&self, random: &mut Random, id: u16) -> Vec<u8> {
        let some = u32::try_from(random.below(4) * 100).unwrap();
        let mut pdu = match random.below(6) {
            0 => self.wire.response(id, 0, 0, 0),
            1 => self.wire.ready_to_transfer(id, 0, some, 400),
            2 => self.wire.controller_data(id, some, random.next().to_le_bytes()[0] & 12, &[0; 8]),
            3 => termination(3, 1, some, &[0; 24]),
            4 => initialize_response(0, 0, 4096),
            _ => self.wire.response(id ^ 0x100, 0, 0, 0),
        };
        if random.one_in(2) {
            let at = random.below(pdu.len());
            pdu[at] ^= 1 << random.below(8);
        }
        pdu
    }
}

/// Commands of random kinds on every tag.
fn submit_all(shell: &mut Shell, random: &mut Random) -> Vec<Option<(bool, usize, usize)>> {
    let commands = (0..ENTRIES).map(|tag| {
        let length = [4, 64, 1000, 9000, 20000][random.below(5)];
        match random.below(3) {
            0 => {
                shell.submit(tag, 0, HostData::None, vec![]);
                (true, 0, 0)
            }
            1 => {
                shell.write(tag, pattern(tag, length));
                // What went with the capsule is not to be asked for.
                (false, length, if length <= 8192 { length } else { 0 })
            }
            _ => {
                shell.read(tag, u32::try_from(length).unwrap());
                (true, length, 0)
            }
        }
    });
    commands.map(Some).collect()
}

fn new_shell(seed: u64) -> (Shell, Controller, Random) {
    let mut random = Random(seed);
    let wire = ALL[random.below(ALL.len())];
    let mut shell = Shell::connected(wire);
    let commands = submit_all(&mut shell, &mut random);
    shell.transmit(usize::MAX);
    (shell, Controller { wire, commands }, random)
}

fn is_over(shell: &Shell) -> bool {
    matches!(shell.events.last(), Some(Event::Faulty(_) | Event::Terminated { .. }))
}

#[test]
fn random_controllers_find_the_same_host_however_they_are_cut() {
    let mut completions = 0;
    for seed in seeds(1000) {
        let (mut whole, mut controller, mut random) = new_shell(seed);
        let stream: Vec<Vec<u8>> = (0..40).map(|_| controller.pdu(&mut random)).collect();
        for pdu in &stream {
            if !is_over(&whole) {
                whole.receive(pdu, Reception::Staged);
                whole.transmit(usize::MAX);
            }
        }
        for reception in [Reception::Staged, Reception::Direct] {
            let (mut cut, _, _) = new_shell(seed);
            for pdu in &stream {
                let mut rest = pdu.as_slice();
                while !rest.is_empty() && !is_over(&cut) {
                    let count = 1 + random.below(rest.len());
                    cut.receive(&rest[..count], reception);
                    rest = &rest[count..];
                }
                cut.transmit(usize::MAX);
            }
            assert_eq!(cut.events, whole.events, "SEED={seed}");
            assert_eq!(cut.sent, whole.sent, "SEED={seed}");
            // After a fault bytes may have been placed that a whole PDU would have kept back.
            assert!(is_over(&whole) || cut.data == whole.data, "SEED={seed}");
        }
        completions += whole.events.iter().filter(|event| matches!(event, Event::Completed(..))).count();
    }
    assert!(std::env::var("SEED").is_ok() || completions > 2500, "the fuzz gets nowhere: {completions}");
}

#[test]
fn random_bytes_end_in_a_fault_or_in_waiting() {
    for seed in seeds(20_000) {
        let mut random = Random(seed);
        let mut shell =
            if random.one_in(3) { Shell::new(HostOptions::default()) } else { Shell::connected(ALL[random.below(8)]) };
        if !matches!(shell.connection.pending_output_bytes(), 128) {
            submit_all(&mut shell, &mut random);
        }
        shell.transmit(usize::MAX);
        let mut bytes: Vec<u8> = (0..random.below(200)).map(|_| random.next().to_le_bytes()[0]).collect();
        // Something that gets further than its first byte.
        for (at, choices) in [(0, &[1, 3, 5, 7, 9][..]), (1, &[0, 1, 4, 12]), (2, &[128, 24]), (3, &[0, 24]), (9, &[0])]
        {
            if !random.one_in(3) && at < bytes.len() {
                bytes[at] = choices[random.below(choices.len())];
            }
        }
        shell.receive(&bytes, Reception::Staged);
        let faults = shell.events.iter().filter(|event| matches!(event, Event::Faulty(_))).count();
        assert!(faults <= 1, "SEED={seed}: {:?}", shell.events);
    }
}
