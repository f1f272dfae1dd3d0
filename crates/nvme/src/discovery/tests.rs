//! The discovery log page from known bytes and back.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::net::SocketAddr;

use zerocopy::{FromZeros, IntoBytes};

use super::{
    DiscoveryLog, DiscoveryLogEntry, DiscoveryLogError, DiscoveryLogHeader, EntryError, SubsystemType, TransportType,
    discovery_log_page,
};
use crate::base::text::PaddedText;
use crate::fabrics::Nqn;

fn entry(address: &str) -> DiscoveryLogEntry {
    let name = Nqn::parse("nqn.2024-11.com.example:disk").unwrap();
    DiscoveryLogEntry::tcp(SubsystemType::NVM, address.parse().unwrap(), 0x0102, 128, &name)
}

#[test]
fn entry_bytes() {
    let mut expected = [0; 1024];
    expected[..12].copy_from_slice(&[3, 1, 2, 0b110, 2, 1, 0xff, 0xff, 128, 0, 0, 0]);
    expected[32..64].copy_from_slice(b"4420                            ");
    expected[256..284].copy_from_slice(b"nqn.2024-11.com.example:disk");
    expected[512..768].fill(b' ');
    expected[512..521].copy_from_slice(b"127.0.0.1");
    assert_eq!(entry("127.0.0.1:4420").as_bytes(), expected);
}

#[test]
fn addresses_come_back() {
    for address in ["0.0.0.0:0", "255.255.255.255:65535", "[::1]:8009", "[2001:db8:1111:2222:3333:4444:5555:6666]:4420"]
    {
        let address: SocketAddr = address.parse().unwrap();
        let entry = entry(&address.to_string());
        assert_eq!(entry.socket_address(), Ok(address));
        assert_eq!(entry.address_family.0, if address.is_ipv4() { 1 } else { 2 });
        assert_eq!(entry.subsystem_nqn().unwrap().as_str(), "nqn.2024-11.com.example:disk");
    }
}

#[test]
fn the_scope_of_an_address_is_of_no_use_elsewhere() {
    let scoped = SocketAddr::V6(core::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 4420, 0, 3));
    assert_eq!(entry(&scoped.to_string()).transport_address.as_str(), Some("fe80::1"));
}

#[test]
fn addresses_padded_with_nul_are_read_too() {
    let mut entry = entry("127.0.0.1:4420");
    for byte in entry.transport_address.0.iter_mut().chain(&mut entry.transport_service_id.0) {
        if *byte == b' ' {
            *byte = 0;
        }
    }
    assert_eq!(entry.socket_address(), Ok("127.0.0.1:4420".parse().unwrap()));
}

#[test]
fn entries_that_give_no_address() {
    let good = entry("127.0.0.1:4420");
    let mut other = good.clone();
    other.transport_type = TransportType::RDMA;
    assert_eq!(other.socket_address(), Err(EntryError::Transport(TransportType::RDMA)));
    for text in ["", "example.com", "127.0.0.1.", "127.0.0.1:4420", "fe80::1%eth0"] {
        let mut bad = good.clone();
        bad.transport_address = PaddedText::new(text).unwrap();
        assert_eq!(bad.socket_address(), Err(EntryError::Address), "{text:?}");
    }
    for text in ["", "65536", "-1", "nvme", " 4420"] {
        let mut bad = good.clone();
        bad.transport_service_id = PaddedText::new(text).unwrap();
        assert_eq!(bad.socket_address(), Err(EntryError::Port), "{text:?}");
    }
    let mut bad = good;
    bad.transport_address.0.fill(0xff);
    assert_eq!(bad.socket_address(), Err(EntryError::Address));
}

#[test]
fn page_bytes_and_back() {
    let entries = [entry("127.0.0.1:4420"), entry("[::1]:4420")];
    let page = discovery_log_page(0x0807_0605_0403_0201, &entries);
    assert_eq!(page.len(), 3072);
    let (used, unused) = page[..1024].split_at(9);
    assert_eq!(used, [1, 2, 3, 4, 5, 6, 7, 8, 2]);
    assert!(unused.iter().all(|&byte| byte == 0));
    let log = DiscoveryLog::parse(&page).unwrap();
    assert_eq!(log.entries, entries);
    assert!(log.is_complete());
    assert_eq!(log.page_bytes(), Some(3072));
}

#[test]
fn every_truncation() {
    let page = discovery_log_page(1, &[entry("127.0.0.1:4420"), entry("[::1]:4420")]);
    for length in 0..page.len() {
        let log = DiscoveryLog::parse(&page[..length]);
        if length < 1024 {
            assert_eq!(log, Err(DiscoveryLogError::TooShort), "{length}");
        } else {
            let log = log.unwrap();
            assert_eq!(log.entries.len(), length / 1024 - 1, "{length}");
            assert!(!log.is_complete(), "{length}");
        }
    }
}

#[test]
fn a_count_is_not_believed() {
    let mut header = DiscoveryLogHeader::new_zeroed();
    header.record_count = u64::MAX.into();
    let page: Vec<u8> = [header.as_bytes(), entry("127.0.0.1:4420").as_bytes()].concat();
    let log = DiscoveryLog::parse(&page).unwrap();
    assert_eq!(log.entries.len(), 1);
    assert_eq!((log.is_complete(), log.page_bytes()), (false, None));

    let page = discovery_log_page(1, &[entry("127.0.0.1:4420")]);
    let longer = [page.as_slice(), &page].concat();
    assert_eq!(DiscoveryLog::parse(&longer).unwrap().entries.len(), 1);

    header.record_format = 1.into();
    assert_eq!(DiscoveryLog::parse(header.as_bytes()), Err(DiscoveryLogError::RecordFormat(1)));
}
