//! Reading a discovery log page that may change meanwhile.

use nvme::discovery::{DiscoveryLogEntry, SubsystemType, discovery_log_page};
use nvme::fabrics::Nqn;
use nvme_host::{DISCOVERY_ENTRIES_MAXIMUM, DiscoverError, Discovered, discover};

use crate::controller::{Controller, Script};

fn page(generation: u64, count: u16) -> Vec<u8> {
    let entries: Vec<_> = (0..count).map(entry).collect();
    discovery_log_page(generation, &entries)
}

fn entry(index: u16) -> DiscoveryLogEntry {
    let nqn = Nqn::parse(&format!("nqn.2026-11.com.example:{index}")).unwrap();
    DiscoveryLogEntry::tcp(SubsystemType::NVM, ([127, 0, 0, 1], 4420 + index).into(), index, 32, &nqn)
}

fn read(discovery_pages: Vec<Vec<u8>>) -> Result<Discovered, DiscoverError> {
    let controller = Controller::start(Script { discovery_pages, ..Script::default() });
    discover(controller.options())
}

#[test]
fn pages_of_any_length_are_read() {
    for count in [0, 1, 2, 3, 4, 5, 40] {
        let found = read(vec![page(9, count)]).unwrap();
        assert_eq!(found, Discovered { generation: 9, entries: (0..count).map(entry).collect() });
    }
}

#[test]
fn a_page_that_changes_is_read_again() {
    // Each header that is read changes the page, until the last stays.
    let found = read(vec![page(1, 2), page(2, 3), page(3, 4), page(4, 5)]).unwrap();
    assert_eq!((found.generation, found.entries.len()), (4, 5));
}

#[test]
fn a_page_that_never_stays_is_given_up() {
    let outcome = read((1..100).map(|generation| page(generation, 1)).collect());
    assert!(matches!(outcome, Err(DiscoverError::Unstable)), "{outcome:?}");
}

#[test]
fn a_page_with_billions_of_entries_is_refused() {
    let mut bytes = page(1, 1);
    bytes[8..16].copy_from_slice(&(DISCOVERY_ENTRIES_MAXIMUM + 1).to_le_bytes());
    let outcome = read(vec![bytes]);
    assert!(matches!(outcome, Err(DiscoverError::TooManyEntries { count: 4097 })), "{outcome:?}");
}

#[test]
fn a_page_of_another_format_is_refused() {
    let mut bytes = page(1, 1);
    bytes[16] = 1;
    let outcome = read(vec![bytes]);
    assert!(matches!(outcome, Err(DiscoverError::Malformed(_))), "{outcome:?}");
}
