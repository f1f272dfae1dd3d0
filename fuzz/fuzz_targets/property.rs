//! Any entry is a Property Get and a Property Set, and a result of Connect that a host reads is one that a controller can give.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nvme::base::command::{CompletionQueueEntry, SubmissionQueueEntry};
use nvme::base::property::{Capabilities, ControllerConfiguration, Version};
use nvme::fabrics::{ConnectResult, InvalidParameter, PropertyGet, PropertySet};
use zerocopy::{FromBytes, IntoBytes};

fuzz_target!(|bytes: &[u8]| {
    let Ok((entry, rest)) = SubmissionQueueEntry::read_from_prefix(bytes) else {
        return;
    };
    let get = PropertyGet::from_entry(&entry);
    assert_eq!(get.as_entry().as_bytes(), entry.as_bytes());
    let again = PropertyGet::new(get.property(), get.size());
    assert_eq!((again.property(), again.size()), (get.property(), get.size()));

    let set = PropertySet::from_entry(&entry);
    let again = PropertySet::new(set.property(), set.size(), set.value.get());
    assert_eq!((again.property(), again.size(), again.value), (set.property(), set.size(), set.value));
    assert_eq!(u64::from(set.value_4_bytes()), set.value.get() & 0xffff_ffff);

    let value = set.value.get();
    let capabilities = Capabilities(value);
    assert_eq!(capabilities.with_timeout_500ms(capabilities.timeout_500ms()), capabilities);
    let configuration = ControllerConfiguration(set.value_4_bytes());
    assert_eq!(configuration.with_enable(configuration.enable()), configuration);
    let version = Version(set.value_4_bytes());
    assert_eq!(Version::new(version.major(), version.minor(), version.tertiary()), version);

    let Ok((completion, _)) = CompletionQueueEntry::read_from_prefix(rest) else {
        return;
    };
    let status = completion.status();
    assert_eq!(status.to_completion_field(), completion.status.get() & 0xfffe);
    let dword0 = completion.result_dword0();
    match ConnectResult::parse(status, dword0) {
        connected @ ConnectResult::Connected { .. } => assert_eq!(connected.to_result(), u64::from(dword0)),
        ConnectResult::InvalidParameter(parameter) => {
            assert_eq!(InvalidParameter::from_dword0(parameter.to_dword0()), parameter);
        }
        ConnectResult::Failed(failed) => assert!(failed == status && !status.is_success()),
    }
});
