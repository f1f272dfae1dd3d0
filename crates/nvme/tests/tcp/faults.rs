//! Each rule whose breach ends the connection, with what the host is told.

use crate::shell::{Event, OPTIONS, SETTINGS, Settings, Shell, however_cut};
use crate::wire::{
    FABRICS, FLUSH, PLAIN, WRITE, Wire, crc32c, entry, in_capsule, initialize_request, pattern, termination, transport,
};

const DIGESTS: Wire = Wire { header_digest: true, data_digest: true, alignment: 4 };
const ALIGNED: Wire = Wire { alignment: 16, ..PLAIN };

/// A faulty stream and the answer to it.
struct Case {
    name: &'static str,
    /// What the connection was negotiated as; `None`: nothing has happened on it.
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

/// `pdu` with other bytes at `at`.
fn with(mut pdu: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    pdu[at..at + bytes.len()].copy_from_slice(bytes);
    pdu
}

fn check(cases: Vec<Case>) {
    for Case { name, connected, stream, status, information, header_bytes, begins } in cases {
        let new = || connected.map_or_else(|| Shell::new(OPTIONS), |wire| Shell::connected(wire, SETTINGS));
        let (events, output) = however_cut(new, &stream);
        let Some(Event::Faulty(fault)) = events.last() else { panic!("{name}: {events:?}") };
        assert_eq!((fault.status().0, fault.information()), (status, information), "{name}: {fault}");
        let expected = termination(3, status, information, &stream[begins..begins + header_bytes]);
        assert!(output.ends_with(&expected), "{name}: {output:02x?}, not {expected:02x?}");
        // What still comes is not looked at.
        let mut shell = new();
        shell.receive(&stream);
        shell.take_output();
        shell.take_events();
        shell.receive(&initialize_request(0, 0, 0));
        shell.receive(&PLAIN.command(&entry(FLUSH, 1, [0; 16]), &[]));
        assert_eq!((shell.take_events(), shell.take_output()), (vec![], vec![]), "{name}");
    }
}

#[test]
fn opening() {
    let request = initialize_request(0, 0, 0);
    check(vec![
        first("PFV 1", with(request.clone(), 8, &[1, 0]), (6, 8), 128),
        first("PFV 100h", with(request.clone(), 8, &[0, 1]), (6, 8), 128),
        first("HPDA 32", with(request.clone(), 10, &[32]), (1, 10), 128),
        first("HPDA 255", with(request.clone(), 10, &[255]), (1, 10), 128),
        first("PFV and HPDA", with(request.clone(), 8, &[1, 0, 32]), (6, 8), 128),
        first("ICReq with HLEN 127", with(request.clone(), 2, &[127]), (1, 2), 8),
        first("ICReq with PLEN 129", with(request.clone(), 4, &[129]), (1, 4), 128),
        first("ICReq with PLEN 0", with(request.clone(), 4, &[0]), (1, 4), 128),
        first("command before ICReq", PLAIN.command(&entry(FABRICS, 0, [0; 16]), &[]), (2, 0), 72),
        first("data before ICReq", PLAIN.host_data(0, 0, 0, true, &[0; 4]), (2, 0), 24),
        first("a web browser", b"GET / HTTP/1.1\r\n".to_vec(), (1, 0), 8),
        case("second ICReq", PLAIN, request.clone(), (2, 0), 128),
        case("second ICReq with digests on", DIGESTS, request, (2, 0), 128),
    ]);
}

#[test]
fn common_header() {
    let flush = || PLAIN.command(&entry(FLUSH, 1, [0; 16]), &[]);
    let sealed = || DIGESTS.command(&entry(FLUSH, 1, [0; 16]), &[]);
    let mut cases = vec![
        case("HDGSTF without header digests", PLAIN, with(flush(), 1, &[1]), (1, 1), 8),
        case("no HDGSTF with header digests", DIGESTS, with(sealed(), 1, &[0]), (1, 1), 8),
        case("HLEN 71", PLAIN, with(flush(), 2, &[71]), (1, 2), 8),
        case("HLEN 0", PLAIN, with(flush(), 2, &[0]), (1, 2), 8),
        case("HDGSTF and HLEN", PLAIN, with(flush(), 1, &[1, 0]), (1, 1), 8),
        case("PLEN below HLEN", PLAIN, with(flush(), 4, &[71]), (1, 4), 72),
        case("PLEN 0", PLAIN, with(flush(), 4, &[0]), (1, 4), 72),
    ];
    for pdu_type in [1, 3, 5, 7, 9] {
        cases.push(case("PDU of a controller", PLAIN, with(flush(), 0, &[pdu_type]), (1, 0), 8));
    }
    for pdu_type in [8, 0x0a, 0x0b, 0x40, 0xff] {
        cases.push(case("unknown type", PLAIN, with(flush(), 0, &[pdu_type]), (1, 0), 8));
    }
    check(cases);
}

#[test]
fn place_of_the_data() {
    let write = |wire: Wire| wire.command(&entry(WRITE, 1, in_capsule(0, 32)), &pattern(1, 32));
    check(vec![
        case("PDO inside the header", PLAIN, with(write(PLAIN), 3, &[68]), (1, 3), 72),
        case("PDO 0 with data", PLAIN, with(write(PLAIN), 3, &[0]), (1, 3), 72),
        case("PDO off a dword", PLAIN, with(write(PLAIN), 3, &[74]), (1, 3), 72),
        case("PDO beyond the PDU", PLAIN, with(write(PLAIN), 3, &[108]), (1, 3), 72),
        case("PDO off the alignment", ALIGNED, with(write(ALIGNED), 3, &[76]), (1, 3), 72),
        case("PDO at the end", PLAIN, with(write(PLAIN), 3, &[104]), (1, 4), 72),
        case("DDGSTF without data digests", PLAIN, with(write(PLAIN), 1, &[2]), (1, 1), 72),
        case("DDGSTF and PDO", PLAIN, with(write(PLAIN), 1, &[2, 72, 0]), (1, 1), 72),
        case("PDO and PLEN", PLAIN, with(write(PLAIN), 3, &[76, 73]), (1, 3), 72),
    ]);
    let data_digest = Wire { data_digest: true, ..PLAIN };
    check(vec![
        case("no DDGSTF with data digests", data_digest, with(write(data_digest), 1, &[0]), (1, 1), 72),
        case("room for a digest only", data_digest, with(write(data_digest), 4, &[76]), (1, 4), 72),
        case("no room for a digest", data_digest, with(write(data_digest), 4, &[73]), (1, 4), 72),
    ]);
}

#[test]
fn header_digest() {
    let header_digest = Wire { header_digest: true, ..PLAIN };
    let pdu = header_digest.command(&entry(FLUSH, 1, [0; 16]), &[]);
    let mut cases = Vec::new();
    // Bytes 0 to 2 and the HDGSTF are needed to find the digest at all; DDGSTF and later are what the digest is for.
    for at in 3..76 {
        let flipped = with(pdu.clone(), at, &[pdu[at] ^ 0x10]);
        let received = u32::from_le_bytes(flipped[72..76].try_into().unwrap());
        cases.push(case("flipped bit", header_digest, flipped, (3, received), 72));
    }
    let flipped = with(pdu.clone(), 1, &[3]);
    let received = u32::from_le_bytes(pdu[72..76].try_into().unwrap());
    assert_eq!(received, crc32c(&pdu[..72]));
    cases.push(case("flipped DDGSTF", header_digest, flipped, (3, received), 72));
    check(cases);
}

#[test]
fn commands() {
    let too_much = PLAIN.command(&entry(WRITE, 1, in_capsule(0, 8196)), &pattern(1, 8196));
    let too_much_for_all = PLAIN.command(&entry(FABRICS, 1, in_capsule(0, 8196)), &pattern(1, 8196));
    // Only the headers: the rest would not be looked at, and cutting at each of 8000 places takes its time.
    check(vec![
        case("more data than IOCCSZ", PLAIN, too_much[..72].to_vec(), (5, 0), 72),
        case("more data than Fabrics commands have", PLAIN, too_much_for_all[..72].to_vec(), (5, 0), 72),
        case("4 GiB", PLAIN, with(too_much[..72].to_vec(), 4, &[0xff; 4]), (5, 0), 72),
    ]);
}

/// A write of 8192 bytes, of which the first 4096 were asked for, with transfer tag 0; then `pdu`.
fn during_write(name: &'static str, pdu: &[u8], answer: (u16, u32)) -> Case {
    let mut stream = PLAIN.command(&entry(WRITE, 0x1234, transport(8192)), &[]);
    let begins = stream.len();
    stream.extend(pdu);
    Case { begins, ..case(name, PLAIN, stream, answer, 24) }
}

#[test]
fn host_data() {
    let data = |command_id, tag, offset, last, length| {
        let mut pdu = PLAIN.host_data(command_id, tag, offset, last, &pattern(0, length));
        pdu.truncate(24);
        pdu
    };
    let good = || data(0x1234, 0, 0, true, 4096);
    check(vec![
        during_write("unknown tag", &data(0x1234, 7, 0, true, 4096), (1, 10)),
        during_write("tag beyond the queue", &data(0x1234, 0xffff, 0, true, 4096), (1, 10)),
        during_write("other command identifier", &data(0x1235, 0, 0, true, 4096), (1, 8)),
        during_write("DATAL below the data", &with(good(), 16, &[0xfc, 0x0f]), (1, 16)),
        during_write("DATAL above the data", &with(good(), 16, &[0x04, 0x10]), (1, 16)),
        during_write("not whole dwords", &data(0x1234, 0, 0, false, 6), (1, 16)),
        during_write("beyond MAXH2CDATA", &data(0x1234, 0, 0, true, 4100), (5, 0)),
        during_write("beyond the R2T", &data(0x1234, 0, 4, true, 4096), (4, 0)),
        during_write("far beyond the R2T", &data(0x1234, 0, 0xffff_fffc, true, 4096), (4, 0)),
        during_write("a gap", &data(0x1234, 0, 4, true, 4092), (2, 0)),
        during_write("LAST_PDU too early", &data(0x1234, 0, 0, true, 4092), (2, 0)),
        during_write("no LAST_PDU", &data(0x1234, 0, 0, false, 4096), (2, 0)),
        during_write("no data", &PLAIN.host_data(0x1234, 0, 0, false, &[]), (1, 4)),
    ]);
    check(vec![
        case("nobody asked", PLAIN, data(0, 0, 0, true, 4), (1, 10), 24),
        case("nobody asked, with digests", DIGESTS, DIGESTS.host_data(0, 1, 0, true, &[0; 4]), (1, 10), 24),
    ]);
}

/// Each PDU serves one R2T, also where the next one has been sent already.
#[test]
fn host_data_across_two_requests() {
    let mut shell = Shell::connected(PLAIN, Settings { max_ready_to_transfer_0based: 1, ..SETTINGS });
    shell.receive(&PLAIN.command(&entry(WRITE, 1, transport(8192)), &[]));
    shell.receive(&PLAIN.host_data(1, 0, 0, false, &pattern(1, 2048)));
    shell.take_output();
    let across = PLAIN.host_data(1, 0, 2048, false, &pattern(1, 4096));
    shell.receive(&across);
    assert_eq!(shell.take_output(), termination(3, 4, 0, &across[..24]));
}

#[test]
fn the_hosts_own_termination_request() {
    for (wire, header) in [(PLAIN, &[][..]), (DIGESTS, &[0x5a; 128])] {
        let request = termination(2, 5, 0, header);
        let new = || Shell::connected(wire, SETTINGS);
        let (events, output) = however_cut(new, &request);
        assert_eq!(events, [Event::Terminated { fes: 5, fei: 0 }]);
        assert!(output.is_empty());
    }
    let (events, _) = however_cut(|| Shell::new(OPTIONS), &termination(2, 3, 0xdead_beef, &[]));
    assert_eq!(events, [Event::Terminated { fes: 3, fei: 0xdead_beef }]);
}

#[test]
fn a_faulty_termination_request_is_not_answered() {
    for length in [0, 8, 23, 153, 1 << 31, u32::MAX] {
        let request = with(termination(2, 1, 0, &[]), 4, &length.to_le_bytes());
        let (events, output) = however_cut(|| Shell::connected(PLAIN, SETTINGS), &request);
        assert!(matches!(events[..], [Event::Faulty(fault)] if !fault.is_answered()), "{length}: {events:?}");
        assert!(output.is_empty());
    }
}
