//! Options of `nvme_tcp`, an engine of this program's own.

use crate::options::kind::{boolean, number, text};
use crate::options::option::{JobOption, option};

/// Values of these options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NvmeTcpOptions {
    /// PDU headers carry a digest, if the controller agrees.
    pub header_digest: bool,
    /// PDU data carry a digest, if the controller agrees.
    pub data_digest: bool,
    /// The NQN that this host calls itself by; none is the machine's.
    pub host_nqn: Option<String>,
    /// Seconds that a command may take before its connection is given up.
    pub command_timeout: u32,
    /// Microseconds of looking for completions before the thread sleeps.
    pub spin_us: u32,
}

pub(super) const OPTIONS: &[JobOption] = &[
    option(
        "header_digest",
        &boolean(|options| &mut options.nvme_tcp.header_digest, true),
        "Ask for digests on PDU headers",
    )
    .default("0"),
    option("data_digest", &boolean(|options| &mut options.nvme_tcp.data_digest, true), "Ask for digests on PDU data")
        .default("0"),
    option("host_nqn", &text(|options| &mut options.nvme_tcp.host_nqn), "The NQN to connect as; the machine's if none"),
    option(
        "command_timeout",
        &number(|options| &mut options.nvme_tcp.command_timeout),
        "Seconds for a command before its connection is given up",
    )
    .default("30"),
    option(
        "spin_us",
        &number(|options| &mut options.nvme_tcp.spin_us),
        "Microseconds to look for completions before sleeping",
    )
    .default("50"),
];
