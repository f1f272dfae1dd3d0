//! One command of fio's protocol with any payload, in any version: what is understood can be written, and is understood the same way
//! again. Input: sender, opcode, version, then the payload.
#![no_main]

use bench_wire::frame::{Message, MessageReader, MessageWriter};
use bench_wire::message::{FrontEndMessage, WorkerMessage};
use bench_wire::{Opcode, ProtocolVersion, Role};
use libfuzzer_sys::fuzz_target;

/// Reads a payload and writes what was understood.
fn rewrite(sender: Role, opcode: Opcode, version: ProtocolVersion, payload: &[u8]) -> Option<Vec<u8>> {
    let message = Message { opcode, tag: 7, payload };
    let mut writer = MessageWriter::new(version);
    match sender {
        Role::FrontEnd => FrontEndMessage::decode(&message).ok()?.encode(&mut writer),
        Role::Worker => WorkerMessage::decode(&message, version).ok()?.encode(&mut writer),
    }
    let mut reader = MessageReader::of_version(sender, version);
    let Ok(Some(written)) = reader.next_message(&mut writer.pending()) else { panic!("what was written is read") };
    assert_eq!(written.opcode, opcode);
    Some(written.payload.to_vec())
}

fuzz_target!(|input: &[u8]| {
    let [sender, opcode, version, payload @ ..] = input else { return };
    let sender = if sender % 2 == 0 { Role::FrontEnd } else { Role::Worker };
    let Some(opcode) = Opcode::from_number(u16::from(opcode % 24)) else { return };
    let Some(version) = ProtocolVersion::new(97 + u16::from(version % 25)) else { return };
    if let Some(once) = rewrite(sender, opcode, version, payload) {
        let twice = rewrite(sender, opcode, version, &once).expect("what was written is understood");
        assert!(once == twice, "{opcode} in {version}");
    }
});
