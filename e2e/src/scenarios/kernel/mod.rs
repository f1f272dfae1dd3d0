//! The Linux kernel as the host. What happens in the guest is a script in `e2e/kernel_host/scripts`; most scenarios are a row
//! here, those that kill something have a file.

mod flushed;
mod power_cut;
mod reconnect;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::kernel::{NEEDS, Script};
use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[
    Scenario { name: "kernel/discover", needs: NEEDS, run: |context| on_memory(context, "discover", 2) },
    Scenario { name: "kernel/connect_1_queue", needs: NEEDS, run: |context| connect(context, 1) },
    Scenario { name: "kernel/connect_4_queues", needs: NEEDS, run: |context| connect(context, 4) },
    Scenario { name: "kernel/filesystem", needs: NEEDS, run: |context| on_memory(context, "filesystem", 2) },
    Scenario { name: "kernel/filesystem_on_file", needs: NEEDS, run: |context| on_file(context, "filesystem") },
    Scenario { name: "kernel/verify", needs: NEEDS, run: |context| on_memory(context, "verify", 2) },
    Scenario { name: "kernel/verify_on_file", needs: NEEDS, run: |context| on_file(context, "verify") },
    Scenario { name: "kernel/digests", needs: NEEDS, run: |context| on_memory(context, "digest", 2) },
    Scenario { name: "kernel/two_hosts", needs: NEEDS, run: |context| on_memory(context, "multi", 2) },
    Scenario { name: "kernel/discard", needs: NEEDS, run: |context| on_memory(context, "discard", 1) },
    Scenario { name: "kernel/discard_on_file", needs: NEEDS, run: |context| on_file(context, "discard") },
    Scenario { name: "kernel/keep_alive", needs: NEEDS, run: |context| on_memory(context, "kato", 1) },
    reconnect::SCENARIO,
    flushed::SCENARIO,
    power_cut::SCENARIO,
];

/// Size of the namespaces that are files, in bytes.
const FILE_BYTES: u64 = 160 << 20;

/// Runs a script against a namespace in memory.
fn on_memory(context: &Context, script: &str, processors: u32) -> Verdict {
    let target = context.target(&["memory:160M"])?;
    Script::new(script, processors).run(context, target.address.port())
}

/// Runs a script against a file with blocks of 4 KiB.
fn on_file(context: &Context, script: &str) -> Verdict {
    let file = context.scratch().sparse_file("disk.img", FILE_BYTES)?;
    let target = context.target(&[&format!("{},block_size=4096", file.display())])?;
    Script::new(script, 2).run(context, target.address.port())
}

/// Connects with so many I/O queues and looks at everything, two namespaces of different block sizes.
fn connect(context: &Context, queues: u32) -> Verdict {
    let target = context.target(&["memory:64M", "memory:64M,block_size=4096"])?;
    Script::new("connect", 4).variable("QUEUES", &queues.to_string()).run(context, target.address.port())
}
