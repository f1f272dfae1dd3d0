//! Commands Supported and Effects: which commands a controller has, and what else they may change.
//!
//! Spec: NVMe Base 2.0 §5.16.1.6.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Commands Supported and Effects for one I/O command set, 4096 bytes.
///
/// Spec: NVMe Base 2.0 §5.16.1.6.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct CommandsSupportedAndEffects {
    /// Admin commands, [`CommandEffects`] by opcode.
    pub admin: [U32; 256],
    /// I/O commands, [`CommandEffects`] by opcode.
    pub io: [U32; 256],
    /// Reserved.
    pub reserved2048: [u8; 2048],
}

assert_layout!(CommandsSupportedAndEffects, 4096, admin @ 0, io @ 1024, reserved2048 @ 2048);

impl CommandsSupportedAndEffects {
    /// Sets what an Admin command does.
    pub fn set_admin(&mut self, opcode: crate::base::command::AdminOpcode, effects: CommandEffects) {
        set(&mut self.admin, opcode.0, effects);
    }

    /// Sets what an I/O command does.
    pub fn set_io(&mut self, opcode: crate::nvm::NvmOpcode, effects: CommandEffects) {
        set(&mut self.io, opcode.0, effects);
    }

    /// The Admin commands that are supported: opcode and effects.
    pub fn supported_admin(&self) -> impl Iterator<Item = (u8, CommandEffects)> + '_ {
        supported(&self.admin)
    }

    /// The I/O commands that are supported: opcode and effects.
    pub fn supported_io(&self) -> impl Iterator<Item = (u8, CommandEffects)> + '_ {
        supported(&self.io)
    }
}

fn set(commands: &mut [U32; 256], opcode: u8, effects: CommandEffects) {
    if let Some(entry) = commands.get_mut(usize::from(opcode)) {
        *entry = U32::new(effects.0);
    }
}

fn supported(commands: &[U32; 256]) -> impl Iterator<Item = (u8, CommandEffects)> + '_ {
    (0..=u8::MAX)
        .zip(commands)
        .map(|(opcode, effects)| (opcode, CommandEffects(effects.get())))
        .filter(|(_, effects)| effects.supported() == 1)
}

/// What a command does besides its purpose. Zero is a command that is not supported.
///
/// Spec: NVMe Base 2.0 §5.16.1.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandEffects(pub u32);

impl CommandEffects {
    /// Supported, without effects on anything else.
    pub const SUPPORTED: Self = Self(1);
    /// Value of [`Self::submission_and_execution`]: no other command at all must be outstanding.
    pub const ALONE: u32 = 0b010;
    /// Value of [`Self::submission_and_execution`]: no other command for the same namespace must be outstanding.
    pub const ALONE_ON_NAMESPACE: u32 = 0b001;

    bit_fields! { u32;
        /// 1: supported (CSUPP).
        supported, with_supported: 0, 1;
        /// 1: may change logical blocks (LBCC).
        logical_block_content_change, with_logical_block_content_change: 1, 1;
        /// 1: may change a namespace's capabilities (NCC).
        namespace_capability_change, with_namespace_capability_change: 2, 1;
        /// 1: may change how many namespaces there are, or attach them (NIC).
        namespace_inventory_change, with_namespace_inventory_change: 3, 1;
        /// 1: may change the controller's capabilities (CCC).
        controller_capability_change, with_controller_capability_change: 4, 1;
        /// Which other commands must not be outstanding (CSE).
        submission_and_execution, with_submission_and_execution: 16, 3;
        /// 1: takes a UUID index.
        uuid_selection, with_uuid_selection: 19, 1;
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use zerocopy::{FromZeros, IntoBytes};

    use super::{CommandEffects, CommandsSupportedAndEffects};
    use crate::base::command::AdminOpcode;
    use crate::nvm::NvmOpcode;

    #[test]
    fn bytes() {
        let mut page = CommandsSupportedAndEffects::new_zeroed();
        let write = CommandEffects::SUPPORTED.with_logical_block_content_change(1);
        page.set_admin(
            AdminOpcode::FABRICS,
            CommandEffects::SUPPORTED.with_submission_and_execution(CommandEffects::ALONE),
        );
        page.set_io(NvmOpcode::WRITE, write);
        let mut expected = [0; 4096];
        expected[0x7f * 4..][..4].copy_from_slice(&[1, 0, 2, 0]);
        expected[1024 + 4] = 3;
        assert_eq!(page.as_bytes(), expected);
        assert_eq!(page.supported_io().collect::<Vec<_>>(), [(1, write)]);
        assert_eq!(page.supported_admin().map(|(opcode, _)| opcode).collect::<Vec<_>>(), [0x7f]);
    }
}
