//! Data that are asked for: R2T and H2CData.

use nvme::tcp::{CommandData, ControllerInput};

use crate::shell::{Event, Reception, SETTINGS, SUCCESS, Settings, Shell, however_cut};
use crate::wire::{ALL, FLUSH, PLAIN, WRITE, Wire, entry, pattern, transport};

const CID: u16 = 0xbeef;

/// The requests in an output, as (transfer tag, offset, length).
fn requests(wire: Wire, output: &[u8]) -> Vec<(u16, u32, u32)> {
    let wire = Wire { alignment: 4, ..wire };
    let size = wire.ready_to_transfer(0, 0, 0, 0).len();
    let field = |pdu: &[u8], at: usize| u32::from_le_bytes(pdu[at..at + 4].try_into().unwrap());
    output
        .chunks(size)
        .map(|pdu| {
            let tag = u16::from_le_bytes([pdu[10], pdu[11]]);
            assert_eq!(pdu, wire.ready_to_transfer(CID, tag, field(pdu, 12), field(pdu, 16)));
            (tag, field(pdu, 12), field(pdu, 16))
        })
        .collect()
}

#[test]
fn data_are_asked_for_in_portions_within_the_hosts_limit() {
    for wire in ALL {
        for (limit_0based, at_once) in [(0, 1), (1, 2), (2, 3), (4, 4), (1000, 4), (u32::MAX, 4)] {
            let settings = Settings { max_ready_to_transfer_0based: limit_0based, ..SETTINGS };
            let mut shell = Shell::connected(wire, settings);
            let length = 3 * 4096 + 512;
            let data = pattern(CID, length);
            shell.receive(&wire.command(&entry(WRITE, CID, transport(u32::try_from(length).unwrap())), &[]));
            let mut outstanding = requests(wire, &shell.take_output());
            let mut served = Vec::new();
            assert_eq!(outstanding.len(), at_once);
            while !outstanding.is_empty() {
                assert!(shell.connection.awaits_host());
                assert!(outstanding.len() <= at_once);
                let (tag, offset, length) = outstanding.remove(0);
                served.push((offset, length));
                let portion = &data[offset as usize..(offset + length) as usize];
                let (front, back) = portion.split_at(portion.len() / 8 * 4);
                shell.receive(&wire.host_data(CID, tag, offset, false, front));
                assert_eq!(shell.connection.pending_output_bytes(), 0);
                let middle = offset + u32::try_from(front.len()).unwrap();
                shell.receive(&wire.host_data(CID, tag, middle, true, back));
                if shell.events.len() == 1 {
                    outstanding.extend(requests(wire, &shell.take_output()));
                }
            }
            assert_eq!(served, [(0, 4096), (4096, 4096), (8192, 4096), (12288, 512)]);
            assert_eq!(shell.take_events()[1], Event::Data { command_id: CID, bytes: data, intact: true });
            assert_eq!(shell.take_output(), Wire { alignment: 4, ..wire }.response(CID, 2, 0, 0));
            assert!(!shell.connection.awaits_host());
        }
    }
}

#[test]
fn no_more_requests_than_the_limit_whatever_the_host_takes() {
    let settings = Settings { max_ready_to_transfer_0based: u32::MAX, ..SETTINGS };
    let mut shell = Shell::connected(PLAIN, settings);
    shell.receive(&PLAIN.command(&entry(WRITE, CID, transport(1 << 20)), &[]));
    let limit = usize::try_from(nvme::tcp::limits::READY_TO_TRANSFER_MAX).unwrap();
    assert_eq!(requests(PLAIN, &shell.take_output()).len(), limit);
}

#[test]
fn data_arrive_however_they_are_cut() {
    for wire in ALL {
        let new = || {
            let mut shell = Shell::connected(wire, Settings { max_ready_to_transfer_0based: 1, ..SETTINGS });
            for command_id in [1, 2] {
                shell.receive(&wire.command(&entry(WRITE, command_id, transport(96)), &[]));
            }
            shell.take_events();
            shell.take_output();
            shell
        };
        // The first command of `connected` was slot 0, as is the first here.
        let (first, second) = (pattern(1, 96), pattern(2, 96));
        let mut stream = wire.host_data(2, 1, 0, false, &second[..32]);
        stream.extend(wire.host_data(1, 0, 0, true, &first));
        stream.extend(wire.command(&entry(FLUSH, 9, [0; 16]), &[]));
        stream.extend(wire.host_data(2, 1, 32, true, &second[32..]));
        let (events, output) = however_cut(new, &stream);
        assert_eq!(
            events,
            [
                Event::Data { command_id: 1, bytes: first, intact: true },
                Event::Command { command_id: 9, data: CommandData::None },
                Event::Data { command_id: 2, bytes: second, intact: true },
            ]
        );
        let sending = Wire { alignment: 4, ..wire };
        let expected = [(1, 3), (9, 4), (2, 4)].map(|(command_id, head)| sending.response(command_id, head, 0, 0));
        assert_eq!(output, expected.concat());
    }
}

#[test]
fn one_wrong_digest_spoils_the_command_and_nothing_else() {
    let wire = Wire { data_digest: true, ..PLAIN };
    let data = pattern(CID, 64);
    for wrong in 0..2 {
        let mut shell = Shell::connected(wire, SETTINGS);
        shell.receive(&wire.command(&entry(WRITE, CID, transport(64)), &[]));
        shell.take_output();
        let mut pdus = [wire.host_data(CID, 0, 0, false, &data[..32]), wire.host_data(CID, 0, 32, true, &data[32..])];
        pdus[wrong][24] ^= 1;
        shell.receive(&pdus.concat());
        assert!(matches!(shell.take_events()[1], Event::Data { intact: false, .. }));
        assert_eq!(shell.take_output(), wire.response(CID, 2, 0x22, 0));
        shell.receive(&wire.command(&entry(WRITE, CID, transport(64)), &[]));
        shell.receive(&wire.host_data(CID, 0, 0, true, &data));
        assert_eq!(shell.take_events()[1], Event::Data { command_id: CID, bytes: data.clone(), intact: true });
    }
}

#[test]
fn reserved_parts_of_host_data_are_not_looked_at() {
    // FLAGS bits 7:3 and the last four bytes.
    for (at, mask) in [(1, 0xf8_u8), (20, 0xff), (21, 0xff), (22, 0xff), (23, 0xff)] {
        for bit in (0..8).map(|bit| 1_u8 << bit).filter(|bit| mask & bit != 0) {
            let mut shell = Shell::connected(PLAIN, SETTINGS);
            shell.receive(&PLAIN.command(&entry(WRITE, CID, transport(8)), &[]));
            let mut pdu = PLAIN.host_data(CID, 0, 0, true, &pattern(CID, 8));
            pdu[at] |= bit;
            shell.receive(&pdu);
            let expected = Event::Data { command_id: CID, bytes: pattern(CID, 8), intact: true };
            assert_eq!(shell.take_events()[1..], [expected], "byte {at} bit {bit:02x}");
        }
    }
}

/// The longest transfer there is, received past the connection.
#[test]
fn the_largest_write() {
    let portion = 1 << 20;
    let settings = Settings { max_host_data_bytes: portion, max_ready_to_transfer_0based: 3, ..SETTINGS };
    let mut shell = Shell::connected(PLAIN, settings);
    let length = u32::MAX - 3;
    let capsule = PLAIN.command(&entry(WRITE, CID, transport(length)), &[]);
    let Ok(Some(ControllerInput::Command { tag, data, .. })) = shell.connection.next_input(&mut &capsule[..]) else {
        panic!("a command was sent")
    };
    assert_eq!(data, CommandData::Transport { length });
    shell.connection.request_data(tag);
    let (mut offset, mut asked) = (0, Vec::new());
    let complete = loop {
        asked.extend(requests(PLAIN, &shell.take_output()));
        assert!(asked.len() <= 4);
        let (_, requested, bytes) = asked.remove(0);
        assert_eq!(requested, offset);
        // The header of a PDU with so much data, without the data.
        let mut header = PLAIN.host_data(CID, tag.0, offset, true, &[0; 4]);
        header.truncate(24);
        header[4..8].copy_from_slice(&(24 + bytes).to_le_bytes());
        header[16..20].copy_from_slice(&bytes.to_le_bytes());
        assert_eq!(shell.connection.next_input(&mut &header[..]), Ok(None));
        let range = shell.connection.direct_payload().unwrap();
        assert_eq!((range.tag, range.offset, range.length), (tag, offset, bytes));
        assert_eq!(shell.connection.received_direct(bytes - 1), None);
        let end = shell.connection.received_direct(1);
        offset += bytes;
        if let Some(end) = end {
            break end;
        }
    };
    assert_eq!(offset, length);
    assert_eq!(complete, ControllerInput::DataComplete { tag, intact: true });
    shell.connection.complete(tag, SUCCESS);
    assert_eq!(shell.take_output(), PLAIN.response(CID, 2, 0, 0));
}

#[test]
fn data_with_a_digest_are_never_received_past_the_connection() {
    for wire in ALL {
        let mut shell = Shell::connected(wire, SETTINGS);
        shell.reception = Reception::Staged;
        shell.receive(&wire.command(&entry(WRITE, CID, transport(64)), &[]));
        let pdu = wire.host_data(CID, 0, 0, true, &pattern(CID, 64));
        let data_start = usize::from(pdu[3]);
        for cut in 0..pdu.len() {
            let mut shell = Shell::connected(wire, SETTINGS);
            shell.receive(&wire.command(&entry(WRITE, CID, transport(64)), &[]));
            shell.receive(&pdu[..cut]);
            let within = (data_start..data_start + 64).contains(&cut);
            let expected = (within && !wire.data_digest).then(|| 64 - (cut - data_start));
            let length = shell.connection.direct_payload().map(|range| range.length as usize);
            assert_eq!(length, expected, "{wire:?} cut at {cut}");
        }
    }
}
