//! Any 64 bytes are a submission queue entry and any 1024 are Connect's data: reading them never fails but for the names, and a
//! name that is accepted is there byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::fabrics::{ConnectCommand, ConnectData, Nqn};
use nvme::nvm::{DatasetManagement, NvmOpcode, ReadWrite};
use zerocopy::{FromBytes, IntoBytes};

fuzz_target!(|bytes: &[u8]| {
    let Ok((entry, rest)) = SubmissionQueueEntry::read_from_prefix(bytes) else {
        return;
    };
    assert_eq!(ConnectCommand::from_entry(&entry).as_entry().as_bytes(), entry.as_bytes());
    let _ = (AdminOpcode(entry.opcode).name(), entry.data_direction(), entry.data_pointer.kind());

    let parameters = ReadWrite::parse(&entry);
    assert_eq!(ReadWrite::parse(&parameters.command(NvmOpcode::READ, 1)), parameters);
    let parameters = DatasetManagement::parse(&entry);
    assert_eq!(DatasetManagement::parse(&parameters.command(1)), parameters);

    let Ok((data, _)) = ConnectData::ref_from_prefix(rest) else {
        return;
    };
    for field in [&data.subsystem_nqn, &data.host_nqn] {
        if let Ok(name) = Nqn::from_field(field) {
            assert!(field.starts_with(name.as_str().as_bytes()));
            assert_eq!(field.get(name.as_str().len()), Some(&0));
        }
    }
});
