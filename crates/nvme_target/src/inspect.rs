//! The live state of a target that is being served: what `show` prints.
//!
//! ```text
//! target/           nqn, serial_number, listeners, namespaces, limits
//! target/controllers/ID/queues/ID
//! target/poll_groups/INDEX
//! counters/         sums since the start; `coverage/show`
//! memory/           what takes memory at the moment; `memory/show`
//! ```
//! Cost: what is asked for is read from atomics, under the lock of the table of controllers and then of one controller at a
//! time, each as long as an admin command holds it. The data path does not notice.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use control::{Inspect, Node};

use crate::controller::{ControllerKind, ControllerSummary};
use crate::gauges::{GroupGauges, QueueSummary};
use crate::limits::RECEIVE_BYTES_PER_PASS_MAXIMUM;
use crate::namespace::Namespace;
use crate::statistics::Totals;
use crate::subsystem::{Listener, ListenerKind, Target};

/// The state of a service. A handle: it outlives the service, and then shows what the target was.
#[derive(Debug, Clone)]
pub struct ServiceState {
    target: Arc<Target>,
    groups: Arc<[GroupGauges]>,
    cores: Arc<[Option<usize>]>,
}

impl Inspect for ServiceState {
    fn inspect(&self, node: &mut Node<'_>) {
        node.child("target", |node| self.target(node));
        node.child("counters", |node| self.counters(node));
        node.child("memory", |node| self.memory(node));
    }
}

impl ServiceState {
    pub(crate) fn new(target: Arc<Target>, groups: Arc<[GroupGauges]>, cores: Arc<[Option<usize>]>) -> Self {
        Self { target, groups, cores }
    }

    /// What is served, to whom, and by which threads.
    pub fn target(&self, node: &mut Node<'_>) {
        node.value("nqn", self.target.subsystem_nqn().as_str());
        node.value("serial_number", self.target.serial_number().as_str());
        node.child("listeners", |node| {
            for (index, listener) in self.target.listeners().into_iter().enumerate() {
                node.child(index.to_string(), |node| inspect_listener(listener, node));
            }
        });
        node.child("namespaces", |node| {
            for namespace in self.target.namespaces() {
                node.child(namespace.id().to_string(), |node| inspect_namespace(namespace, node));
            }
        });
        node.child("controllers", |node| {
            for controller in self.target.controller_list() {
                node.child(controller.id.to_string(), |node| inspect_controller(controller.summary(), node));
            }
        });
        node.child("poll_groups", |node| {
            for (index, gauges) in self.groups.iter().enumerate() {
                node.child(index.to_string(), |node| inspect_group(gauges, self.cores[index], node));
            }
        });
        node.child("limits", |node| {
            let limits = self.target.limits();
            node.value("controllers", limits.controllers);
            node.value("io_queues", limits.io_queues);
            node.value("queue_entries", limits.queue_entries);
            node.value("in_capsule_data_bytes", limits.in_capsule_data_bytes);
            node.value("transfer_bytes", limits.transfer_bytes);
        });
    }

    /// Numbers that only grow, for `coverage/show`.
    pub fn counters(&self, node: &mut Node<'_>) {
        inspect_totals(self.target.totals(), node);
        for (name, gauge) in [
            ("connections_accepted", (|group| &group.adopted) as fn(&GroupGauges) -> &AtomicU64),
            ("poll_passes", |group| &group.passes),
            ("poll_sleeps", |group| &group.sleeps),
        ] {
            node.value(name, self.sum(gauge));
        }
    }

    /// What takes memory, as numbers of things and as bytes, for `memory/show`.
    pub fn memory(&self, node: &mut Node<'_>) {
        let controllers = self.target.controllers();
        node.value("connections", self.sum(|group| &group.connections));
        node.value("controllers", controllers.len());
        node.value("queues", controllers.iter().map(|controller| controller.queues.len()).sum::<usize>());
        node.value("namespaces", self.target.namespaces().count());
        let in_flight = controllers.iter().flat_map(|controller| &controller.queues);
        node.value("commands_in_flight", in_flight.map(|queue| u64::from(queue.commands_in_flight)).sum::<u64>());
        node.value("commands_at_devices", self.sum(|group| &group.at_devices));
        node.value("commands_waiting_for_buffers", self.sum(|group| &group.waiting_for_buffers));
        let group_bytes = RECEIVE_BYTES_PER_PASS_MAXIMUM + reactor::buffer_pool::pool_bytes();
        node.value("buffer_bytes_reserved", self.groups.len() * group_bytes);
    }

    fn sum(&self, gauge: impl Fn(&GroupGauges) -> &AtomicU64) -> u64 {
        self.groups.iter().map(|group| gauge(group).load(Ordering::Relaxed)).sum()
    }
}

fn inspect_listener(listener: Listener, node: &mut Node<'_>) {
    node.value("address", listener.address.to_string());
    node.value(
        "kind",
        match listener.kind {
            ListenerKind::Io => "io",
            ListenerKind::Discovery => "discovery",
        },
    );
}

fn inspect_namespace(namespace: &Namespace, node: &mut Node<'_>) {
    let geometry = namespace.geometry();
    node.value("device", namespace.device().description());
    node.value("size_bytes", geometry.block_count.saturating_mul(geometry.block_size_bytes.into()));
    node.value("block_size_bytes", geometry.block_size_bytes);
    node.value("block_count", geometry.block_count);
    node.value("read_only", namespace.read_only());
    node.value("volatile_write_cache", namespace.device().volatile_write_cache());
    node.value("uuid", uuid_text(&namespace.uuid()));
}

fn inspect_controller(controller: ControllerSummary, node: &mut Node<'_>) {
    node.value(
        "kind",
        match controller.kind {
            ControllerKind::Io => "io",
            ControllerKind::Discovery => "discovery",
        },
    );
    node.value("host_nqn", controller.host_nqn.as_str());
    node.value("host_id", uuid_text(&controller.host_id));
    node.value("ready", controller.ready);
    node.value("keep_alive_timeout_ms", controller.keep_alive_timeout_ms);
    node.value("errors", controller.errors);
    inspect_totals(controller.totals, node);
    node.child("queues", |node| {
        for queue in controller.queues {
            node.child(queue.id.to_string(), |node| inspect_queue(queue, node));
        }
    });
}

fn inspect_queue(queue: QueueSummary, node: &mut Node<'_>) {
    node.value("entries", queue.entries);
    node.value("peer_address", queue.peer_address.to_string());
    node.value("commands_in_flight", queue.commands_in_flight);
    // An Admin queue reads and writes no blocks.
    if queue.id != 0 {
        inspect_totals(queue.totals, node);
    }
}

fn inspect_group(gauges: &GroupGauges, core: Option<usize>, node: &mut Node<'_>) {
    if let Some(core) = core {
        node.value("core", core);
    }
    for (name, gauge) in [
        ("connections", &gauges.connections),
        ("connections_accepted", &gauges.adopted),
        ("passes", &gauges.passes),
        ("sleeps", &gauges.sleeps),
        ("commands_at_devices", &gauges.at_devices),
        ("commands_waiting_for_buffers", &gauges.waiting_for_buffers),
    ] {
        node.value(name, gauge.load(Ordering::Relaxed));
    }
}

fn inspect_totals(totals: Totals, node: &mut Node<'_>) {
    node.value("read_commands", totals.read_commands);
    node.value("read_bytes", totals.read_bytes);
    node.value("write_commands", totals.write_commands);
    node.value("written_bytes", totals.written_bytes);
    node.value("media_errors", totals.media_errors);
}

/// 128 bits in the usual groups of hexadecimal digits (RFC 9562 §4).
fn uuid_text(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        let written = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok(), "a string takes everything");
    }
    text
}
