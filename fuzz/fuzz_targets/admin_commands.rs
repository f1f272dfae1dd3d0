//! The parameters of every Admin command come back from the command that they make, and reserved bits make no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nvme::base::async_event::{AsyncEvent, AsyncEvents};
use nvme::base::command::SubmissionQueueEntry;
use nvme::base::feature::{GetFeatures, KeepAliveTimer, NumberOfQueues, SetFeatures};
use nvme::base::identify::Identify;
use nvme::base::log_page::{GetLogPage, LogPageOffset};
use zerocopy::FromBytes;

fuzz_target!(|bytes: &[u8]| {
    let Ok((entry, _)) = SubmissionQueueEntry::read_from_prefix(bytes) else {
        return;
    };

    let identify = Identify::parse(&entry);
    assert_eq!(Identify::parse(&identify.command()), identify);
    assert_eq!(identify.structure.0, entry.dword10.get().to_le_bytes()[0]);

    let page = GetLogPage::parse(&entry);
    assert_eq!(GetLogPage::parse(&page.command()), page);
    assert!(page.length_bytes.is_multiple_of(4));
    assert!((4..=GetLogPage::MAXIMUM_LENGTH_BYTES).contains(&page.length_bytes));
    let (LogPageOffset::Bytes(offset) | LogPageOffset::Index(offset)) = page.offset;
    assert_eq!(offset, u64::from(entry.dword13.get()) << 32 | u64::from(entry.dword12.get()));

    let get = GetFeatures::parse(&entry);
    assert_eq!(GetFeatures::parse(&get.command()), get);
    let set = SetFeatures::parse(&entry);
    assert_eq!(SetFeatures::parse(&set.command()), set);
    assert_eq!(set.save, entry.dword10.get() >> 31 == 1);

    dwords(entry.dword11.get(), entry.dword10.get());
});

/// What dword 11 says to the features that take their value from it, and what a completion says to a host.
fn dwords(dword: u32, other: u32) {
    let queues = NumberOfQueues(dword);
    assert!((1..=65536).contains(&queues.submission_queues()) && (1..=65536).contains(&queues.completion_queues()));
    assert_eq!(queues.is_valid_request(), queues.submission_queues() < 65536 && queues.completion_queues() < 65536);

    let [low, high, ..] = other.to_le_bytes();
    let granularity_100ms = u16::from_le_bytes([low, high]);
    let rounded = KeepAliveTimer { timeout_ms: dword }.rounded_ms(granularity_100ms);
    assert!(rounded >= dword && u64::from(rounded - dword) < (u64::from(granularity_100ms) * 100).max(1));

    let events = AsyncEvents::from_bits(dword);
    assert_eq!(events.bits(), dword);
    assert_eq!(events.is_empty(), dword == 0);
    assert_eq!(events.to_string() == "none", dword == 0);

    let event = AsyncEvent::from_dword0(dword);
    assert_eq!(event.to_dword0(), dword & 0x00ff_ff07);
}
