//! Random hosts: mostly well-behaved ones with accidents. Whatever they send, the events and the output do not depend on how it is
//! cut, and nothing panics. A failure names its seed; `SEED=n` runs that one alone.

use crate::shell::{Event, OPTIONS, Reception, SETTINGS, Settings, Shell, connect};
use crate::wire::{
    FABRICS, FLUSH, READ, WRITE, Wire, descriptor, entry, in_capsule, initialize_request, pattern, termination,
    transport,
};

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// The seeds to run: the one in the environment, or the first `count`.
pub(crate) fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().expect("SEED is a number")],
        Err(_) => (0..count).collect(),
    }
}

/// One PDU that a host might send, and might not.
fn pdu(random: &mut Random, wire: Wire) -> Vec<u8> {
    let command_id = u16::try_from(random.below(6)).unwrap();
    let size = [0, 4, 8, 64, 512, 4096][random.below(6)];
    let length = u32::try_from(size).unwrap();
    let opcode = [FLUSH, READ, WRITE, WRITE, FABRICS, 0x0c, 0x03][random.below(7)];
    let mut pdu = match random.below(24) {
        0..9 => wire.command(&entry(opcode, command_id, in_capsule(0, length)), &pattern(command_id, size)),
        9..21 => wire.command(&entry(opcode, command_id, transport(length * 3)), &[]),
        21 => {
            let identifier = random.next().to_le_bytes()[0];
            wire.command(&entry(opcode, command_id, descriptor(0, length, identifier)), &[])
        }
        22 => {
            let tag = u16::try_from(random.below(4)).unwrap();
            let offset = u32::try_from(random.below(3) * 4096).unwrap();
            wire.host_data(command_id, tag, offset, random.one_in(2), &pattern(command_id, size.max(4)))
        }
        _ if random.one_in(8) => termination(2, 1, 2, &[0; 24]),
        _ => initialize_request(random.next().to_le_bytes()[0] & 31, 3, 1),
    };
    if random.one_in(20) {
        let at = random.below(pdu.len());
        pdu[at] ^= 1 << random.below(8);
    }
    if random.one_in(50) {
        pdu.truncate(random.below(pdu.len()));
    }
    pdu
}

/// A host that answers R2Ts as it should, so that the fuzz gets past the first PDUs.
fn serve(random: &mut Random, wire: Wire, output: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut rest = output;
    while rest.len() >= 8 {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        let (pdu, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        if pdu[0] == 9 && !random.one_in(16) {
            let field = |at: usize| u32::from_le_bytes(pdu[at..at + 4].try_into().unwrap());
            let (command_id, tag) = (u16::from_le_bytes([pdu[8], pdu[9]]), u16::from_le_bytes([pdu[10], pdu[11]]));
            let data = pattern(command_id, field(16) as usize);
            stream.extend(wire.host_data(command_id, tag, field(12), true, &data));
        }
    }
    stream
}

#[test]
fn random_hosts_find_the_same_connection_however_they_are_cut() {
    let mut data_events = 0;
    for seed in seeds(3000) {
        let mut random = Random(seed);
        let wire = crate::wire::ALL[random.below(8)];
        let settings = Settings {
            max_ready_to_transfer_0based: u32::try_from(random.below(3)).unwrap(),
            flow_control_disabled: random.one_in(2),
            ..SETTINGS
        };
        let new = || Shell::connected(wire, settings);
        let mut cut = new();
        cut.reception = Reception::Direct;
        let mut whole = new();
        for _ in 0..random.below(40) {
            let mut stream = serve(&mut random, wire, &whole.sent);
            whole.sent.clear();
            cut.sent.clear();
            stream.extend(pdu(&mut random, wire));
            whole.receive(&stream);
            let mut rest = &stream[..];
            while !rest.is_empty() {
                let most = if random.one_in(2) { 8 } else { 3000 };
                let count = (1 + random.below(most)).min(rest.len());
                cut.receive(&rest[..count]);
                rest = &rest[count..];
            }
            whole.transmit(usize::MAX);
            while cut.connection.pending_output_bytes() > 0 {
                cut.transmit(1 + random.below(2000));
            }
            assert_eq!(cut.events, whole.events, "SEED={seed}");
            assert_eq!(cut.sent, whole.sent, "SEED={seed}");
            assert_eq!(cut.connection.awaits_host(), whole.connection.awaits_host(), "SEED={seed}");
        }
        data_events += whole.events.iter().filter(|event| matches!(event, Event::Data { .. })).count();
    }
    assert!(std::env::var("SEED").is_ok() || data_events > 3000, "the fuzz gets nowhere: {data_events}");
}

#[test]
fn random_bytes_end_in_a_fault_or_in_waiting() {
    for seed in seeds(20_000) {
        let mut random = Random(seed);
        let mut shell = Shell::new(OPTIONS);
        if random.one_in(2) {
            shell.receive(&initialize_request(0, 0, 0));
            shell.receive(&connect(crate::wire::PLAIN));
            shell.connection.configure_queue(4, 8192, false);
        }
        let mut bytes: Vec<u8> = (0..random.below(200)).map(|_| random.next().to_le_bytes()[0]).collect();
        // Something that gets further than its first byte.
        for (at, choices) in [(0, &[0, 2, 4, 6][..]), (1, &[0, 4]), (2, &[128, 24, 72]), (3, &[0, 24, 72])] {
            if !random.one_in(3) && at < bytes.len() {
                bytes[at] = choices[random.below(choices.len())];
            }
        }
        shell.receive(&bytes);
        let faults = shell.events.iter().filter(|event| matches!(event, Event::Faulty(_))).count();
        assert!(faults <= 1, "SEED={seed}: {:?}", shell.events);
    }
}
