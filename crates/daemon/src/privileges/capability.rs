//! The capabilities that can outlive a step down from root.

pub use rustix::thread::CapabilitySet;
use rustix::thread::capability_is_in_bounding_set;

/// A right that root has and that a service may keep. Each is here because a service of ours has a use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Lock memory beyond the limit: rings and buffers that never leave memory. Always kept.
    IpcLock,
    /// Bind ports below 1024. Always kept.
    NetBindService,
    /// Set up network devices.
    NetAdmin,
    /// Open raw and packet sockets, set socket priorities.
    NetRaw,
    /// Send broadcasts.
    NetBroadcast,
    /// Real-time scheduling of threads that must not be late.
    SysNice,
    /// Pass commands to disks (SG_IO, NVMe pass-through).
    SysRawio,
    /// Use files whatever their mode says: exporting disks that belong to root.
    DacOverride,
}

/// What every service keeps, as Open vSwitch's do.
pub(super) const ALWAYS_KEPT: CapabilitySet = CapabilitySet::IPC_LOCK.union(CapabilitySet::NET_BIND_SERVICE);

impl Capability {
    /// The set with this one in it.
    #[must_use]
    pub const fn as_set(self) -> CapabilitySet {
        match self {
            Self::IpcLock => CapabilitySet::IPC_LOCK,
            Self::NetBindService => CapabilitySet::NET_BIND_SERVICE,
            Self::NetAdmin => CapabilitySet::NET_ADMIN,
            Self::NetRaw => CapabilitySet::NET_RAW,
            Self::NetBroadcast => CapabilitySet::NET_BROADCAST,
            Self::SysNice => CapabilitySet::SYS_NICE,
            Self::SysRawio => CapabilitySet::SYS_RAWIO,
            Self::DacOverride => CapabilitySet::DAC_OVERRIDE,
        }
    }
}

/// The names of capabilities as capabilities(7) writes them, with a comma between.
pub(super) fn names(set: CapabilitySet) -> String {
    let names: Vec<_> = set.iter_names().map(|(name, _)| format!("CAP_{name}")).collect();
    names.join(", ")
}

/// Every capability that this kernel knows; they are numbered without gaps.
pub(super) fn known_to_the_kernel() -> impl Iterator<Item = CapabilitySet> {
    (0..u64::BITS)
        .map(|number| CapabilitySet::from_bits_retain(1 << number))
        .take_while(|one| capability_is_in_bounding_set(*one).is_ok())
}

/// Each capability of a set.
pub(super) fn each(set: CapabilitySet) -> impl Iterator<Item = CapabilitySet> {
    (0..u64::BITS).map(|number| CapabilitySet::from_bits_retain(1 << number)).filter(move |one| set.contains(*one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_told_by_the_names_of_the_manual() {
        assert_eq!(names(ALWAYS_KEPT), "CAP_NET_BIND_SERVICE, CAP_IPC_LOCK");
        assert_eq!(each(ALWAYS_KEPT).count(), 2);
    }

    #[test]
    fn the_kernel_knows_what_we_can_keep() {
        let known: CapabilitySet = known_to_the_kernel().collect();
        assert!(
            known.contains(ALWAYS_KEPT | CapabilitySet::CHOWN)
                && !known.contains(CapabilitySet::from_bits_retain(1 << 63))
        );
    }
}
