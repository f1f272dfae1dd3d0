//! Command capsules: in-capsule data, SGL descriptors, slots.

use nvme::base::status::Status;
use nvme::tcp::CommandData;

use crate::shell::{Event, SETTINGS, Shell, however_cut};
use crate::wire::{ALL, FABRICS, FLUSH, PLAIN, READ, WRITE, Wire, descriptor, entry, in_capsule, pattern, transport};

#[test]
fn in_capsule_data_arrive_however_they_are_cut() {
    for wire in ALL {
        let data = pattern(3, 300);
        let mut stream = wire.command(&entry(WRITE, 3, in_capsule(0, 300)), &data);
        stream.extend(wire.command(&entry(FLUSH, 4, [0; 16]), &[]));
        let (events, output) = however_cut(|| Shell::connected(wire, SETTINGS), &stream);
        assert_eq!(
            events,
            [
                Event::Command { command_id: 3, data: CommandData::InCapsule { length: 300 } },
                Event::Data { command_id: 3, bytes: data, intact: true },
                Event::Command { command_id: 4, data: CommandData::None },
            ]
        );
        let sending = Wire { alignment: 4, ..wire };
        assert_eq!(output, [sending.response(3, 2, 0, 0), sending.response(4, 3, 0, 0)].concat());
    }
}

#[test]
fn in_capsule_data_are_found_behind_any_padding() {
    for alignment_0based in 0..32 {
        for wire in ALL {
            let wire = Wire { alignment: (alignment_0based + 1) * 4, ..wire };
            let data = pattern(9, 512);
            let mut shell = Shell::connected(wire, SETTINGS);
            shell.receive(&wire.command(&entry(WRITE, 9, in_capsule(0, 512)), &data));
            assert_eq!(shell.take_events()[1], Event::Data { command_id: 9, bytes: data, intact: true });
        }
    }
}

/// More padding than the alignment needs is still aligned, and its content is reserved.
#[test]
fn padding_may_be_longer_and_hold_anything() {
    let data = pattern(1, 64);
    let mut pdu = PLAIN.command(&entry(WRITE, 1, in_capsule(0, 64)), &data);
    pdu.splice(72..72, [0xa5; 180]);
    pdu[3] = 72 + 180;
    pdu[4..8].copy_from_slice(&(72_u32 + 180 + 64).to_le_bytes());
    let (events, _) = however_cut(|| Shell::connected(PLAIN, SETTINGS), &pdu);
    assert_eq!(events[1], Event::Data { command_id: 1, bytes: data, intact: true });
}

#[test]
fn reserved_flags_and_the_offset_of_absent_data_are_not_looked_at() {
    for bit in 2..8 {
        let mut pdu = PLAIN.command(&entry(FLUSH, 1, [0; 16]), &[]);
        pdu[1] |= 1 << bit;
        let mut shell = Shell::connected(PLAIN, SETTINGS);
        shell.receive(&pdu);
        assert_eq!(shell.take_events(), [Event::Command { command_id: 1, data: CommandData::None }], "bit {bit}");
    }
    for data_offset in [1, 72, 76, 255] {
        let mut pdu = PLAIN.command(&entry(FLUSH, 1, [0; 16]), &[]);
        pdu[3] = data_offset;
        // Without data there is no data digest either, whatever the flag says.
        pdu[1] |= 2;
        let mut shell = Shell::connected(PLAIN, SETTINGS);
        shell.receive(&pdu);
        assert_eq!(shell.take_events(), [Event::Command { command_id: 1, data: CommandData::None }]);
    }
}

#[test]
fn a_flipped_bit_in_the_data_is_told_and_the_stream_goes_on() {
    let wire = Wire { data_digest: true, ..PLAIN };
    for at in 72..72 + 32 + 4 {
        for bit in 0..8 {
            let mut stream = wire.command(&entry(WRITE, 7, in_capsule(0, 32)), &pattern(7, 32));
            stream[at] ^= 1 << bit;
            stream.extend(wire.command(&entry(FLUSH, 8, [0; 16]), &[]));
            let mut shell = Shell::connected(wire, SETTINGS);
            shell.receive(&stream);
            let events = shell.take_events();
            assert!(matches!(events[1], Event::Data { command_id: 7, intact: false, .. }), "byte {at} bit {bit}");
            assert_eq!(events[2], Event::Command { command_id: 8, data: CommandData::None });
            // Transient Transport Error, 22h.
            assert_eq!(shell.take_output(), [wire.response(7, 2, 0x22, 0), wire.response(8, 3, 0, 0)].concat());
        }
    }
}

#[test]
fn data_that_cannot_be_had_as_described_are_refused_and_dropped() {
    let generic = |code| Status::new(0, code).with_do_not_retry();
    let write = |sgl| entry(WRITE, 1, sgl);
    let mut no_sgl = entry(WRITE, 1, in_capsule(0, 8));
    no_sgl[1] = 0;
    let mut reserved_psdt = no_sgl;
    reserved_psdt[1] = 0xc0;
    for (name, entry, data_bytes, status) in [
        ("PRP", no_sgl, 8, generic(0x02)),
        ("PSDT 3", reserved_psdt, 8, generic(0x02)),
        ("unknown descriptor", write(descriptor(0, 8, 0x20)), 8, generic(0x11)),
        ("unknown descriptor without data", write(descriptor(0, 8, 0x00)), 0, generic(0x11)),
        ("keyed descriptor", write(descriptor(0, 0, 0x40)), 0, generic(0x11)),
        ("offset", write(in_capsule(4, 8)), 12, generic(0x16)),
        ("shorter than the capsule's data", write(in_capsule(0, 4)), 8, generic(0x0f)),
        ("longer than the capsule's data", write(in_capsule(0, 12)), 8, generic(0x0f)),
        ("no data where the descriptor has some", write(in_capsule(0, 8)), 0, generic(0x0f)),
        ("read into the capsule", entry(READ, 1, in_capsule(0, 8)), 8, generic(0x11)),
        ("data with a command that has none", entry(FLUSH, 1, in_capsule(0, 8)), 8, generic(0x02)),
        ("data beside a transport descriptor", write(transport(8)), 8, generic(0x02)),
        ("not whole dwords to fetch", write(transport(7)), 0, generic(0x1e)),
    ] {
        for wire in ALL {
            let mut stream = wire.command(&entry, &pattern(0, data_bytes));
            stream.extend(wire.command(&crate::wire::entry(FLUSH, 2, [0; 16]), &[]));
            let mut shell = Shell::connected(wire, SETTINGS);
            shell.receive(&stream);
            assert_eq!(
                shell.take_events(),
                [Event::Rejected { command_id: 1, status }, Event::Command { command_id: 2, data: CommandData::None },],
                "{name}"
            );
        }
    }
}

#[test]
fn commands_without_data_may_say_so_in_each_way() {
    for opcode in [READ, WRITE, FLUSH] {
        for sgl in [[0; 16], transport(0), in_capsule(0, 0)] {
            let mut shell = Shell::connected(PLAIN, SETTINGS);
            shell.receive(&PLAIN.command(&entry(opcode, 1, sgl), &[]));
            assert_eq!(shell.take_events(), [Event::Command { command_id: 1, data: CommandData::None }]);
        }
    }
}

#[test]
fn fabrics_commands_always_have_8192_bytes_in_the_capsule() {
    let mut shell = Shell::connected(PLAIN, SETTINGS);
    let mut shell_without = Shell::new(crate::shell::OPTIONS);
    shell_without.receive(&crate::wire::initialize_request(0, 0, 0));
    shell_without.receive(&crate::shell::connect(PLAIN));
    shell_without.connection.configure_queue(8, 0, false);
    shell_without.take_events();
    let mut authentication = entry(FABRICS, 6, in_capsule(0, 8192));
    authentication[4] = 5;
    let data = pattern(6, 8192);
    for shell in [&mut shell, &mut shell_without] {
        shell.receive(&PLAIN.command(&authentication, &data));
        assert_eq!(shell.take_events()[1], Event::Data { command_id: 6, bytes: data.clone(), intact: true });
    }
}

#[test]
fn as_many_commands_as_the_queue_has_entries_are_taken() {
    let mut shell = Shell::connected(PLAIN, SETTINGS);
    shell.answers = false;
    for command_id in 0..SETTINGS.entries {
        shell.receive(&PLAIN.command(&entry(FLUSH, command_id, [0; 16]), &[]));
    }
    assert_eq!(shell.take_events().len(), usize::from(SETTINGS.entries));
    shell.receive(&PLAIN.command(&entry(FLUSH, 99, [0; 16]), &[]));
    assert!(matches!(shell.take_events()[..], [Event::Faulty(fault)] if fault.status().0 == 2));
}

#[test]
fn slots_come_back() {
    let mut shell = Shell::connected(PLAIN, SETTINGS);
    for round in 0..1000_u16 {
        let (opcode, sgl) = if round % 2 == 0 { (FLUSH, [0; 16]) } else { (READ, transport(16)) };
        shell.receive(&PLAIN.command(&entry(opcode, round, sgl), &[]));
        shell.take_output();
    }
    assert_eq!(shell.take_events().len(), 1000);
}

#[test]
fn dropped_data_end_with_the_command_still_to_be_answered() {
    use nvme::tcp::{ControllerInput, Response};
    for wire in ALL {
        let mut shell = Shell::connected(wire, SETTINGS);
        let stream = wire.command(&entry(WRITE, 3, in_capsule(0, 64)), &pattern(3, 64));
        let mut bytes = &stream[..];
        let Ok(Some(ControllerInput::Command { tag, .. })) = shell.connection.next_input(&mut bytes) else {
            panic!("a command was sent")
        };
        assert_eq!(shell.connection.direct_payload().is_some(), !wire.data_digest && wire.alignment == 4);
        shell.connection.discard_data(tag);
        assert_eq!(shell.connection.direct_payload(), None);
        let next = shell.connection.next_input(&mut bytes);
        assert_eq!(next, Ok(Some(ControllerInput::DataComplete { tag, intact: true })));
        shell.connection.complete(tag, Response { result: 0, status: Status::NAMESPACE_WRITE_PROTECTED });
        assert_eq!(shell.take_output(), Wire { alignment: 4, ..wire }.response(3, 2, 0x20, 0));
    }
}
