//! ICReq and ICResp.

use nvme::tcp::ControllerOptions;

use crate::shell::{Event, OPTIONS, SETTINGS, Settings, Shell, however_cut};
use crate::wire::{PLAIN, READ, Wire, entry, initialize_request, initialize_response, pattern, transport};

#[test]
fn a_digest_is_on_when_both_ends_want_it() {
    for combination in 0..16_u8 {
        let (requested, allowed) = (combination & 3, combination >> 2);
        let options = ControllerOptions { header_digest: allowed & 1 != 0, data_digest: allowed & 2 != 0, ..OPTIONS };
        let (events, output) = however_cut(|| Shell::new(options), &initialize_request(0, requested, 0));
        assert_eq!(events, [Event::Established]);
        assert_eq!(output, initialize_response(0, requested & allowed, 4096));
        let mut shell = Shell::new(options);
        shell.receive(&initialize_request(0, requested, 0));
        assert_eq!(shell.connection.header_digest(), requested & allowed & 1 != 0);
        assert_eq!(shell.connection.data_digest(), requested & allowed & 2 != 0);
    }
}

#[test]
fn the_response_carries_the_controllers_options() {
    for controller_pda in 0..=31 {
        let options = ControllerOptions { controller_pda, max_h2c_data_bytes: 0x0012_3454, ..OPTIONS };
        let mut shell = Shell::new(options);
        shell.receive(&initialize_request(0, 0, 0));
        assert_eq!(shell.take_output(), initialize_response(controller_pda, 0, 0x0012_3454));
    }
}

#[test]
fn reserved_parts_of_the_request_are_not_looked_at() {
    // FLAGS, PDO, DGST bits 7:2, bytes 16 to 127.
    let reserved = [(1, 0xff), (3, 0xff), (11, 0xfc)].into_iter().chain((16..128).map(|at| (at, 0xff)));
    for (at, mask) in reserved {
        for bit in (0..8).map(|bit| 1_u8 << bit).filter(|bit| mask & bit != 0) {
            let mut request = initialize_request(0, 0, 0);
            request[at] |= bit;
            let mut shell = Shell::new(OPTIONS);
            shell.receive(&request);
            assert_eq!(shell.take_events(), [Event::Established], "byte {at} bit {bit:02x}");
            assert_eq!(shell.take_output(), initialize_response(0, 0, 4096));
        }
    }
}

#[test]
fn nothing_is_sent_before_the_request() {
    let mut shell = Shell::new(OPTIONS);
    assert_eq!(shell.connection.pending_output_bytes(), 0);
    let request = initialize_request(0, 0, 0);
    for cut in 0..request.len() {
        let mut shell = Shell::new(OPTIONS);
        shell.receive(&request[..cut]);
        assert_eq!((shell.take_events(), shell.take_output()), (vec![], vec![]));
        assert_eq!(shell.connection.awaits_host(), cut > 0);
    }
    shell.receive(&request);
    assert!(!shell.connection.awaits_host());
}

/// HPDA aligns what is sent, CPDA what is received; the other way is in `capsules` and `transfers`.
#[test]
fn data_to_the_host_are_aligned_as_it_asked() {
    for host_alignment_0based in 0..=31 {
        for (header_digest, data_digest) in [(false, false), (true, false), (false, true), (true, true)] {
            let receiving = Wire { header_digest, data_digest, ..PLAIN };
            let settings = Settings { host_alignment_0based, ..SETTINGS };
            let mut shell = Shell::connected(receiving, settings);
            shell.receive(&receiving.command(&entry(READ, 5, transport(512)), &[]));
            let sending = Wire { alignment: (usize::from(host_alignment_0based) + 1) * 4, ..receiving };
            let mut expected = sending.controller_data(5, 0, 4, &pattern(5, 512));
            expected.extend(sending.response(5, 2, 0, 0));
            assert_eq!(shell.take_output(), expected);
        }
    }
}
