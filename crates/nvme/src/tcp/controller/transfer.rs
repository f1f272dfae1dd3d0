//! Data from the host: asking for them with R2T, and placing what H2CData PDUs bring.
//!
//! The buffer of a command is asked for in portions of MAXH2CDATA bytes, one R2T each, as many at a time as the host takes; the next
//! one goes out when a portion is complete. All R2Ts of a command have its tag as transfer tag: the host serves them in order, so that
//! the offset tells them apart.
//!
//! Spec: NVMe/TCP 1.0 §3.3.2.2.

use zerocopy::little_endian::{U16, U32};

use super::{CommandTag, ControllerConnection, Current};
use crate::tcp::fault::Fault;
use crate::tcp::pdu::{HostToControllerData, PduType, ReadyToTransfer, flags};

/// What a slot is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotState {
    Free,
    /// The caller has the command.
    Held,
    /// In-capsule data are coming.
    InCapsule,
    /// Data were asked for.
    Receiving,
    /// Data are in the output.
    Sending,
}

/// A place for one command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) command_id: u16,
    pub(super) state: SlotState,
    /// Nobody wants the data.
    pub(super) discard: bool,
    /// No data digest was wrong so far.
    pub(super) intact: bool,
    /// Bytes of data that the command has.
    pub(super) length: u32,
    /// How far they were asked for.
    pub(super) requested: u32,
    /// How far they have come.
    pub(super) received: u32,
}

impl Slot {
    pub(super) const FREE: Self = Self {
        command_id: 0,
        state: SlotState::Free,
        discard: false,
        intact: true,
        length: 0,
        requested: 0,
        received: 0,
    };

    /// For a command that has just arrived.
    pub(super) const fn held(command_id: u16) -> Self {
        Self { command_id, state: SlotState::Held, ..Self::FREE }
    }
}

impl ControllerConnection {
    /// Asks the host for all data of a command that has [`Transport`](super::CommandData::Transport) data. They come as
    /// [`Payload`](super::ControllerInput::Payload) and then [`DataComplete`](super::ControllerInput::DataComplete).
    ///
    /// # Panics
    /// When the slot has no such command, or it was asked for before.
    #[inline]
    pub fn request_data(&mut self, tag: CommandTag) {
        let slot = &mut self.slots[usize::from(tag.0)];
        assert!(
            slot.state == SlotState::Held && slot.length > 0 && slot.received == 0,
            "asked for the data of a command that has none to come: {slot:?}"
        );
        slot.state = SlotState::Receiving;
        self.receiving += 1;
        self.ask_for_more(tag);
    }

    /// Drops all data that are still to come for this command. [`DataComplete`](super::ControllerInput::DataComplete) tells when they
    /// are through.
    ///
    /// # Panics
    /// When no data are to come.
    pub fn discard_data(&mut self, tag: CommandTag) {
        let slot = &mut self.slots[usize::from(tag.0)];
        assert!(
            matches!(slot.state, SlotState::InCapsule | SlotState::Receiving),
            "dropped the data of a command that awaits none: {slot:?}"
        );
        slot.discard = true;
    }

    /// Sends R2Ts until the host has as many as it takes, or all data have been asked for.
    #[inline]
    pub(super) fn ask_for_more(&mut self, tag: CommandTag) {
        let portion = self.options.max_h2c_data_bytes;
        let common = self.framing.header(PduType::READY_TO_TRANSFER, 0);
        let slot = &mut self.slots[usize::from(tag.0)];
        while slot.requested < slot.length
            && (slot.requested - slot.received).div_ceil(portion) < self.ready_to_transfer_max
        {
            let length = portion.min(slot.length - slot.requested);
            self.output.push_header(&ReadyToTransfer {
                common,
                command_id: U16::new(slot.command_id),
                transfer_tag: U16::new(tag.0),
                requested_offset: U32::new(slot.requested),
                requested_length: U32::new(length),
                reserved20: [0; 4],
            });
            slot.requested += length;
        }
    }

    /// H2CData: finds its command and checks that these are the data that were asked for next.
    #[inline]
    pub(super) fn host_data(&mut self, data: &HostToControllerData, data_bytes: u32) -> Result<(), Fault> {
        let pdu_type = PduType::HOST_DATA;
        let portion = self.options.max_h2c_data_bytes;
        let tag = CommandTag(data.transfer_tag.get());
        let slot = match self.slots.get(usize::from(tag.0)) {
            Some(slot) if slot.state == SlotState::Receiving => slot,
            _ => return Err(Fault::UnknownTransferTag { transfer_tag: tag.0 }),
        };
        if data.command_id.get() != slot.command_id {
            return Err(Fault::UnknownCommand { pdu_type, command_id: data.command_id.get() });
        }
        let (offset, length) = (data.data_offset.get(), data.data_length.get());
        if length != data_bytes {
            return Err(Fault::DataLength { pdu_type, found: length, present: data_bytes });
        }
        if !length.is_multiple_of(4) {
            return Err(Fault::LengthNotDwords { pdu_type, found: length });
        }
        if length > portion {
            return Err(Fault::HostDataLimitExceeded { found: length, limit: portion });
        }
        let end = u64::from(offset) + u64::from(length);
        if end > u64::from(slot.requested) {
            return Err(Fault::OutOfRange { pdu_type, end, limit: slot.requested });
        }
        if offset != slot.received {
            return Err(Fault::NotContiguous { pdu_type, found: offset, expected: slot.received });
        }
        // `requested` is a multiple of the portion or the end of the data, so this is the end of the first R2T not yet served.
        let portion_end = (offset - offset % portion).saturating_add(portion).min(slot.requested);
        let end = offset + length;
        if end > portion_end {
            return Err(Fault::OutOfRange { pdu_type, end: u64::from(end), limit: portion_end });
        }
        let last = data.common.flags & flags::LAST != 0;
        if last != (end == portion_end) {
            return Err(Fault::LastPdu { pdu_type, last, end, limit: portion_end });
        }
        self.current = Current::Slot(tag);
        Ok(())
    }
}
