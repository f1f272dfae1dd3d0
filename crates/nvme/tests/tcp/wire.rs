//! PDUs built byte by byte.

/// CRC-32C, one bit at a time.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    !crc
}

/// How the PDUs of one direction are framed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) header_digest: bool,
    pub(crate) data_digest: bool,
    /// Of the data, in bytes.
    pub(crate) alignment: usize,
}

pub(crate) const PLAIN: Wire = Wire { header_digest: false, data_digest: false, alignment: 4 };

/// Every combination of the two digests, unaligned and aligned.
pub(crate) const ALL: [Wire; 8] = {
    let mut all = [PLAIN; 8];
    let mut index = 0;
    while index < 8 {
        all[index] = Wire {
            header_digest: index & 1 != 0,
            data_digest: index & 2 != 0,
            alignment: if index & 4 != 0 { 64 } else { 4 },
        };
        index += 1;
    }
    all
};

impl Wire {
    /// A PDU with digests, from its type, the flags beyond those of digests, the header after the common header, and its data.
    pub(crate) fn pdu(self, pdu_type: u8, flags: u8, specific: &[u8], data: &[u8]) -> Vec<u8> {
        let header_length = 8 + specific.len();
        let header_end = header_length + if self.header_digest { 4 } else { 0 };
        let data_offset = if data.is_empty() { 0 } else { header_end.next_multiple_of(self.alignment) };
        let data_digest = self.data_digest && !data.is_empty();
        let total = header_end.max(data_offset) + data.len() + if data_digest { 4 } else { 0 };
        let mut pdu = vec![
            pdu_type,
            flags | u8::from(self.header_digest) | u8::from(data_digest) << 1,
            u8::try_from(header_length).unwrap(),
            u8::try_from(data_offset).unwrap(),
        ];
        pdu.extend(u32::try_from(total).unwrap().to_le_bytes());
        pdu.extend(specific);
        if self.header_digest {
            pdu.extend(crc32c(&pdu).to_le_bytes());
        }
        pdu.resize(pdu.len().max(data_offset), 0);
        pdu.extend(data);
        if data_digest {
            pdu.extend(crc32c(data).to_le_bytes());
        }
        assert_eq!(pdu.len(), total);
        pdu
    }

    /// CapsuleCmd.
    pub(crate) fn command(self, entry: &[u8; 64], data: &[u8]) -> Vec<u8> {
        self.pdu(4, 0, entry, data)
    }

    /// H2CData.
    pub(crate) fn host_data(self, command_id: u16, transfer_tag: u16, offset: u32, last: bool, data: &[u8]) -> Vec<u8> {
        let mut specific = Vec::new();
        specific.extend(command_id.to_le_bytes());
        specific.extend(transfer_tag.to_le_bytes());
        specific.extend(offset.to_le_bytes());
        specific.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        specific.extend([0; 4]);
        self.pdu(6, u8::from(last) << 2, &specific, data)
    }

    /// C2HData.
    pub(crate) fn controller_data(self, command_id: u16, offset: u32, flags: u8, data: &[u8]) -> Vec<u8> {
        let mut specific = Vec::new();
        specific.extend(command_id.to_le_bytes());
        specific.extend([0; 2]);
        specific.extend(offset.to_le_bytes());
        specific.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        specific.extend([0; 4]);
        self.pdu(7, flags, &specific, data)
    }

    /// R2T.
    pub(crate) fn ready_to_transfer(self, command_id: u16, transfer_tag: u16, offset: u32, length: u32) -> Vec<u8> {
        let mut specific = Vec::new();
        specific.extend(command_id.to_le_bytes());
        specific.extend(transfer_tag.to_le_bytes());
        specific.extend(offset.to_le_bytes());
        specific.extend(length.to_le_bytes());
        specific.extend([0; 4]);
        self.pdu(9, 0, &specific, &[])
    }

    /// CapsuleResp. `status`: the 15 bits without the phase tag.
    pub(crate) fn response(self, command_id: u16, sq_head: u16, status: u16, result: u64) -> Vec<u8> {
        let mut specific = Vec::new();
        specific.extend(result.to_le_bytes());
        specific.extend(sq_head.to_le_bytes());
        specific.extend([0; 2]);
        specific.extend(command_id.to_le_bytes());
        specific.extend((status << 1).to_le_bytes());
        self.pdu(5, 0, &specific, &[])
    }
}

/// ICReq.
pub(crate) fn initialize_request(data_alignment_0based: u8, digests: u8, max_ready_to_transfer_0based: u32) -> Vec<u8> {
    let mut pdu = vec![0, 0, 128, 0, 128, 0, 0, 0, 0, 0, data_alignment_0based, digests];
    pdu.extend(max_ready_to_transfer_0based.to_le_bytes());
    pdu.resize(128, 0);
    pdu
}

/// ICResp.
pub(crate) fn initialize_response(data_alignment_0based: u8, digests: u8, max_host_data_bytes: u32) -> Vec<u8> {
    let mut pdu = vec![1, 0, 128, 0, 128, 0, 0, 0, 0, 0, data_alignment_0based, digests];
    pdu.extend(max_host_data_bytes.to_le_bytes());
    pdu.resize(128, 0);
    pdu
}

/// H2CTermReq (2) or C2HTermReq (3).
pub(crate) fn termination(pdu_type: u8, status: u16, information: u32, header: &[u8]) -> Vec<u8> {
    let mut pdu = vec![pdu_type, 0, 24, 0];
    pdu.extend(u32::try_from(24 + header.len()).unwrap().to_le_bytes());
    pdu.extend(status.to_le_bytes());
    pdu.extend(information.to_le_bytes());
    pdu.resize(24, 0);
    pdu.extend(header);
    pdu
}

/// The SGL descriptor of data in the capsule.
pub(crate) fn in_capsule(offset: u64, length: u32) -> [u8; 16] {
    descriptor(offset, length, 0x01)
}

/// The SGL descriptor of data that the transport moves.
pub(crate) fn transport(length: u32) -> [u8; 16] {
    descriptor(0, length, 0x5a)
}

pub(crate) fn descriptor(address: u64, length: u32, identifier: u8) -> [u8; 16] {
    let mut sgl = [0; 16];
    sgl[..8].copy_from_slice(&address.to_le_bytes());
    sgl[8..12].copy_from_slice(&length.to_le_bytes());
    sgl[15] = identifier;
    sgl
}

pub(crate) const WRITE: u8 = 0x01;
pub(crate) const READ: u8 = 0x02;
pub(crate) const FLUSH: u8 = 0x00;
pub(crate) const FABRICS: u8 = 0x7f;

/// A submission queue entry.
pub(crate) fn entry(opcode: u8, command_id: u16, sgl: [u8; 16]) -> [u8; 64] {
    let mut entry = [0; 64];
    entry[0] = opcode;
    entry[1] = 0x40;
    entry[2..4].copy_from_slice(&command_id.to_le_bytes());
    entry[4] = 1;
    entry[24..40].copy_from_slice(&sgl);
    entry
}

/// So many bytes that differ from one place and from one seed to another.
pub(crate) fn pattern(seed: u16, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251 + usize::from(seed) * 7).to_le_bytes()[0]).collect()
}
