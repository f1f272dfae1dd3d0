//! What a host sends for each command, byte by byte, and what it makes of the answers.

use nvme::base::status::Status;
use nvme::tcp::{CommandTag, HostConnection, HostData, HostOptions, PayloadRange};

use super::{Event, IN_CAPSULE_BYTES, MAX_HOST_DATA_BYTES, Reception, Shell, digests, however_cut};
use crate::wire::{
    ALL, FLUSH, PLAIN, READ, WRITE, Wire, entry, in_capsule, initialize_request, initialize_response, pattern,
    transport,
};

const LAST: u8 = 4;
const SUCCESS: u8 = 8;

fn completed(events: &[Event]) -> Vec<(u16, Status, u32, bool)> {
    let completed = events.iter().map(|event| match event {
        Event::Completed(tag, completion) => {
            (*tag, completion.entry.status(), completion.data_received, completion.data_intact)
        }
        other => panic!("{other:?}"),
    });
    completed.collect()
}

#[test]
fn the_request_carries_the_hosts_options() {
    for wire in ALL {
        let alignment = u8::try_from(wire.alignment / 4 - 1).unwrap();
        let mut shell = Shell::new(HostOptions {
            header_digest: wire.header_digest,
            data_digest: wire.data_digest,
            data_alignment_0based: alignment,
            max_ready_to_transfer_0based: 7,
        });
        shell.transmit(usize::MAX);
        assert_eq!(shell.sent, initialize_request(alignment, digests(wire), 7));
    }
}

#[test]
fn a_digest_is_on_when_the_controller_says_so() {
    for asked in 0..4_u8 {
        for granted in (0..4).filter(|granted| granted & asked == *granted) {
            let options =
                HostOptions { header_digest: asked & 1 != 0, data_digest: asked & 2 != 0, ..HostOptions::default() };
            let stream = initialize_response(0, granted, MAX_HOST_DATA_BYTES);
            let mut shell = Shell::new(options);
            shell.receive(&stream, Reception::Staged);
            let on = u8::from(shell.connection.header_digest()) | u8::from(shell.connection.data_digest()) << 1;
            assert_eq!((on, shell.events), (granted, vec![Event::Established]));
        }
    }
}

#[test]
fn reserved_parts_of_the_answers_are_not_looked_at() {
    let mut response = initialize_response(0, 0, MAX_HOST_DATA_BYTES);
    response[1] = 0xff;
    response[3] = 0xff;
    response[11] |= 0xfc;
    response[16..].fill(0xff);
    let mut shell = Shell::new(HostOptions::default());
    shell.receive(&response, Reception::Staged);
    assert_eq!(shell.events, [Event::Established]);

    let mut shell = Shell::connected(PLAIN);
    shell.read(1, 8);
    shell.write(2, pattern(2, 16384));
    shell.transmit(usize::MAX);
    let mut data = PLAIN.controller_data(1, 0, LAST | 0xf0, &pattern(1, 8));
    data[10..12].fill(0xff);
    data[20..24].fill(0xff);
    let mut request = PLAIN.ready_to_transfer(2, 9, 0, 16384);
    request[1] = 0xfe;
    request[3] = 0xff;
    request[20..24].fill(0xff);
    let mut response = PLAIN.response(1, 0, 0, 0);
    response[1] = 0xfe;
    response[3] = 0xff;
    response[22] |= 1;
    shell.receive(&[data, request, response].concat(), Reception::Staged);
    assert_eq!(completed(&shell.events), [(1, Status::SUCCESS, 8, true)]);
    assert_eq!(shell.wanted.len(), 1);
}

#[test]
fn capsules_carry_small_writes() {
    for wire in ALL {
        let mut shell = Shell::connected(wire);
        shell.submit(0, FLUSH, HostData::None, vec![]);
        shell.write(1, pattern(1, 512));
        shell.write(2, pattern(2, IN_CAPSULE_BYTES as usize));
        shell.write(3, pattern(3, IN_CAPSULE_BYTES as usize + 4));
        shell.read(4, 4096);
        shell.transmit(usize::MAX);
        let expected = [
            wire.command(&entry(FLUSH, 0, [0; 16]), &[]),
            wire.command(&entry(WRITE, 1, in_capsule(0, 512)), &pattern(1, 512)),
            wire.command(&entry(WRITE, 2, in_capsule(0, IN_CAPSULE_BYTES)), &pattern(2, IN_CAPSULE_BYTES as usize)),
            wire.command(&entry(WRITE, 3, transport(IN_CAPSULE_BYTES + 4)), &[]),
            wire.command(&entry(READ, 4, transport(4096)), &[]),
        ];
        assert_eq!(shell.sent, expected.concat(), "{wire:?}");
    }
}

#[test]
fn data_are_sent_as_they_are_asked_for() {
    for wire in ALL {
        let bytes = pattern(1, 10000);
        let new = || {
            let mut shell = Shell::connected(wire);
            shell.write(1, pattern(1, 10000));
            shell.transmit(usize::MAX);
            shell.sent.clear();
            shell
        };
        let stream = [
            wire.ready_to_transfer(1, 0x1234, 0, 9000),
            wire.ready_to_transfer(1, 0x0056, 9000, 1000),
            wire.response(1, 3, 0, 0),
        ];
        let (events, sent, _) = however_cut(new, &stream.concat());
        let expected = [
            wire.host_data(1, 0x1234, 0, false, &bytes[..4096]),
            wire.host_data(1, 0x1234, 4096, false, &bytes[4096..8192]),
            wire.host_data(1, 0x1234, 8192, true, &bytes[8192..9000]),
            wire.host_data(1, 0x0056, 9000, true, &bytes[9000..]),
        ];
        assert_eq!(sent, expected.concat(), "{wire:?}");
        assert_eq!(completed(&events), [(1, Status::SUCCESS, 0, true)]);
    }
}

#[test]
fn a_completion_waits_until_the_data_are_out() {
    // The controller may give up on a write early, but the bytes that were announced have to follow, and come from the command.
    let mut shell = Shell::connected(PLAIN);
    shell.write(1, pattern(1, 16384));
    shell.transmit(usize::MAX);
    let refused = PLAIN.response(1, 0, 0x0081, 0);
    shell.receive(&[PLAIN.ready_to_transfer(1, 0, 0, 8192), refused].concat(), Reception::Staged);
    let pending = shell.connection.pending_output_bytes();
    for sent in 1..pending {
        shell.transmit(1);
        assert_eq!(shell.events, [], "{sent} of {pending} bytes are out");
    }
    shell.transmit(1);
    assert_eq!(completed(&shell.events), [(1, Status::CAPACITY_EXCEEDED, 0, true)]);
    // The tag is free again.
    shell.read(1, 4);
}

#[test]
fn a_request_may_follow_when_the_data_of_one_before_are_out() {
    let mut shell = Shell::connected(PLAIN);
    shell.write(1, pattern(1, 16384));
    shell.transmit(usize::MAX);
    for offset in (0..16384).step_by(1024) {
        shell.receive(&PLAIN.ready_to_transfer(1, 0, offset, 1024), Reception::Staged);
        shell.transmit(usize::MAX);
    }
    assert_eq!((shell.events, shell.wanted.len()), (vec![], 16));
}

#[test]
fn data_arrive_however_they_are_cut() {
    for wire in ALL {
        let (one, two) = (pattern(1, 300), pattern(2, 8));
        let new = || {
            let mut shell = Shell::connected(wire);
            shell.read(1, 300);
            shell.read(2, 8);
            shell.transmit(usize::MAX);
            shell.sent.clear();
            shell
        };
        let stream = [
            wire.controller_data(1, 0, 0, &one[..100]),
            wire.controller_data(2, 0, LAST, &two),
            wire.controller_data(1, 100, 0, &one[100..104]),
            wire.response(2, 0, 0, 0x0102_0304_0506_0708),
            wire.controller_data(1, 104, LAST | SUCCESS, &one[104..]),
        ];
        let (events, _, data) = however_cut(new, &stream.concat());
        assert_eq!(completed(&events), [(2, Status::SUCCESS, 8, true), (1, Status::SUCCESS, 300, true)], "{wire:?}");
        let Event::Completed(_, completion) = &events[0] else { unreachable!() };
        assert_eq!(completion.entry.result.get(), 0x0102_0304_0506_0708);
        assert_eq!((&data[&1], &data[&2]), (&one, &two), "{wire:?}");
    }
}

#[test]
fn less_data_than_asked_for_are_counted() {
    let mut shell = Shell::connected(PLAIN);
    for tag in 0..3 {
        shell.read(tag, 64);
    }
    shell.transmit(usize::MAX);
    let stream = [
        PLAIN.controller_data(0, 0, LAST | SUCCESS, &[0; 32]),
        PLAIN.controller_data(1, 0, 0, &[0; 16]),
        PLAIN.response(1, 0, 0x0006, 0),
        PLAIN.response(2, 0, 0, 0),
    ];
    shell.receive(&stream.concat(), Reception::Staged);
    let expected =
        [(0, Status::SUCCESS, 32, true), (1, Status::INTERNAL_ERROR, 16, true), (2, Status::SUCCESS, 0, true)];
    assert_eq!(completed(&shell.events), expected);
}

#[test]
fn one_wrong_digest_spoils_the_command_and_nothing_else() {
    let wire = Wire { data_digest: true, ..PLAIN };
    let mut shell = Shell::connected(wire);
    shell.read(1, 16);
    shell.read(2, 8);
    shell.transmit(usize::MAX);
    let mut wrong = wire.controller_data(1, 0, 0, &pattern(1, 8));
    wrong[24] ^= 1;
    let stream = [
        wrong,
        wire.controller_data(1, 8, LAST | SUCCESS, &pattern(1, 8)),
        wire.controller_data(2, 0, LAST | SUCCESS, &pattern(2, 8)),
    ];
    shell.receive(&stream.concat(), Reception::Staged);
    assert_eq!(completed(&shell.events), [(1, Status::SUCCESS, 16, false), (2, Status::SUCCESS, 8, true)]);
}

#[test]
fn data_with_a_digest_are_never_received_past_the_connection() {
    for (digest, direct) in [(false, true), (true, false)] {
        let wire = Wire { data_digest: digest, ..PLAIN };
        let mut shell = Shell::connected(wire);
        shell.read(1, 64);
        shell.transmit(usize::MAX);
        let pdu = wire.controller_data(1, 0, LAST, &[0; 64]);
        assert_eq!(shell.connection.direct_payload(), None);
        shell.receive(&pdu[..32], Reception::Staged);
        let expected = direct.then_some(PayloadRange { tag: CommandTag(1), offset: 8, length: 56 });
        assert_eq!(shell.connection.direct_payload(), expected);
    }
}

#[test]
#[should_panic(expected = "command CommandTag(1) is outstanding")]
fn a_tag_names_one_command_at_a_time() {
    let mut shell = Shell::connected(PLAIN);
    shell.read(1, 4);
    shell.read(1, 4);
}

#[test]
#[should_panic(expected = "not established")]
fn commands_follow_the_negotiation() {
    let mut connection = HostConnection::new(HostOptions::default());
    connection.configure_queue(2, 8192);
    let entry = nvme::base::command::SubmissionQueueEntry::new(FLUSH, 0);
    connection.submit(CommandTag(0), &entry, HostData::None, |_| 0);
}
