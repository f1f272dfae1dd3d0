//! An NVMe/TCP peer made of single steps, so that it can do what no proper host does.
//!
//! It uses the project's wire structures, whose layouts are asserted beside them, but none of its protocol code: what a
//! target answers is judged by the bytes that came. Blocking, one command at a time, no digests.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use nvme::base::command::{CompletionQueueEntry, SglDescriptor, SubmissionQueueEntry};
use nvme::base::property::PropertyOffset;
use nvme::base::status::Status;
use nvme::fabrics::{ConnectCommand, ConnectData, ConnectResult, Nqn, PropertyGet, PropertySet, PropertySize};
use nvme::nvm::{NvmOpcode, ReadWrite};
use nvme::tcp::FatalErrorStatus;
use nvme::tcp::pdu::{
    CommandCapsule, CommonHeader, ControllerToHostData, InitializeRequest, InitializeResponse, PduType,
    ReadyToTransfer, ResponseCapsule, TerminationRequest, flags,
};
use reactor::clock::Duration;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::context::Target;
use crate::failure::{Failure, Verdict};
use crate::{ensure, ensure_eq};

/// How long an answer may take before the scenario fails. Above every limit after which a target closes a connection.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(40);

/// Most bytes that a PDU from the controller may have: the largest transfer and its header.
const PDU_BYTES_MAX: usize = (1 << 20) + 4096;

/// Block size of the namespaces that scenarios use, in bytes.
pub const BLOCK_BYTES: usize = 512;

/// What a target sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// ICResp.
    Initialized(Box<InitializeResponse>),
    /// CapsuleResp.
    Completed(CompletionQueueEntry),
    /// C2HData.
    Data {
        /// Its header.
        header: ControllerToHostData,
        /// Its data.
        bytes: Vec<u8>,
    },
    /// R2T.
    ReadyToTransfer(ReadyToTransfer),
    /// C2HTermReq.
    Terminated {
        /// Fatal Error Status.
        status: FatalErrorStatus,
        /// Fatal Error Information.
        information: u32,
        /// The header that was wrong, as far as it was sent back.
        offender: Vec<u8>,
    },
    /// The end of the stream.
    Closed,
}

/// One connection to a target.
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    next_command_id: u16,
}

impl Peer {
    /// A connection on which nothing has been said yet.
    ///
    /// # Errors
    /// When the target does not accept it.
    pub fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        stream.set_write_timeout(Some(ANSWER_LIMIT))?;
        Ok(Self { stream, next_command_id: 0 })
    }

    /// A connection with ICReq and ICResp exchanged.
    ///
    /// # Errors
    /// When the target answers anything else.
    pub fn initialized(address: SocketAddr) -> Result<Self, Failure> {
        Self::connect(address)?.initialize()
    }

    /// Exchanges ICReq and ICResp.
    ///
    /// # Errors
    /// When the target answers anything else.
    pub fn initialize(mut self) -> Result<Self, Failure> {
        self.send(InitializeRequest::new(0, 0, 0).as_bytes())?;
        match self.receive()? {
            Reply::Initialized(_) => Ok(self),
            other => Err(Failure::new(format!("ICReq was answered with {other:?}"))),
        }
    }

    /// The Admin queue of a new controller, enabled; and the controller's identifier.
    ///
    /// # Errors
    /// When the target refuses.
    pub fn admin_queue(target: &Target) -> Result<(Self, u16), Failure> {
        Self::admin_queue_at(target.address, &target.nqn)
    }

    /// As [`admin_queue`](Self::admin_queue), of the subsystem that has this name at this address.
    ///
    /// # Errors
    /// When the target refuses.
    pub fn admin_queue_at(address: SocketAddr, nqn: &str) -> Result<(Self, u16), Failure> {
        let mut peer = Self::initialized(address)?;
        let completion = peer.connect_queue(0, ConnectData::DYNAMIC_CONTROLLER, nqn)?;
        let ConnectResult::Connected { controller_id, .. } =
            ConnectResult::parse(completion.status(), completion.result_dword0())
        else {
            return Err(Failure::new(format!("Connect of the Admin queue: {}", completion.status())));
        };
        peer.enable()?;
        Ok((peer, controller_id))
    }

    /// I/O queue 1 of a controller.
    ///
    /// # Errors
    /// When the target refuses.
    pub fn io_queue(target: &Target, controller_id: u16) -> Result<Self, Failure> {
        Self::io_queue_at(target.address, &target.nqn, controller_id)
    }

    /// As [`io_queue`](Self::io_queue), of the subsystem that has this name at this address.
    ///
    /// # Errors
    /// When the target refuses.
    pub fn io_queue_at(address: SocketAddr, nqn: &str, controller_id: u16) -> Result<Self, Failure> {
        let mut peer = Self::initialized(address)?;
        let completion = peer.connect_queue(1, controller_id, nqn)?;
        ensure!(completion.status().is_success(), "Connect of I/O queue 1: {}", completion.status());
        Ok(peer)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn finish_sending(&mut self) -> Result<(), Failure> {
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }

    /// Takes in the next PDU.
    ///
    /// # Errors
    /// When none comes in time, or one that no controller may send.
    pub fn receive(&mut self) -> Result<Reply, Failure> {
        let mut common = CommonHeader::new_zeroed();
        if !self.fill(common.as_mut_bytes())? {
            return Ok(Reply::Closed);
        }
        let length = usize::try_from(common.pdu_length.get())?;
        ensure!((8..=PDU_BYTES_MAX).contains(&length), "a PDU of {length} bytes: {common:?}");
        let mut pdu = vec![0; length];
        pdu[..8].copy_from_slice(common.as_bytes());
        ensure!(self.fill(&mut pdu[8..])?, "the connection ended inside a PDU: {common:?}");
        understand(common, &pdu)
    }

    /// Fills the buffer; `false` when the stream ends before its first byte.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, Failure> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.stream.read(&mut buffer[filled..]) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(Failure::new("the connection ended inside a PDU")),
                Ok(length) => filled += length,
                // A wait with a limit is cut short when this program is stopped and goes on.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What the peer had not read when it closed turns its end into a reset.
                Err(error) if error.kind() == ErrorKind::ConnectionReset && filled == 0 => return Ok(false),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(Failure::new(format!("no answer within {ANSWER_LIMIT:?}")));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// Sends a command with a new identifier, which it returns.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn submit(&mut self, entry: &SubmissionQueueEntry, in_capsule: &[u8]) -> Result<u16, Failure> {
        let command_id = self.next_command_id;
        // A host has few commands outstanding, so an identifier is long free when its turn comes again.
        self.next_command_id = (command_id + 1) % 128;
        let mut capsule = CommandCapsule { common: command_header(in_capsule.len()), entry: *entry };
        capsule.entry.command_id = U16::new(command_id);
        self.send(&[capsule.as_bytes(), in_capsule].concat())?;
        Ok(command_id)
    }

    /// Carries out a command: sends it, sends what is asked for out of `to_controller`, collects what comes, and returns the
    /// completion.
    ///
    /// # Errors
    /// When the target does anything but that.
    pub fn command(
        &mut self,
        mut entry: SubmissionQueueEntry,
        to_controller: &[u8],
        from_controller: &mut [u8],
    ) -> Result<CompletionQueueEntry, Failure> {
        if !to_controller.is_empty() {
            entry.data_pointer = SglDescriptor::in_capsule(0, u32::try_from(to_controller.len())?);
        } else if !from_controller.is_empty() {
            entry.data_pointer = SglDescriptor::transport(u32::try_from(from_controller.len())?);
        }
        let command_id = self.submit(&entry, to_controller)?;
        loop {
            match self.receive()? {
                Reply::Completed(completion) => {
                    ensure_eq!(completion.command_id.get(), command_id, "command identifier of the response");
                    return Ok(completion);
                }
                Reply::Data { header, bytes } => {
                    ensure_eq!(header.command_id.get(), command_id, "command identifier of the data");
                    let offset = usize::try_from(header.data_offset.get())?;
                    let Some(place) = from_controller.get_mut(offset..offset + bytes.len()) else {
                        return Err(Failure::new(format!("{} bytes of data at offset {offset}", bytes.len())));
                    };
                    place.copy_from_slice(&bytes);
                    if header.common.flags & flags::SUCCESS != 0 {
                        return Ok(CompletionQueueEntry::new(command_id, Status::SUCCESS, 0, 0));
                    }
                }
                other => return Err(Failure::new(format!("a command was answered with {other:?}"))),
            }
        }
    }

    /// Sends Connect and returns its completion.
    ///
    /// # Errors
    /// When there is none.
    pub fn connect_queue(
        &mut self,
        queue_id: u16,
        controller_id: u16,
        nqn: &str,
    ) -> Result<CompletionQueueEntry, Failure> {
        let host = Nqn::parse("nqn.2026-11.io.tidegate:e2e")?;
        let data = ConnectData::new(*b"tidegate-e2e-tst", controller_id, &Nqn::parse(nqn)?, &host);
        let entry = *ConnectCommand::new(queue_id, 31).as_entry();
        self.command(entry, data.as_bytes(), &mut [])
    }

    /// Enables the controller (CC.EN with the entry sizes that Fabrics demand) and checks that it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn enable(&mut self) -> Verdict {
        // IOCQES 4, IOSQES 6, EN.
        let set = PropertySet::new(PropertyOffset::CONTROLLER_CONFIGURATION, PropertySize::FOUR_BYTES, 0x0046_0001);
        let completion = self.command(*set.as_entry(), &[], &mut [])?;
        ensure!(completion.status().is_success(), "Property Set of CC: {}", completion.status());
        let get = PropertyGet::new(PropertyOffset::CONTROLLER_STATUS, PropertySize::FOUR_BYTES);
        let completion = self.command(*get.as_entry(), &[], &mut [])?;
        ensure_eq!(completion.result_dword0() & 0b11, 1, "CSTS after enabling: ready and no fatal status");
        Ok(())
    }

    /// Writes blocks of namespace 1, data in the capsule. Returns the status.
    ///
    /// # Errors
    /// When the target does not answer properly.
    pub fn write(&mut self, first_block: u64, data: &[u8]) -> Result<Status, Failure> {
        let entry = transfer(first_block, data.len())?.command(NvmOpcode::WRITE, 1);
        Ok(self.command(entry, data, &mut [])?.status())
    }

    /// Reads blocks of namespace 1. Returns the status.
    ///
    /// # Errors
    /// When the target does not answer properly.
    pub fn read(&mut self, first_block: u64, data: &mut [u8]) -> Result<Status, Failure> {
        let entry = transfer(first_block, data.len())?.command(NvmOpcode::READ, 1);
        Ok(self.command(entry, &[], data)?.status())
    }

    /// Flushes namespace 1. Returns the status.
    ///
    /// # Errors
    /// When the target does not answer properly.
    pub fn flush(&mut self) -> Result<Status, Failure> {
        let entry = SubmissionQueueEntry::new(NvmOpcode::FLUSH.0, 1);
        Ok(self.command(entry, &[], &mut [])?.status())
    }

    /// Demands that the target terminates the connection for this reason, then closes it.
    ///
    /// # Errors
    /// When it does anything else.
    pub fn expect_termination(&mut self, status: FatalErrorStatus, information: u32) -> Verdict {
        match self.receive()? {
            Reply::Terminated { status: found, information: found_information, .. } => {
                ensure_eq!((found, found_information), (status, information), "Fatal Error Status and Information");
            }
            other => return Err(Failure::new(format!("expected C2HTermReq ({status}), got {other:?}"))),
        }
        // The specification lets the controller wait for the host's end.
        self.finish_sending()?;
        self.expect_closed()
    }

    /// Demands that the target closes the connection without another word.
    ///
    /// # Errors
    /// When it does anything else.
    pub fn expect_closed(&mut self) -> Verdict {
        ensure_eq!(self.receive()?, Reply::Closed, "what came instead of the end");
        Ok(())
    }
}

/// The common header of a CapsuleCmd PDU.
///
/// # Panics
/// For more data than a capsule can have.
#[must_use]
pub fn command_header(in_capsule_bytes: usize) -> CommonHeader {
    let length = u32::try_from(in_capsule_bytes).map_or(u32::MAX, |data| 72 + data);
    CommonHeader {
        pdu_type: PduType::COMMAND_CAPSULE,
        flags: 0,
        header_length: 72,
        data_offset: if in_capsule_bytes == 0 { 0 } else { 72 },
        pdu_length: U32::new(length),
    }
}

fn transfer(first_block: u64, length: usize) -> Result<ReadWrite, Failure> {
    ensure!(length > 0 && length.is_multiple_of(BLOCK_BYTES), "{length} bytes are no whole blocks");
    Ok(ReadWrite {
        first_block,
        block_count: u32::try_from(length / BLOCK_BYTES)?,
        force_unit_access: false,
        limited_retry: false,
        deallocate: false,
        protection: 0,
    })
}

fn understand(common: CommonHeader, pdu: &[u8]) -> Result<Reply, Failure> {
    let malformed = || Failure::new(format!("a PDU too short for its type: {common:?}"));
    Ok(match common.pdu_type {
        PduType::INITIALIZE_RESPONSE => {
            Reply::Initialized(Box::new(InitializeResponse::read_from_bytes(pdu).map_err(|_| malformed())?))
        }
        PduType::RESPONSE_CAPSULE => {
            Reply::Completed(ResponseCapsule::read_from_bytes(pdu).map_err(|_| malformed())?.entry)
        }
        PduType::READY_TO_TRANSFER => {
            Reply::ReadyToTransfer(ReadyToTransfer::read_from_bytes(pdu).map_err(|_| malformed())?)
        }
        PduType::CONTROLLER_DATA => {
            let (header, _) = ControllerToHostData::read_from_prefix(pdu).map_err(|_| malformed())?;
            let bytes = pdu.get(usize::from(common.data_offset)..).ok_or_else(malformed)?;
            ensure_eq!(bytes.len(), usize::try_from(header.data_length.get())?, "bytes of data in C2HData");
            Reply::Data { header, bytes: bytes.to_vec() }
        }
        PduType::CONTROLLER_TERMINATION => {
            let (header, offender) = TerminationRequest::read_from_prefix(pdu).map_err(|_| malformed())?;
            Reply::Terminated {
                status: FatalErrorStatus(header.fatal_error_status.get()),
                information: header.fatal_error_information.get(),
                offender: offender.to_vec(),
            }
        }
        _ => return Err(Failure::new(format!("a PDU that no controller sends: {common:?}"))),
    })
}
