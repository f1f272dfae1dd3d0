//! Status of a completed command: status code type, status code and the retry hints around them.
//!
//! [`Status::name`] and `Display` are for people; a program compares with the constants, through [`Status::same_code`] where the
//! hints (Do Not Retry, More, retry delay) may differ.
//!
//! Spec: NVMe Base 2.0 §3.3.3.2.1; NVM Command Set 1.0 §3.1.2; codes of zoned and key-value sets are not named here.

use core::fmt;

/// Status code types.
///
/// Spec: NVMe Base 2.0 §3.3.3.2.1, Status Code Type.
pub mod code_type {
    /// Generic command status.
    pub const GENERIC: u8 = 0;
    /// Command specific status.
    pub const COMMAND_SPECIFIC: u8 = 1;
    /// Media and data integrity errors.
    pub const MEDIA: u8 = 2;
    /// Path related status.
    pub const PATH: u8 = 3;
    /// Vendor specific.
    pub const VENDOR: u8 = 7;
}

/// The 15-bit status field of a completion, without the phase tag.
///
/// ```
/// use nvme::base::status::Status;
/// let status = Status::INVALID_FIELD.with_do_not_retry();
/// assert_eq!(status.to_string(), "Invalid Field in Command (SCT 0, SC 02h, DNR)");
/// assert_eq!(status.to_completion_field(), 0x8004);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(u16);

const CODE_MASK: u16 = 0x07ff;
const RETRY_DELAY_SHIFT: u16 = 11;
const MORE: u16 = 1 << 13;
const DO_NOT_RETRY: u16 = 1 << 14;

impl Status {
    /// A status from its type (`0..=7`; higher bits are dropped) and code, without hints.
    #[inline]
    #[must_use]
    pub const fn new(code_type: u8, code: u8) -> Self {
        Self(u16::from_le_bytes([code, code_type & 0b111]))
    }

    /// The status in a completion queue entry's status field, the phase tag removed.
    #[inline]
    #[must_use]
    pub const fn from_completion_field(field: u16) -> Self {
        Self(field >> 1)
    }

    /// The status field of a completion queue entry with phase tag 0.
    #[inline]
    #[must_use]
    pub const fn to_completion_field(self) -> u16 {
        self.0 << 1
    }

    /// Status code type (SCT), `0..=7`.
    #[inline]
    #[must_use]
    pub const fn code_type(self) -> u8 {
        let [_, high] = self.0.to_le_bytes();
        high & 0b111
    }

    /// Status code (SC); its meaning depends on [`Self::code_type`].
    #[inline]
    #[must_use]
    pub const fn code(self) -> u8 {
        let [low, _] = self.0.to_le_bytes();
        low
    }

    /// Do Not Retry (DNR): the same command would fail again.
    #[inline]
    #[must_use]
    pub const fn do_not_retry(self) -> bool {
        self.0 & DO_NOT_RETRY != 0
    }

    /// The same with Do Not Retry set.
    #[inline]
    #[must_use]
    pub const fn with_do_not_retry(self) -> Self {
        Self(self.0 | DO_NOT_RETRY)
    }

    /// More (M): the Error Information log page tells more about this.
    #[inline]
    #[must_use]
    pub const fn more(self) -> bool {
        self.0 & MORE != 0
    }

    /// The same with More set.
    #[inline]
    #[must_use]
    pub const fn with_more(self) -> Self {
        Self(self.0 | MORE)
    }

    /// Command Retry Delay (CRD): 0 none, `1..=3` which of Identify Controller's retry delay times to wait.
    #[inline]
    #[must_use]
    pub const fn retry_delay_index(self) -> u8 {
        let [low, _] = ((self.0 >> RETRY_DELAY_SHIFT) & 0b11).to_le_bytes();
        low
    }

    /// Whether the command succeeded: code and type are 0, whatever the hints.
    #[inline]
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 & CODE_MASK == 0
    }

    /// Whether type and code are those of `other`, whatever the hints.
    #[inline]
    #[must_use]
    pub const fn same_code(self, other: Self) -> bool {
        self.0 & CODE_MASK == other.0 & CODE_MASK
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code_type, code) = (self.code_type(), self.code());
        let name =
            self.name().unwrap_or(if code_type == code_type::VENDOR { "Vendor Specific" } else { "Unknown Status" });
        write!(formatter, "{name} (SCT {code_type}, SC {code:02X}h")?;
        if self.retry_delay_index() != 0 {
            write!(formatter, ", CRD {}", self.retry_delay_index())?;
        }
        if self.more() {
            formatter.write_str(", M")?;
        }
        if self.do_not_retry() {
            formatter.write_str(", DNR")?;
        }
        formatter.write_str(")")
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Status[{self}]")
    }
}

impl fmt::LowerHex for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, formatter)
    }
}

/// Declares the named statuses, one table a code type, and the look-up of their names.
macro_rules! statuses {
    ($( $code_type:ident { $( $constant:ident = $code:literal, $text:literal; )* } )*) => {
        impl Status {
            $( $(
                #[doc = concat!($text, ".")]
                pub const $constant: Self = Self::new(code_type::$code_type, $code);
            )* )*

            /// Every status that has a constant.
            pub const NAMED: &'static [(Self, &'static str)] = &[$( $( (Self::$constant, $text), )* )*];
        }
    };
}

statuses! {
    GENERIC {
        SUCCESS = 0x00, "Successful Completion";
        INVALID_OPCODE = 0x01, "Invalid Command Opcode";
        INVALID_FIELD = 0x02, "Invalid Field in Command";
        COMMAND_ID_CONFLICT = 0x03, "Command ID Conflict";
        DATA_TRANSFER_ERROR = 0x04, "Data Transfer Error";
        ABORTED_POWER_LOSS = 0x05, "Commands Aborted due to Power Loss Notification";
        INTERNAL_ERROR = 0x06, "Internal Error";
        ABORTED_BY_REQUEST = 0x07, "Command Abort Requested";
        ABORTED_SQ_DELETION = 0x08, "Command Aborted due to SQ Deletion";
        ABORTED_FAILED_FUSED = 0x09, "Command Aborted due to Failed Fused Command";
        ABORTED_MISSING_FUSED = 0x0a, "Command Aborted due to Missing Fused Command";
        INVALID_NAMESPACE_OR_FORMAT = 0x0b, "Invalid Namespace or Format";
        COMMAND_SEQUENCE_ERROR = 0x0c, "Command Sequence Error";
        INVALID_SGL_SEGMENT_DESCRIPTOR = 0x0d, "Invalid SGL Segment Descriptor";
        INVALID_SGL_COUNT = 0x0e, "Invalid Number of SGL Descriptors";
        DATA_SGL_LENGTH_INVALID = 0x0f, "Data SGL Length Invalid";
        METADATA_SGL_LENGTH_INVALID = 0x10, "Metadata SGL Length Invalid";
        SGL_DESCRIPTOR_TYPE_INVALID = 0x11, "SGL Descriptor Type Invalid";
        INVALID_USE_OF_CONTROLLER_MEMORY_BUFFER = 0x12, "Invalid Use of Controller Memory Buffer";
        PRP_OFFSET_INVALID = 0x13, "PRP Offset Invalid";
        ATOMIC_WRITE_UNIT_EXCEEDED = 0x14, "Atomic Write Unit Exceeded";
        OPERATION_DENIED = 0x15, "Operation Denied";
        SGL_OFFSET_INVALID = 0x16, "SGL Offset Invalid";
        HOST_IDENTIFIER_INCONSISTENT = 0x18, "Host Identifier Inconsistent Format";
        KEEP_ALIVE_TIMER_EXPIRED = 0x19, "Keep Alive Timer Expired";
        KEEP_ALIVE_TIMEOUT_INVALID = 0x1a, "Keep Alive Timeout Invalid";
        ABORTED_PREEMPT = 0x1b, "Command Aborted due to Preempt and Abort";
        SANITIZE_FAILED = 0x1c, "Sanitize Failed";
        SANITIZE_IN_PROGRESS = 0x1d, "Sanitize In Progress";
        SGL_DATA_BLOCK_GRANULARITY_INVALID = 0x1e, "SGL Data Block Granularity Invalid";
        NOT_SUPPORTED_FOR_QUEUE_IN_CMB = 0x1f, "Command Not Supported for Queue in CMB";
        NAMESPACE_WRITE_PROTECTED = 0x20, "Namespace is Write Protected";
        COMMAND_INTERRUPTED = 0x21, "Command Interrupted";
        TRANSIENT_TRANSPORT_ERROR = 0x22, "Transient Transport Error";
        PROHIBITED_BY_LOCKDOWN = 0x23, "Command Prohibited by Command and Feature Lockdown";
        ADMIN_COMMAND_MEDIA_NOT_READY = 0x24, "Admin Command Media Not Ready";
        LBA_OUT_OF_RANGE = 0x80, "LBA Out of Range";
        CAPACITY_EXCEEDED = 0x81, "Capacity Exceeded";
        NAMESPACE_NOT_READY = 0x82, "Namespace Not Ready";
        RESERVATION_CONFLICT = 0x83, "Reservation Conflict";
        FORMAT_IN_PROGRESS = 0x84, "Format In Progress";
    }
    COMMAND_SPECIFIC {
        COMPLETION_QUEUE_INVALID = 0x00, "Completion Queue Invalid";
        INVALID_QUEUE_IDENTIFIER = 0x01, "Invalid Queue Identifier";
        INVALID_QUEUE_SIZE = 0x02, "Invalid Queue Size";
        ABORT_COMMAND_LIMIT_EXCEEDED = 0x03, "Abort Command Limit Exceeded";
        ASYNC_EVENT_REQUEST_LIMIT_EXCEEDED = 0x05, "Asynchronous Event Request Limit Exceeded";
        INVALID_FIRMWARE_SLOT = 0x06, "Invalid Firmware Slot";
        INVALID_FIRMWARE_IMAGE = 0x07, "Invalid Firmware Image";
        INVALID_INTERRUPT_VECTOR = 0x08, "Invalid Interrupt Vector";
        INVALID_LOG_PAGE = 0x09, "Invalid Log Page";
        INVALID_FORMAT = 0x0a, "Invalid Format";
        FIRMWARE_NEEDS_CONVENTIONAL_RESET = 0x0b, "Firmware Activation Requires Conventional Reset";
        INVALID_QUEUE_DELETION = 0x0c, "Invalid Queue Deletion";
        FEATURE_NOT_SAVEABLE = 0x0d, "Feature Identifier Not Saveable";
        FEATURE_NOT_CHANGEABLE = 0x0e, "Feature Not Changeable";
        FEATURE_NOT_NAMESPACE_SPECIFIC = 0x0f, "Feature Not Namespace Specific";
        FIRMWARE_NEEDS_SUBSYSTEM_RESET = 0x10, "Firmware Activation Requires NVM Subsystem Reset";
        FIRMWARE_NEEDS_CONTROLLER_RESET = 0x11, "Firmware Activation Requires Controller Level Reset";
        FIRMWARE_NEEDS_MAXIMUM_TIME = 0x12, "Firmware Activation Requires Maximum Time Violation";
        FIRMWARE_ACTIVATION_PROHIBITED = 0x13, "Firmware Activation Prohibited";
        OVERLAPPING_RANGE = 0x14, "Overlapping Range";
        NAMESPACE_INSUFFICIENT_CAPACITY = 0x15, "Namespace Insufficient Capacity";
        NAMESPACE_IDENTIFIER_UNAVAILABLE = 0x16, "Namespace Identifier Unavailable";
        NAMESPACE_ALREADY_ATTACHED = 0x18, "Namespace Already Attached";
        NAMESPACE_IS_PRIVATE = 0x19, "Namespace Is Private";
        NAMESPACE_NOT_ATTACHED = 0x1a, "Namespace Not Attached";
        THIN_PROVISIONING_NOT_SUPPORTED = 0x1b, "Thin Provisioning Not Supported";
        CONTROLLER_LIST_INVALID = 0x1c, "Controller List Invalid";
        DEVICE_SELF_TEST_IN_PROGRESS = 0x1d, "Device Self-test In Progress";
        BOOT_PARTITION_WRITE_PROHIBITED = 0x1e, "Boot Partition Write Prohibited";
        INVALID_CONTROLLER_IDENTIFIER = 0x1f, "Invalid Controller Identifier";
        INVALID_SECONDARY_CONTROLLER_STATE = 0x20, "Invalid Secondary Controller State";
        INVALID_NUMBER_OF_CONTROLLER_RESOURCES = 0x21, "Invalid Number of Controller Resources";
        INVALID_RESOURCE_IDENTIFIER = 0x22, "Invalid Resource Identifier";
        SANITIZE_PROHIBITED = 0x23, "Sanitize Prohibited While Persistent Memory Region is Enabled";
        ANA_GROUP_IDENTIFIER_INVALID = 0x24, "ANA Group Identifier Invalid";
        ANA_ATTACH_FAILED = 0x25, "ANA Attach Failed";
        INSUFFICIENT_CAPACITY = 0x26, "Insufficient Capacity";
        NAMESPACE_ATTACHMENT_LIMIT_EXCEEDED = 0x27, "Namespace Attachment Limit Exceeded";
        PROHIBITION_NOT_SUPPORTED = 0x28, "Prohibition of Command Execution Not Supported";
        COMMAND_SET_NOT_SUPPORTED = 0x29, "I/O Command Set Not Supported";
        COMMAND_SET_NOT_ENABLED = 0x2a, "I/O Command Set Not Enabled";
        COMMAND_SET_COMBINATION_REJECTED = 0x2b, "I/O Command Set Combination Rejected";
        INVALID_COMMAND_SET = 0x2c, "Invalid I/O Command Set";
        IDENTIFIER_UNAVAILABLE = 0x2d, "Identifier Unavailable";
        // 80h to BFh belong to the command set, so that Fabrics and the NVM command set name the same codes differently.
        CONNECT_INCOMPATIBLE_FORMAT = 0x80, "Connect Incompatible Format";
        CONFLICTING_ATTRIBUTES = 0x80, "Conflicting Attributes";
        CONNECT_CONTROLLER_BUSY = 0x81, "Connect Controller Busy";
        INVALID_PROTECTION_INFORMATION = 0x81, "Invalid Protection Information";
        CONNECT_INVALID_PARAMETERS = 0x82, "Connect Invalid Parameters";
        WRITE_TO_READ_ONLY_RANGE = 0x82, "Attempted Write to Read Only Range";
        CONNECT_RESTART_DISCOVERY = 0x83, "Connect Restart Discovery";
        COMMAND_SIZE_LIMIT_EXCEEDED = 0x83, "Command Size Limit Exceeded";
        CONNECT_INVALID_HOST = 0x84, "Connect Invalid Host";
        INVALID_QUEUE_TYPE = 0x85, "Invalid Queue Type";
        DISCOVER_RESTART = 0x90, "Discover Restart";
        AUTHENTICATION_REQUIRED = 0x91, "Authentication Required";
    }
    MEDIA {
        WRITE_FAULT = 0x80, "Write Fault";
        UNRECOVERED_READ_ERROR = 0x81, "Unrecovered Read Error";
        GUARD_CHECK_ERROR = 0x82, "End-to-end Guard Check Error";
        APPLICATION_TAG_CHECK_ERROR = 0x83, "End-to-end Application Tag Check Error";
        REFERENCE_TAG_CHECK_ERROR = 0x84, "End-to-end Reference Tag Check Error";
        COMPARE_FAILURE = 0x85, "Compare Failure";
        ACCESS_DENIED = 0x86, "Access Denied";
        DEALLOCATED_OR_UNWRITTEN_BLOCK = 0x87, "Deallocated or Unwritten Logical Block";
        STORAGE_TAG_CHECK_ERROR = 0x88, "End-to-End Storage Tag Check Error";
    }
    PATH {
        INTERNAL_PATH_ERROR = 0x00, "Internal Path Error";
        ASYMMETRIC_ACCESS_PERSISTENT_LOSS = 0x01, "Asymmetric Access Persistent Loss";
        ASYMMETRIC_ACCESS_INACCESSIBLE = 0x02, "Asymmetric Access Inaccessible";
        ASYMMETRIC_ACCESS_TRANSITION = 0x03, "Asymmetric Access Transition";
        CONTROLLER_PATHING_ERROR = 0x60, "Controller Pathing Error";
        HOST_PATHING_ERROR = 0x70, "Host Pathing Error";
        ABORTED_BY_HOST = 0x71, "Command Aborted By Host";
    }
}

impl Status {
    /// The specification's name of type and code; `None` for one without.
    ///
    /// Command specific codes from 80h to 83h mean one thing for a Fabrics command and another for an I/O command; this gives the
    /// Fabrics name, [`Self::io_name`] the other.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Self::NAMED.iter().find(|(status, _)| self.same_code(*status)).map(|&(_, name)| name)
    }

    /// The specification's name of type and code as the outcome of a command of the NVM command set.
    #[must_use]
    pub fn io_name(self) -> Option<&'static str> {
        Self::NAMED.iter().rfind(|(status, _)| self.same_code(*status)).map(|&(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{Status, code_type};

    #[test]
    fn every_field_value_is_taken_apart_and_put_together() {
        for field in (0..=u16::MAX).step_by(2) {
            let status = Status::from_completion_field(field);
            assert_eq!(status.to_completion_field(), field);
            assert_eq!(Status::from_completion_field(field | 1), status, "the phase tag does not matter");
            let together = u16::from(status.code()) << 1
                | u16::from(status.code_type()) << 9
                | u16::from(status.retry_delay_index()) << 12
                | u16::from(status.more()) << 14
                | u16::from(status.do_not_retry()) << 15;
            assert_eq!(together, field);
            assert_eq!(status.is_success(), field & 0x0ffe == 0);
            assert!(status.same_code(Status::new(status.code_type(), status.code())));
            let _ = (status.to_string(), status.name(), status.io_name());
        }
    }

    #[test]
    fn hints_do_not_change_the_code() {
        let status = Status::LBA_OUT_OF_RANGE.with_do_not_retry().with_more();
        assert!(status.same_code(Status::LBA_OUT_OF_RANGE) && status != Status::LBA_OUT_OF_RANGE);
        assert!(!status.same_code(Status::CAPACITY_EXCEEDED));
        assert_eq!(status.to_completion_field(), 0xc100);
        assert_eq!(status.to_string(), "LBA Out of Range (SCT 0, SC 80h, M, DNR)");
        assert!(Status::SUCCESS.with_more().is_success());
    }

    #[test]
    fn codes_that_mean_two_things() {
        let status = Status::CONNECT_INVALID_PARAMETERS;
        assert_eq!(status, Status::WRITE_TO_READ_ONLY_RANGE);
        assert_eq!(status.name(), Some("Connect Invalid Parameters"));
        assert_eq!(status.io_name(), Some("Attempted Write to Read Only Range"));
        assert_eq!(Status::COMPARE_FAILURE.name(), Status::COMPARE_FAILURE.io_name());
    }

    #[test]
    fn codes_without_a_name() {
        assert_eq!(Status::new(code_type::VENDOR, 0x11).to_string(), "Vendor Specific (SCT 7, SC 11h)");
        assert_eq!(Status::new(code_type::PATH, 0xee).to_string(), "Unknown Status (SCT 3, SC EEh)");
        assert_eq!(Status::from_completion_field(0x3000).to_string(), "Successful Completion (SCT 0, SC 00h, CRD 3)");
    }

    #[test]
    fn names_are_used_once_and_codes_twice_at_most_where_command_sets_differ() {
        for (index, (status, name)) in Status::NAMED.iter().enumerate() {
            for (other, other_name) in Status::NAMED.iter().skip(index + 1) {
                assert_ne!(name, other_name);
                let specific = status.code_type() == code_type::COMMAND_SPECIFIC && status.code() >= 0x80;
                assert!(status != other || specific, "{name} and {other_name}");
            }
        }
    }
}
