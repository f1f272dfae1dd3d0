//! What the controller's end of an NVMe/TCP connection costs per command, without sockets and devices:
//! `cargo run --release -p nvme --example tcp_cost [commands]`.
//!
//! A batch of 32 commands is parsed, answered, listed as output and counted as sent, again and again. The figures in the
//! documentation of `nvme::tcp` come from here.

use std::io::Write;
use std::time::Instant;

use nvme::base::command::{SglDescriptor, SubmissionQueueEntry};
use nvme::base::status::Status;
use nvme::tcp::digest::crc32c;
use nvme::tcp::pdu::{CommandCapsule, CommonHeader, HostToControllerData, InitializeRequest, PduType, flags};
use nvme::tcp::{
    CommandData, CommandTag, ControllerConnection, ControllerInput, ControllerOptions, OutputSegment, Response,
};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromZeros, IntoBytes};

const BATCH: u16 = 32;
const PAYLOAD_BYTES: u32 = 4096;
const DATA_HEADER_BYTES: usize = 24;
const SUCCESS: Response = Response { result: 0, status: Status::SUCCESS };

/// With room for a digest.
type DataHeader = [u8; DATA_HEADER_BYTES + 4];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Read,
    WriteInCapsule,
    WriteOnRequest,
}

fn main() -> std::io::Result<()> {
    let commands = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(4_000_000_u32);
    let mut output = std::io::stdout().lock();
    for (name, work) in [
        ("read 4 KiB", Work::Read),
        ("write 4 KiB in the capsule", Work::WriteInCapsule),
        ("write 4 KiB on request", Work::WriteOnRequest),
    ] {
        for header_digest in [false, true] {
            let nanoseconds = measure(work, header_digest, commands);
            let digest = if header_digest { ", header digest" } else { "" };
            writeln!(output, "{name}{digest}: {nanoseconds:.0} ns per command")?;
        }
    }
    Ok(())
}

fn measure(work: Work, header_digest: bool, commands: u32) -> f64 {
    let mut connection = ControllerConnection::new(ControllerOptions {
        header_digest,
        data_digest: false,
        controller_pda: 0,
        max_h2c_data_bytes: 1 << 20,
    });
    let request = InitializeRequest::new(0, u8::from(header_digest), 0);
    assert!(matches!(connection.next_input(&mut request.as_bytes()), Ok(Some(ControllerInput::Established))));
    connection.configure_queue(128, 8192, true);
    let batch = batch(work, header_digest);
    let data = data_header(header_digest);
    let rounds = commands.div_ceil(u32::from(BATCH));
    // The pool of slots and the output's buffers reach their size.
    round(&mut connection, &batch, &data);
    #[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
    let start = Instant::now();
    for _ in 0..rounds {
        round(&mut connection, &batch, &data);
    }
    let elapsed = start.elapsed();
    elapsed.as_secs_f64() * 1e9 / f64::from(rounds) / f64::from(BATCH)
}

/// One pass of a poll group: everything that was received, then everything that is to be sent.
fn round(connection: &mut ControllerConnection, batch: &[u8], data: &DataHeader) {
    receive(connection, batch);
    let requests = requested(connection);
    send(connection);
    let mut header = *data;
    for (command_id, tag) in requests {
        header[8..10].copy_from_slice(&command_id.to_le_bytes());
        header[10..12].copy_from_slice(&tag.to_le_bytes());
        let mut length = DATA_HEADER_BYTES;
        if connection.header_digest() {
            let digest = crc32c(&header[..DATA_HEADER_BYTES]);
            header[DATA_HEADER_BYTES..].copy_from_slice(&digest.to_le_bytes());
            length = header.len();
        }
        receive(connection, &header[..length]);
        // As when the kernel puts the payload where it belongs.
        if let Some(ControllerInput::DataComplete { tag, .. }) = connection.received_direct(PAYLOAD_BYTES) {
            connection.complete(tag, SUCCESS);
        }
    }
    send(connection);
}

fn receive(connection: &mut ControllerConnection, mut bytes: &[u8]) {
    while let Ok(Some(input)) = connection.next_input(&mut bytes) {
        match input {
            ControllerInput::Command { tag, entry, data: CommandData::Transport { length } } => {
                if entry.opcode == 1 {
                    connection.request_data(tag);
                } else {
                    connection.send_data(tag, length, None, SUCCESS);
                }
            }
            ControllerInput::Payload { bytes, .. } => {
                std::hint::black_box(bytes);
            }
            ControllerInput::DataComplete { tag, .. } => connection.complete(tag, SUCCESS),
            _ => {}
        }
    }
}

/// Command identifier and transfer tag of each R2T in the output.
fn requested(connection: &ControllerConnection) -> Vec<(u16, u16)> {
    let size = if connection.header_digest() { 28 } else { 24 };
    let mut requests = Vec::new();
    for segment in connection.pending_output() {
        if let OutputSegment::Bytes(bytes) = segment {
            for pdu in bytes.chunks_exact(size).filter(|pdu| pdu[0] == PduType::READY_TO_TRANSFER.0) {
                requests.push((u16::from_le_bytes([pdu[8], pdu[9]]), u16::from_le_bytes([pdu[10], pdu[11]])));
            }
        }
    }
    requests
}

fn send(connection: &mut ControllerConnection) {
    for segment in connection.pending_output() {
        std::hint::black_box(segment);
    }
    connection.transmitted(connection.pending_output_bytes(), |tag: CommandTag| {
        std::hint::black_box(tag);
    });
}

fn batch(work: Work, header_digest: bool) -> Vec<u8> {
    let in_capsule = work == Work::WriteInCapsule;
    let mut stream = Vec::new();
    for command_id in 0..BATCH {
        let mut entry = SubmissionQueueEntry::new(if work == Work::Read { 2 } else { 1 }, 1);
        entry.command_id = U16::new(command_id);
        entry.data_pointer = if in_capsule {
            SglDescriptor::in_capsule(0, PAYLOAD_BYTES)
        } else {
            SglDescriptor::transport(PAYLOAD_BYTES)
        };
        let mut capsule = CommandCapsule::new_zeroed();
        capsule.entry = entry;
        let payload = if in_capsule { PAYLOAD_BYTES } else { 0 };
        set_common(&mut capsule.common, PduType::COMMAND_CAPSULE, 72, header_digest, payload);
        push(&mut stream, capsule.as_bytes(), header_digest);
        stream.resize(stream.len() + payload as usize, 0xa5);
    }
    stream
}

/// An H2CData header without command identifier, transfer tag and digest.
fn data_header(header_digest: bool) -> DataHeader {
    let mut data = HostToControllerData::new_zeroed();
    data.data_length = U32::new(PAYLOAD_BYTES);
    set_common(&mut data.common, PduType::HOST_DATA, 24, header_digest, PAYLOAD_BYTES);
    data.common.flags |= flags::LAST;
    let mut header = [0; DATA_HEADER_BYTES + 4];
    header[..DATA_HEADER_BYTES].copy_from_slice(data.as_bytes());
    header
}

fn set_common(common: &mut CommonHeader, pdu_type: PduType, header_length: u8, header_digest: bool, payload: u32) {
    let header_end = header_length + if header_digest { 4 } else { 0 };
    common.pdu_type = pdu_type;
    common.flags = u8::from(header_digest);
    common.header_length = header_length;
    common.data_offset = if payload > 0 { header_end } else { 0 };
    common.pdu_length = U32::new(u32::from(header_end) + payload);
}

fn push(stream: &mut Vec<u8>, header: &[u8], header_digest: bool) {
    stream.extend_from_slice(header);
    if header_digest {
        stream.extend_from_slice(&crc32c(header).to_le_bytes());
    }
}
