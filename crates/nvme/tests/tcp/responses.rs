//! Responses: SQHD, flow control, SUCCESS, read data.

use nvme::base::status::Status;
use nvme::tcp::{CommandTag, ControllerInput, OutputSegment, Response};

use crate::shell::{SETTINGS, SUCCESS, Settings, Shell, connect};
use crate::wire::{ALL, FLUSH, PLAIN, READ, Wire, entry, initialize_request, pattern, transport};

const NO_FLOW_CONTROL: Settings = Settings { flow_control_disabled: true, ..SETTINGS };

#[test]
fn the_head_of_the_queue_goes_round() {
    let mut shell = Shell::connected(PLAIN, SETTINGS);
    for command in 0..30_u16 {
        shell.receive(&PLAIN.command(&entry(FLUSH, command, [0; 16]), &[]));
        // Connect was the first.
        assert_eq!(shell.take_output(), PLAIN.response(command, (command + 2) % SETTINGS.entries, 0, 0));
    }
}

/// The Connect response of a queue without flow control has FFFFh, whichever of the two calls comes first; later ones have 0.
#[test]
fn connect_without_flow_control_is_confirmed() {
    for wire in ALL {
        for configured_first in [false, true] {
            for disabled in [false, true] {
                let mut shell = Shell::new(crate::shell::OPTIONS);
                let digests = u8::from(wire.header_digest) | u8::from(wire.data_digest) << 1;
                shell.receive(&initialize_request(0, digests, 0));
                shell.take_output();
                shell.answers = false;
                shell.receive(&Wire { alignment: 4, ..wire }.command_of_connect());
                let response = Response { result: 0x0001_0005, status: Status::SUCCESS };
                if configured_first {
                    shell.connection.configure_queue(8, 0, disabled);
                }
                shell.connection.complete(CommandTag(0), response);
                if !configured_first {
                    shell.connection.configure_queue(8, 0, disabled);
                }
                shell.receive(&wire.command(&entry(FLUSH, 1, [0; 16]), &[]));
                shell.connection.complete(CommandTag(0), SUCCESS);
                let heads = if disabled { (0xffff, 0) } else { (1, 2) };
                let expected = [wire.response(0, heads.0, 0, 0x0001_0005), wire.response(1, heads.1, 0, 0)].concat();
                assert_eq!(shell.take_output(), expected, "{wire:?} {configured_first} {disabled}");
            }
        }
    }
}

impl Wire {
    fn command_of_connect(self) -> Vec<u8> {
        connect(self)
    }
}

#[test]
fn a_refused_connect_may_be_followed_by_another() {
    let mut shell = Shell::new(crate::shell::OPTIONS);
    shell.receive(&initialize_request(0, 0, 0));
    shell.take_output();
    shell.answers = false;
    let refused = Response { result: 0, status: Status::CONNECT_INVALID_HOST.with_do_not_retry() };
    for attempt in 1..=3 {
        shell.receive(&connect(PLAIN));
        shell.connection.complete(CommandTag(0), refused);
        assert_eq!(shell.take_output(), PLAIN.response(0, attempt, 0x4184, 0));
    }
    shell.receive(&connect(PLAIN));
    shell.connection.complete(CommandTag(0), SUCCESS);
    shell.connection.configure_queue(3, 0, false);
    assert_eq!(shell.take_output(), PLAIN.response(0, 4, 0, 0));
    // The place in the queue is that of the queue there is now.
    shell.receive(&PLAIN.command(&entry(FLUSH, 1, [0; 16]), &[]));
    shell.connection.complete(CommandTag(0), SUCCESS);
    assert_eq!(shell.take_output(), PLAIN.response(1, 2, 0, 0));
}

#[test]
fn success_replaces_the_response_where_nothing_else_is_to_be_said() {
    let failed = Response { result: 0, status: Status::UNRECOVERED_READ_ERROR };
    let with_result = Response { result: 1 << 32, status: Status::SUCCESS };
    let hinted = Response { result: 0, status: Status::SUCCESS.with_more() };
    for wire in ALL {
        for settings in [SETTINGS, NO_FLOW_CONTROL] {
            for (response, plain) in [(SUCCESS, true), (failed, false), (with_result, false), (hinted, false)] {
                let mut shell = Shell::connected(wire, settings);
                let capsule = wire.command(&entry(READ, 5, transport(64)), &[]);
                let Ok(Some(ControllerInput::Command { tag, .. })) = shell.connection.next_input(&mut &capsule[..])
                else {
                    panic!("a command was sent")
                };
                shell.send(tag, pattern(5, 64), response);
                let sending = Wire { alignment: 4, ..wire };
                let silent = plain && settings.flow_control_disabled;
                let mut expected = sending.controller_data(5, 0, if silent { 12 } else { 4 }, &pattern(5, 64));
                if !silent {
                    let head = if settings.flow_control_disabled { 0 } else { 2 };
                    let status = if response == failed {
                        0x281
                    } else if response == hinted {
                        0x2000
                    } else {
                        0
                    };
                    expected.extend(sending.response(5, head, status, response.result));
                }
                assert_eq!(shell.take_output(), expected, "{wire:?} {response:?}");
            }
        }
    }
}

#[test]
fn no_data_make_a_plain_response() {
    let mut shell = Shell::connected(PLAIN, NO_FLOW_CONTROL);
    shell.receive(&PLAIN.command(&entry(READ, 5, transport(0)), &[]));
    assert_eq!(shell.take_output(), PLAIN.response(5, 0, 0, 0));
    shell.answers = false;
    let capsule = PLAIN.command(&entry(READ, 6, transport(4)), &[]);
    let Ok(Some(ControllerInput::Command { tag, .. })) = shell.connection.next_input(&mut &capsule[..]) else {
        panic!("a command was sent")
    };
    shell.connection.send_data(tag, 0, None, SUCCESS);
    assert_eq!(shell.take_output(), PLAIN.response(6, 0, 0, 0));
}

#[test]
fn headers_between_payloads_are_one_piece() {
    let mut shell = Shell::connected(PLAIN, SETTINGS);
    for command_id in 0..3 {
        shell.receive(&PLAIN.command(&entry(FLUSH, command_id, [0; 16]), &[]));
    }
    for command_id in 3..6 {
        shell.receive(&PLAIN.command(&entry(READ, command_id, transport(512)), &[]));
    }
    let lengths: Vec<usize> = shell
        .connection
        .pending_output()
        .map(|segment| match segment {
            OutputSegment::Bytes(bytes) => bytes.len(),
            OutputSegment::Payload(range) => range.length as usize,
        })
        .collect();
    assert_eq!(lengths, [4 * 24, 512, 2 * 24, 512, 2 * 24, 512, 24]);
}

#[test]
fn output_is_the_same_however_much_is_sent_at_a_time() {
    let wire = Wire { header_digest: true, data_digest: true, alignment: 4 };
    let mut expected = Vec::new();
    for step in [usize::MAX, 1, 2, 3, 7, 24, 100, 513] {
        let mut shell = Shell::connected(wire, SETTINGS);
        for command_id in 0..4 {
            shell.receive(&wire.command(&entry(READ, command_id, transport(256)), &[]));
            shell.receive(&wire.command(&entry(FLUSH, command_id + 100, [0; 16]), &[]));
        }
        while shell.connection.pending_output_bytes() > 0 {
            shell.transmit(step);
        }
        if expected.is_empty() {
            expected.clone_from(&shell.sent);
        }
        assert_eq!(shell.sent, expected, "{step} bytes at a time");
    }
}

#[test]
fn a_slot_is_free_when_its_last_byte_is_out() {
    let mut shell = Shell::connected(PLAIN, Settings { entries: 2, ..SETTINGS });
    for command_id in 0..2 {
        shell.receive(&PLAIN.command(&entry(READ, command_id, transport(16)), &[]));
    }
    let mut released = Vec::new();
    shell.connection.transmitted(24 + 15, |tag| released.push(tag));
    assert_eq!(released, []);
    shell.connection.transmitted(1, |tag| released.push(tag));
    assert_eq!(released.len(), 1);
    let capsule = PLAIN.command(&entry(FLUSH, 3, [0; 16]), &[]);
    let input = shell.connection.next_input(&mut &capsule[..]);
    assert!(matches!(input, Ok(Some(ControllerInput::Command { tag, .. })) if tag == released[0]));
}

/// One PDU as large as its length field can tell of.
#[test]
fn the_largest_read() {
    let mut shell = Shell::connected(PLAIN, SETTINGS);
    shell.answers = false;
    let length = 0xffff_0000;
    let capsule = PLAIN.command(&entry(READ, 1, transport(length)), &[]);
    let Ok(Some(ControllerInput::Command { tag, .. })) = shell.connection.next_input(&mut &capsule[..]) else {
        panic!("a command was sent")
    };
    shell.connection.send_data(tag, length, None, SUCCESS);
    let Some(OutputSegment::Bytes(header)) = shell.connection.pending_output().next() else { panic!("no header") };
    assert_eq!(header[..8], [7, 4, 24, 24, 24, 0, 0xff, 0xff]);
    assert_eq!(shell.connection.pending_output_bytes(), 24 + length as usize + 24);
    let mut released = 0;
    for _ in 0..0x10_0000 {
        shell.connection.transmitted(0x1000.min(shell.connection.pending_output_bytes()), |_| released += 1);
    }
    assert_eq!((released, shell.connection.pending_output_bytes()), (1, 0));
}
