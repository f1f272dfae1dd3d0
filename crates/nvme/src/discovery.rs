//! The discovery log page: which subsystems a host can connect to, and where.
//!
//! The page is a [`DiscoveryLogHeader`] and then the entries, 1024 bytes each. A host reads it in parts, and again from the start when
//! the generation counter has changed in between.
//!
//! Spec: NVMe Base 2.0 §5.16.1.23; NVMe/TCP 1.0 §3.1.1 (transport specific address subtype).

use alloc::string::ToString;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use zerocopy::little_endian::{U16, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::base::text::PaddedText;
use crate::fabrics::{ConnectData, NQN_FIELD_BYTES, Nqn, NqnError};

/// Head of the discovery log page, 1024 bytes.
///
/// Spec: NVMe Base 2.0 §5.16.1.23.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct DiscoveryLogHeader {
    /// Generation counter (GENCTR): counts the changes of the page.
    pub generation: U64,
    /// Entries of the page (NUMREC).
    pub record_count: U64,
    /// Record format (RECFMT): 0, as laid out here.
    pub record_format: U16,
    /// Reserved.
    pub reserved18: [u8; 1006],
}

assert_layout!(DiscoveryLogHeader, 1024, generation @ 0, record_count @ 8, record_format @ 16, reserved18 @ 18);

/// One way to one subsystem, 1024 bytes.
///
/// Spec: NVMe Base 2.0 §5.16.1.23.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct DiscoveryLogEntry {
    /// Transport (TRTYPE).
    pub transport_type: TransportType,
    /// Family of the address (ADRFAM).
    pub address_family: AddressFamily,
    /// What is there (SUBTYPE).
    pub subsystem_type: SubsystemType,
    /// What the connection must have (TREQ).
    pub transport_requirements: TransportRequirements,
    /// Port of the subsystem (PORTID).
    pub port_id: U16,
    /// Controller to ask for (CNTLID), as in [`ConnectData::controller_id`].
    pub controller_id: U16,
    /// Largest Admin submission queue (ASQSZ), in entries: 32 at least.
    pub admin_queue_entries: U16,
    /// Flags of the entry (EFLAGS).
    pub flags: EntryFlags,
    /// Reserved.
    pub reserved12: [u8; 20],
    /// Transport service identifier (TRSVCID): with TCP the port in decimal.
    pub transport_service_id: PaddedText<32>,
    /// Reserved.
    pub reserved64: [u8; 192],
    /// Name of the subsystem (SUBNQN), NUL terminated.
    pub subsystem_nqn: [u8; NQN_FIELD_BYTES],
    /// Address (TRADDR): with TCP an IP address as text.
    pub transport_address: PaddedText<256>,
    /// Transport specific address subtype (TSAS): with TCP the [`SecurityType`].
    pub security_type: SecurityType,
    /// The rest of the transport specific address subtype, reserved with TCP.
    pub reserved769: [u8; 255],
}

assert_layout!(
    DiscoveryLogEntry, 1024,
    transport_type @ 0, address_family @ 1, subsystem_type @ 2, transport_requirements @ 3, port_id @ 4, controller_id @ 6,
    admin_queue_entries @ 8, flags @ 10, reserved12 @ 12, transport_service_id @ 32, reserved64 @ 64, subsystem_nqn @ 256,
    transport_address @ 512, security_type @ 768, reserved769 @ 769,
);

impl DiscoveryLogEntry {
    /// Smallest [`Self::admin_queue_entries`] that is allowed.
    pub const MINIMUM_ADMIN_QUEUE_ENTRIES: u16 = 32;

    /// A subsystem with dynamic controllers at this TCP address, without security, whose submission queue flow control can be
    /// disabled.
    #[must_use]
    pub fn tcp(
        subsystem_type: SubsystemType,
        address: SocketAddr,
        port_id: u16,
        admin_queue_entries: u16,
        subsystem_nqn: &Nqn,
    ) -> Self {
        Self {
            transport_type: TransportType::TCP,
            address_family: if address.is_ipv4() { AddressFamily::IPV4 } else { AddressFamily::IPV6 },
            subsystem_type,
            transport_requirements: TransportRequirements(0)
                .with_secure_channel(TransportRequirements::SECURE_CHANNEL_NOT_REQUIRED)
                .with_flow_control_can_be_disabled(1),
            port_id: U16::new(port_id),
            controller_id: U16::new(ConnectData::DYNAMIC_CONTROLLER),
            admin_queue_entries: U16::new(admin_queue_entries),
            transport_service_id: text(&address.port()),
            subsystem_nqn: subsystem_nqn.to_field(),
            transport_address: text(&address.ip()),
            security_type: SecurityType::NONE,
            ..Self::new_zeroed()
        }
    }

    /// Where to connect to.
    ///
    /// # Errors
    /// When the entry is not one of NVMe/TCP, or its address or port is none.
    pub fn socket_address(&self) -> Result<SocketAddr, EntryError> {
        if self.transport_type != TransportType::TCP {
            return Err(EntryError::Transport(self.transport_type));
        }
        let address: IpAddr =
            self.transport_address.as_str().and_then(|text| text.parse().ok()).ok_or(EntryError::Address)?;
        let port: u16 =
            self.transport_service_id.as_str().and_then(|text| text.parse().ok()).ok_or(EntryError::Port)?;
        Ok(SocketAddr::new(address, port))
    }

    /// Name of the subsystem.
    ///
    /// # Errors
    /// When it is not a valid name.
    pub fn subsystem_nqn(&self) -> Result<Nqn, NqnError> {
        Nqn::from_field(&self.subsystem_nqn)
    }
}

/// Addresses and ports are printable ASCII, and short: an IP address has at most 45 characters and what Rust prints for one has no
/// scope.
fn text<const N: usize>(value: &impl ToString) -> PaddedText<N> {
    PaddedText::new(&value.to_string()).expect("an IP address or a port fits its field")
}

/// Why an entry gives no address to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Another transport.
    #[error("the transport is {0}, and only TCP is supported")]
    Transport(TransportType),
    /// The address is not one.
    #[error("the transport address is not an IP address")]
    Address,
    /// The service identifier is not a port.
    #[error("the transport service identifier is not a port from 0 to 65535")]
    Port,
}

open_enum! {
    /// Transport (TRTYPE).
    ///
    /// Spec: NVMe Base 2.0 §5.16.1.23.
    #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    pub struct TransportType(u8) {
        RDMA = 1, "RDMA";
        FIBRE_CHANNEL = 2, "Fibre Channel";
        TCP = 3, "TCP";
        INTRA_HOST = 254, "intra-host";
    }
}

open_enum! {
    /// Family of an address (ADRFAM).
    ///
    /// Spec: NVMe Base 2.0 §5.16.1.23.
    #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    pub struct AddressFamily(u8) {
        IPV4 = 1, "IPv4";
        IPV6 = 2, "IPv6";
        INFINIBAND = 3, "InfiniBand";
        FIBRE_CHANNEL = 4, "Fibre Channel";
        INTRA_HOST = 254, "intra-host";
    }
}

open_enum! {
    /// What an entry leads to (SUBTYPE).
    ///
    /// Spec: NVMe Base 2.0 §5.16.1.23.
    #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    pub struct SubsystemType(u8) {
        DISCOVERY_REFERRAL = 1, "discovery subsystem referral";
        NVM = 2, "NVM subsystem";
        CURRENT_DISCOVERY = 3, "current discovery subsystem";
    }
}

open_enum! {
    /// Security of the connection, byte 0 of the transport specific address subtype with TCP (SECTYPE).
    ///
    /// Spec: NVMe/TCP 1.0 §3.1.1.
    #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    pub struct SecurityType(u8) {
        NONE = 0, "none";
        TLS_1_2 = 1, "TLS 1.2";
        TLS_1_3 = 2, "TLS 1.3";
    }
}

/// What a connection must have (TREQ).
///
/// Spec: NVMe Base 2.0 §5.16.1.23.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct TransportRequirements(pub u8);

impl TransportRequirements {
    /// Value of [`Self::secure_channel`]: not specified.
    pub const SECURE_CHANNEL_NOT_SPECIFIED: u8 = 0;
    /// Value of [`Self::secure_channel`]: required.
    pub const SECURE_CHANNEL_REQUIRED: u8 = 1;
    /// Value of [`Self::secure_channel`]: not required.
    pub const SECURE_CHANNEL_NOT_REQUIRED: u8 = 2;

    bit_fields! { u8;
        /// Whether it must be a secure channel, a `SECURE_CHANNEL_*` value.
        secure_channel, with_secure_channel: 0, 2;
        /// 1: the controller can do without submission queue flow control.
        flow_control_can_be_disabled, with_flow_control_can_be_disabled: 2, 1;
    }
}

flag_set! {
    /// Flags of an entry (EFLAGS).
    ///
    /// Spec: NVMe Base 2.0 §5.16.1.23.
    pub struct EntryFlags(u16) {
        DUPLICATE_RETURNED_INFORMATION = 0, "same information on every port";
        EXPLICIT_PERSISTENT_CONNECTION = 1, "explicit persistent connections";
    }
}

/// The page with these entries.
#[must_use]
pub fn discovery_log_page(generation: u64, entries: &[DiscoveryLogEntry]) -> Vec<u8> {
    let mut header = DiscoveryLogHeader::new_zeroed();
    header.generation = U64::new(generation);
    header.record_count = U64::new(entries.len() as u64);
    [header.as_bytes(), entries.as_bytes()].concat()
}

/// A discovery log page as a host reads it: from the start, perhaps not to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscoveryLog<'a> {
    /// The header.
    pub header: &'a DiscoveryLogHeader,
    /// The entries that are there: no more than the header counts, and whole ones only.
    pub entries: &'a [DiscoveryLogEntry],
}

/// Why bytes are not a discovery log page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryLogError {
    /// Shorter than the header.
    #[error("a discovery log page has at least {} bytes", size_of::<DiscoveryLogHeader>())]
    TooShort,
    /// A record format that is not known here.
    #[error("the discovery log page has record format {0}, and only 0 is supported")]
    RecordFormat(u16),
}

impl<'a> DiscoveryLog<'a> {
    /// Reads what there is of a page.
    ///
    /// # Errors
    /// When the header is not whole, or the entries have a format that is not known.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DiscoveryLogError> {
        let (header, rest) = DiscoveryLogHeader::ref_from_prefix(bytes).map_err(|_| DiscoveryLogError::TooShort)?;
        if header.record_format.get() != 0 {
            return Err(DiscoveryLogError::RecordFormat(header.record_format.get()));
        }
        let counted = usize::try_from(header.record_count.get()).unwrap_or(usize::MAX);
        let count = counted.min(rest.len() / size_of::<DiscoveryLogEntry>());
        let (entries, _) =
            <[DiscoveryLogEntry]>::ref_from_prefix_with_elems(rest, count).map_err(|_| DiscoveryLogError::TooShort)?;
        Ok(Self { header, entries })
    }

    /// Whether all entries are there.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.entries.len() as u64 == self.header.record_count.get()
    }

    /// Size of the whole page in bytes, as the header counts it; `None` beyond 64 bits.
    #[must_use]
    pub const fn page_bytes(&self) -> Option<u64> {
        match self.header.record_count.get().checked_mul(size_of::<DiscoveryLogEntry>() as u64) {
            Some(entries) => entries.checked_add(size_of::<DiscoveryLogHeader>() as u64),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests;
