//! The limits of NVMe/TCP, in one place: what a peer's number is held against before it sizes anything.

/// Bytes of the header that every PDU begins with.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.1.
pub const COMMON_HEADER_BYTES: usize = 8;

/// Bytes of the longest PDU header: those of ICReq and ICResp.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.2.
pub const HEADER_BYTES_MAX: usize = 128;

/// Bytes of a header digest or a data digest.
///
/// Spec: NVMe/TCP 1.0 §3.3.1.1.
pub const DIGEST_BYTES: usize = 4;

/// Most bytes of a PDU that are kept until the rest of its header arrives.
pub const HEADER_AND_DIGEST_BYTES_MAX: usize = HEADER_BYTES_MAX + DIGEST_BYTES;

/// Largest PDU data alignment (HPDA, CPDA) in its wire form: dwords less one, so 128 bytes.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.2.
pub const DATA_ALIGNMENT_MAX_0BASED: u8 = 31;

/// Most bytes of the offending header in a termination request.
///
/// Spec: NVMe/TCP 1.0 §3.5.
pub const TERMINATION_DATA_BYTES_MAX: usize = 128;

/// Most bytes of data in a capsule with a Fabrics or Admin command.
///
/// Spec: NVMe/TCP 1.0 §3.3, Capsules.
pub const ADMIN_IN_CAPSULE_BYTES: u32 = 8192;

/// Least that a controller should offer as MAXH2CDATA, in bytes.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.3.
pub const MAX_HOST_DATA_BYTES_LEAST: u32 = 4096;

/// Most R2T PDUs that are outstanding for one command, however many the peer says it takes. With this many in flight a transfer never
/// waits for the network, and the output that one command causes at a time stays below a kilobyte.
pub const READY_TO_TRANSFER_MAX: u32 = 32;

/// Most bytes of data in one PDU that is sent: its length has to fit a PLEN of 32 bits together with header, padding and digests.
pub const PDU_DATA_BYTES_MAX: u32 = u32::MAX - 512;
