//! Each rule that a controller can break, with what it is told.

use nvme::tcp::HostOptions;

use super::{Event, MAX_HOST_DATA_BYTES, Reception, Shell, however_cut};
use crate::wire::{FLUSH, PLAIN, Wire, entry, initialize_response, pattern, termination};

const DIGESTS: Wire = Wire { header_digest: true, data_digest: true, alignment: 4 };
const ALIGNED: Wire = Wire { alignment: 16, ..PLAIN };
const LAST: u8 = 4;
const SUCCESS: u8 = 8;
/// Outstanding in every case: a read of 64 bytes and two writes, one in its capsule and one that is to be asked for.
const READ_TAG: u16 = 1;
const CAPSULE_TAG: u16 = 2;
const WRITE_TAG: u16 = 3;
const WRITE_BYTES: u32 = 16384;

struct Case {
    name: &'static str,
    /// What was negotiated; `None`: the controller's answer is still to come.
    connected: Option<Wire>,
    stream: Vec<u8>,
    status: u16,
    information: u32,
    /// How much of the last PDU comes back.
    header_bytes: usize,
    /// Where in the stream the faulty PDU begins.
    begins: usize,
}

fn case(name: &'static str, wire: Wire, pdu: Vec<u8>, answer: (u16, u32), header_bytes: usize) -> Case {
    let (status, information) = answer;
    Case { name, connected: Some(wire), stream: pdu, status, information, header_bytes, begins: 0 }
}

fn first(name: &'static str, pdu: Vec<u8>, answer: (u16, u32), header_bytes: usize) -> Case {
    Case { connected: None, ..case(name, PLAIN, pdu, answer, header_bytes) }
}

/// A case whose last PDU is the faulty one.
fn after(name: &'static str, before: &[Vec<u8>], pdu: Vec<u8>, answer: (u16, u32)) -> Case {
    let begins = before.iter().map(Vec::len).sum();
    let stream = [before.concat(), pdu].concat();
    Case { stream, begins, ..case(name, PLAIN, vec![], answer, 24) }
}

fn with(mut pdu: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    pdu[at..at + bytes.len()].copy_from_slice(bytes);
    pdu
}

fn shell(connected: Option<Wire>) -> Shell {
    let Some(wire) = connected else { return Shell::new(HostOptions::default()) };
    let mut shell = Shell::connected(wire);
    shell.read(READ_TAG, 64);
    shell.write(CAPSULE_TAG, pattern(CAPSULE_TAG, 64));
    shell.write(WRITE_TAG, pattern(WRITE_TAG, WRITE_BYTES as usize));
    shell.transmit(usize::MAX);
    shell
}

fn check(cases: Vec<Case>) {
    for Case { name, connected, stream, status, information, header_bytes, begins } in cases {
        let (events, output, _) = however_cut(|| shell(connected), &stream);
        let faults =
            events.iter().filter_map(|event| if let Event::Faulty(fault) = event { Some(fault) } else { None });
        let [fault] = faults.collect::<Vec<_>>()[..] else { panic!("{name}: {events:?}") };
        assert_eq!((fault.status().0, fault.information()), (status, information), "{name}: {fault}");
        let expected = termination(2, status, information, &stream[begins..begins + header_bytes]);
        assert!(output.ends_with(&expected), "{name}: {output:02x?}, not {expected:02x?}");
        // What still comes is not looked at.
        let mut shell = shell(connected);
        shell.receive(&stream, Reception::Staged);
        shell.transmit(usize::MAX);
        let before = (shell.events.len(), shell.sent.len());
        shell.receive(&PLAIN.response(READ_TAG, 0, 0, 0), Reception::Staged);
        shell.transmit(usize::MAX);
        assert_eq!((shell.events.len(), shell.sent.len()), before, "{name}");
    }
}

#[test]
fn negotiation() {
    let response = initialize_response(0, 0, MAX_HOST_DATA_BYTES);
    check(vec![
        first("PFV 1", with(response.clone(), 8, &[1, 0]), (6, 8), 128),
        first("CPDA 32", with(response.clone(), 10, &[32]), (1, 10), 128),
        first("header digest not asked for", with(response.clone(), 11, &[1]), (1, 11), 128),
        first("data digest not asked for", with(response.clone(), 11, &[2]), (1, 11), 128),
        first("MAXH2CDATA 0", initialize_response(0, 0, 0), (1, 12), 128),
        first("MAXH2CDATA 4092", initialize_response(0, 0, 4092), (1, 12), 128),
        first("MAXH2CDATA 4098", initialize_response(0, 0, 4098), (1, 12), 128),
        first("ICResp with PLEN 129", with(response.clone(), 4, &[129]), (1, 4), 128),
        first("a response before ICResp", PLAIN.response(0, 0, 0, 0), (2, 0), 24),
        first("data before ICResp", PLAIN.controller_data(0, 0, LAST, &[0; 4]), (2, 0), 24),
        first("R2T before ICResp", PLAIN.ready_to_transfer(0, 0, 0, 4), (2, 0), 24),
        first("a greeting of another protocol", b"220 ready\r\n".to_vec(), (1, 0), 8),
        case("second ICResp", PLAIN, response, (2, 0), 128),
    ]);
}

#[test]
fn headers() {
    let data = |wire: Wire| wire.controller_data(READ_TAG, 0, LAST, &pattern(0, 64));
    let response = PLAIN.response(READ_TAG, 0, 0, 0);
    check(vec![
        case("unknown type", PLAIN, with(response.clone(), 0, &[8]), (1, 0), 8),
        case("a host's PDU", PLAIN, PLAIN.command(&entry(FLUSH, 0, [0; 16]), &[]), (1, 0), 8),
        case("HLEN 23", PLAIN, with(response.clone(), 2, &[23]), (1, 2), 8),
        case("PLEN of a response", PLAIN, with(response, 4, &[28]), (1, 4), 24),
        case("PDO in the header", PLAIN, with(data(PLAIN), 3, &[20]), (1, 3), 24),
        case("PDO off the alignment", ALIGNED, with(data(ALIGNED), 3, &[28]), (1, 3), 24),
        case("digest missing", DIGESTS, PLAIN.response(READ_TAG, 0, 0, 0), (1, 1), 8),
        case("digest not negotiated", PLAIN, DIGESTS.response(READ_TAG, 0, 0, 0), (1, 1), 8),
    ]);
    let flipped = with(DIGESTS.response(READ_TAG, 0, 0, 0), 8, &[1]);
    let digest = u32::from_le_bytes(flipped[24..28].try_into().unwrap());
    check(vec![case("header digest", DIGESTS, flipped, (3, digest), 24)]);
}

#[test]
fn data_to_the_host() {
    let data = |tag, offset, flags, length| PLAIN.controller_data(tag, offset, flags, &pattern(tag, length));
    check(vec![
        case("no such command", PLAIN, data(5, 0, LAST, 64), (1, 8), 24),
        case("beyond the table", PLAIN, data(0xffff, 0, LAST, 64), (1, 8), 24),
        case("for a write", PLAIN, data(WRITE_TAG, 0, LAST, 64), (1, 8), 24),
        case("SUCCESS without LAST", PLAIN, data(READ_TAG, 0, SUCCESS, 64), (1, 1), 24),
        case("DATAL", PLAIN, with(data(READ_TAG, 0, LAST, 64), 16, &[60]), (1, 16), 24),
        case("from the middle on", PLAIN, data(READ_TAG, 4, LAST, 60), (2, 0), 24),
        case("too much", PLAIN, data(READ_TAG, 0, LAST, 68), (4, 0), 24),
        case("without LAST at the end", PLAIN, data(READ_TAG, 0, 0, 64), (2, 0), 24),
        after("twice the same", &[data(READ_TAG, 0, 0, 32)], data(READ_TAG, 0, 0, 32), (2, 0)),
        after("a gap", &[data(READ_TAG, 0, 0, 32)], data(READ_TAG, 48, LAST, 16), (2, 0)),
        after("after the last", &[data(READ_TAG, 0, LAST, 32)], data(READ_TAG, 32, LAST, 32), (1, 8)),
        after("after SUCCESS", &[data(READ_TAG, 0, LAST | SUCCESS, 64)], data(READ_TAG, 0, LAST, 64), (1, 8)),
    ]);
    let end = with(data(READ_TAG, 0, LAST, 4), 12, &u32::MAX.to_le_bytes());
    check(vec![case("an offset at the end of the world", PLAIN, end, (2, 0), 24)]);
}

#[test]
fn requests_for_data() {
    let request = |tag, offset, length| PLAIN.ready_to_transfer(tag, 7, offset, length);
    check(vec![
        case("no such command", PLAIN, request(5, 0, 64), (1, 8), 24),
        case("for a read", PLAIN, request(READ_TAG, 0, 64), (1, 8), 24),
        case("for data that went with the capsule", PLAIN, request(CAPSULE_TAG, 0, 64), (1, 8), 24),
        case("nothing", PLAIN, request(WRITE_TAG, 0, 0), (1, 16), 24),
        case("half a dword", PLAIN, request(WRITE_TAG, 0, 6), (1, 16), 24),
        case("too much", PLAIN, request(WRITE_TAG, 0, WRITE_BYTES + 4), (4, 0), 24),
        case("everything", PLAIN, request(WRITE_TAG, 0, u32::MAX - 3), (4, 0), 24),
        case("from the middle on", PLAIN, request(WRITE_TAG, 4, 4), (2, 0), 24),
        after("twice the same", &[request(WRITE_TAG, 0, 4)], request(WRITE_TAG, 0, 4), (2, 0)),
        after(
            "more than MAXR2T",
            &[request(WRITE_TAG, 0, 4), request(WRITE_TAG, 4, 4)],
            request(WRITE_TAG, 8, 4),
            (5, 0),
        ),
    ]);
}

#[test]
fn responses() {
    let response = |tag| PLAIN.response(tag, 0, 0, 0);
    check(vec![
        case("no such command", PLAIN, response(5), (1, 20), 24),
        case("beyond the table", PLAIN, response(0xffff), (1, 20), 24),
        after("twice", &[response(READ_TAG)], response(READ_TAG), (1, 20)),
        after(
            "after SUCCESS",
            &[PLAIN.controller_data(READ_TAG, 0, LAST | SUCCESS, &[0; 64])],
            response(READ_TAG),
            (1, 20),
        ),
        after(
            "for a command whose data are still on their way out",
            &[PLAIN.ready_to_transfer(WRITE_TAG, 0, 0, 64), response(WRITE_TAG)],
            response(WRITE_TAG),
            (1, 20),
        ),
    ]);
}

#[test]
fn the_controllers_own_termination_request() {
    for header in [vec![], entry(FLUSH, 0, [0; 16]).to_vec()] {
        let stream = [termination(3, 4, 0x0102_0304, &header), PLAIN.response(READ_TAG, 0, 0, 0)].concat();
        let (events, output, _) = however_cut(|| shell(Some(PLAIN)), &stream);
        assert_eq!(events, [Event::Terminated { status: 4, information: 0x0102_0304 }]);
        let (_, untouched, _) = shell(Some(PLAIN)).outcome();
        assert_eq!(output, untouched, "it is not answered");
    }
}

#[test]
fn a_faulty_termination_request_is_not_answered() {
    for length in [23, 153] {
        let stream = with(termination(3, 1, 0, &[0; 100]), 4, &[length]);
        let (events, output, _) = however_cut(|| shell(Some(PLAIN)), &stream[..24]);
        assert!(matches!(events[..], [Event::Faulty(_)]), "{events:?}");
        let (_, untouched, _) = shell(Some(PLAIN)).outcome();
        assert_eq!(output, untouched);
    }
}
