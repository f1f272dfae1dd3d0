//! The samples of a log of fio's, compressed or not, in any version: never more than announced, and those that are read can be written
//! again. Input: version, compression, kind, number of samples, then the samples.
#![no_main]

use bench_wire::ProtocolVersion;
use bench_wire::log::{Log, LogCompression, LogHeader, LogKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [version, compression, kind, samples, data @ ..] = input else { return };
    let Some(version) = ProtocolVersion::new(97 + u16::from(version % 25)) else { return };
    let header = LogHeader {
        compression: LogCompression(u32::from(compression % 3)),
        kind: LogKind(u32::from(kind % 8)),
        samples: u64::from(*samples),
        ..LogHeader::default()
    };
    let log = Log { header, data: data.to_vec() };
    let mut entries = log.entries(version);
    let read: Vec<_> = entries.by_ref().map_while(Result::ok).collect();
    assert!(read.len() as u64 + entries.missing() <= log.header.samples);
    if log.header.compression != LogCompression::AS_STORED {
        let again = Log::new(log.header.clone(), &read, version);
        assert!(again.entries(version).map(|entry| entry.expect("what was written is read")).eq(read));
    }
});
