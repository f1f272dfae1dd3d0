//! A discovery log page as a host reads it: entries are never more than there are bytes for, and those that give an address and a
//! name can be written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nvme::discovery::{DiscoveryLog, DiscoveryLogEntry, discovery_log_page};

fuzz_target!(|bytes: &[u8]| {
    let Ok(log) = DiscoveryLog::parse(bytes) else { return };
    assert!(1024 + log.entries.len() * 1024 <= bytes.len());
    assert!(log.entries.len() as u64 <= log.header.record_count.get());
    if log.is_complete() {
        assert_eq!(log.page_bytes(), Some(1024 + log.entries.len() as u64 * 1024));
    }
    for entry in log.entries {
        let (Ok(address), Ok(name)) = (entry.socket_address(), entry.subsystem_nqn()) else {
            continue;
        };
        let again = DiscoveryLogEntry::tcp(
            entry.subsystem_type,
            address,
            entry.port_id.get(),
            entry.admin_queue_entries.get(),
            &name,
        );
        assert_eq!((again.socket_address(), again.subsystem_nqn()), (Ok(address), Ok(name)));
    }
    let again = discovery_log_page(log.header.generation.get(), log.entries);
    let Ok(read) = DiscoveryLog::parse(&again) else { panic!("a page that was written is read") };
    assert!(read.is_complete());
    assert_eq!((read.header.generation, read.entries), (log.header.generation, log.entries));
});
