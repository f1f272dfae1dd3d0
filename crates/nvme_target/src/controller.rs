//! A controller: what all queues of one host's association share.
//!
//! Properties and the order of life (enable, shutdown, reset, end), the I/O queues that exist, events, errors, features.
//! Everything but the *gate* is behind one mutex that admin commands and failing commands take; a command of an I/O
//! queue that succeeds takes none: it compares the gate, one relaxed load, with what it was when the queue was created.
//!
//! Invariants: the gate is open exactly while the controller is enabled, not shut down and not ended, and then it
//! holds the number of the current enabling, so that a queue from before a reset stays shut out. Closing a queue's
//! connection is a message to whoever owns it; nothing waits for it here. Lock order: a controller's state, then the
//! target's table; never the other way, and never two controllers at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nvme::base::property::{ControllerConfiguration, ControllerStatus};
use nvme::base::status::Status;
use nvme::fabrics::{InvalidParameter, Nqn};

mod error_log;
mod event_reporter;
mod keep_alive;

pub(crate) use error_log::{ErrorLog, ErrorReport};
pub(crate) use event_reporter::{EventReporter, Notice};
pub(crate) use keep_alive::KeepAlive;

use crate::admin::CommandSet;
use crate::admin::features::FeatureValues;
use crate::failure::{Failure, Location};
use crate::gauges::{QueueGauges, QueueSummary};
use crate::queue::ConnectionControl;
use crate::statistics::{Statistics, Totals};

/// What a controller is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControllerKind {
    /// Access to namespaces.
    Io,
    /// The discovery service.
    Discovery,
}

/// What a controller looks like from outside, for people.
#[derive(Debug, Clone)]
pub struct ControllerSummary {
    /// Its identifier (CNTLID).
    pub id: u16,
    /// What it is for.
    pub kind: ControllerKind,
    /// The host that it belongs to.
    pub host_nqn: Nqn,
    /// The same host's identifier.
    pub host_id: [u8; 16],
    /// Whether the host has enabled it.
    pub ready: bool,
    /// The I/O queues that exist.
    pub io_queues: Vec<u16>,
    /// All queues, the Admin queue first.
    pub queues: Vec<QueueSummary>,
    /// After how much silence the host is given up; 0: never.
    pub keep_alive_timeout_ms: u32,
    /// What the host has read and written through it.
    pub totals: Totals,
    /// Errors since it was created.
    pub errors: u64,
}

/// Who a controller belongs to, and what it is for.
#[derive(Debug, Clone)]
pub(crate) struct Association {
    pub(crate) kind: ControllerKind,
    pub(crate) host_nqn: Nqn,
    pub(crate) host_id: [u8; 16],
}

/// The state of a controller that its queues share.
#[derive(Debug)]
pub(crate) struct Controller {
    pub(crate) id: u16,
    pub(crate) association: Association,
    pub(crate) statistics: Statistics,
    /// What the Admin queue's timer is set to, to be shown.
    keep_alive_timeout_ms: AtomicU32,
    gate: AtomicU32,
    state: Mutex<ControllerState>,
}

/// What the mutex protects.
#[derive(Debug)]
pub(crate) struct ControllerState {
    configuration: ControllerConfiguration,
    status: ControllerStatus,
    /// Number of the current enabling, counted from 1; 0 before the first.
    enabling: u32,
    ended: bool,
    admin_queue: QueueHandle,
    io_queues: BTreeMap<u16, QueueHandle>,
    pub(crate) features: FeatureValues,
    pub(crate) events: EventReporter,
    pub(crate) errors: ErrorLog,
    /// Namespaces that have come or gone since the host last read their list.
    pub(crate) changed_namespaces: BTreeSet<u32>,
}

/// What a controller knows of a queue.
#[derive(Debug, Clone)]
pub(crate) struct QueueHandle {
    pub(crate) connection: Arc<dyn ConnectionControl>,
    pub(crate) gauges: Arc<QueueGauges>,
}

/// What an I/O queue compares the gate with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GateKey(u32);

impl GateKey {
    /// Opens no gate: of a queue that has been deleted. Enablings are counted in fewer bits.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// What the gate says to a queue that it lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GatePass {
    /// The host has switched the volatile write cache off: every write goes to the media before it completes.
    pub(crate) force_unit_access: bool,
}

const GATE_SHUT: u32 = 0;
const GATE_FORCE_UNIT_ACCESS: u32 = 1;
const GATE_KEY_SHIFT: u32 = 1;

/// Why an I/O queue was not created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueueRefusal {
    Parameter(InvalidParameter),
    Status(Status),
}

impl Controller {
    /// A controller that has just been created by Connect, disabled.
    pub(crate) fn new(id: u16, association: Association, admin_queue: QueueHandle, features: FeatureValues) -> Self {
        Self {
            id,
            association,
            statistics: Statistics::default(),
            keep_alive_timeout_ms: AtomicU32::new(0),
            gate: AtomicU32::new(GATE_SHUT),
            state: Mutex::new(ControllerState {
                configuration: ControllerConfiguration::default(),
                status: ControllerStatus::default(),
                enabling: 0,
                ended: false,
                admin_queue,
                io_queues: BTreeMap::new(),
                features,
                events: EventReporter::default(),
                errors: ErrorLog::default(),
                changed_namespaces: BTreeSet::new(),
            }),
        }
    }

    /// The commands, log pages and features of its kind.
    pub(crate) fn command_set(&self) -> &'static CommandSet {
        CommandSet::of(self.association.kind)
    }

    /// The shared state. Held for the time of one admin command at most.
    pub(crate) fn lock(&self) -> MutexGuard<'_, ControllerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a queue may carry out commands. One relaxed load.
    #[inline]
    pub(crate) fn pass(&self, key: GateKey) -> Option<GatePass> {
        let gate = self.gate.load(Ordering::Relaxed);
        (gate >> GATE_KEY_SHIFT == key.0).then_some(GatePass { force_unit_access: gate & GATE_FORCE_UNIT_ACCESS != 0 })
    }

    /// Sets the gate to what the state demands. To be called, with the state locked, after each change of it.
    pub(crate) fn set_gate(&self, state: &ControllerState) {
        let gate = if state.admits_commands() {
            let force = if state.features.volatile_write_cache { 0 } else { GATE_FORCE_UNIT_ACCESS };
            state.enabling << GATE_KEY_SHIFT | force
        } else {
            GATE_SHUT
        };
        self.gate.store(gate, Ordering::Relaxed);
    }

    /// Acts on a write to the Controller Configuration property.
    ///
    /// # Errors
    /// When a field has a value that the controller does not support; nothing is changed then.
    ///
    /// Spec: NVMe Base 2.0 §3.1.3.5, §3.6 (shutdown), §3.7.2 (controller reset).
    pub(crate) fn configure(
        &self,
        new: ControllerConfiguration,
        default_features: FeatureValues,
    ) -> Result<(), Failure> {
        let mut state = self.lock();
        let old = state.configuration;
        let enabling = new.enable() == 1 && old.enable() == 0;
        if enabling {
            self.check_configuration(new)?;
        }
        state.configuration = new;
        if enabling {
            // Reached again after four billion resets only.
            state.enabling = (state.enabling + 1) & (u32::MAX >> GATE_KEY_SHIFT);
            state.status = ControllerStatus::default().with_ready(1);
        }
        if new.shutdown_notification() != old.shutdown_notification()
            && new.shutdown_notification() != ControllerConfiguration::SHUTDOWN_NONE
        {
            // There is nothing to wait for: commands at a device end by themselves, and what a host wants on the media
            // it flushes before.
            state.status = state.status.with_shutdown_status(ControllerStatus::SHUTDOWN_COMPLETE);
        }
        if new.enable() == 0 && old.enable() == 1 {
            state.reset(default_features);
        }
        self.set_gate(&state);
        Ok(())
    }

    /// Spec: NVMe Base 2.0 Figure 46. Reserved bits are ignored, as recipients do.
    fn check_configuration(&self, new: ControllerConfiguration) -> Result<(), Failure> {
        /// Base 2 logarithm of a submission queue entry's 64 bytes.
        const SUBMISSION_ENTRY_SIZE: u32 = 6;
        /// Base 2 logarithm of a completion queue entry's 16 bytes.
        const COMPLETION_ENTRY_SIZE: u32 = 4;
        let refuse = |first_bit: u8| Err(Failure::invalid_field(Location::byte(48 + first_bit / 8).bit(first_bit % 8)));
        let is_discovery = self.association.kind == ControllerKind::Discovery;
        match new.command_set() {
            ControllerConfiguration::COMMAND_SET_NVM => {}
            ControllerConfiguration::COMMAND_SET_ADMIN_ONLY if is_discovery => {}
            _ => return refuse(4),
        }
        if new.memory_page_size() != 0 {
            return refuse(7);
        }
        if new.arbitration_mechanism() != 0 {
            return refuse(11);
        }
        // A discovery controller has no I/O queues, so these mean nothing to it.
        if !is_discovery {
            if new.io_submission_queue_entry_size() != SUBMISSION_ENTRY_SIZE {
                return refuse(16);
            }
            if new.io_completion_queue_entry_size() != COMPLETION_ENTRY_SIZE {
                return refuse(20);
            }
        }
        Ok(())
    }

    /// Creates an I/O queue.
    pub(crate) fn add_io_queue(&self, queue_id: u16, queue: QueueHandle) -> Result<GateKey, QueueRefusal> {
        let mut state = self.lock();
        if !state.admits_commands() {
            return Err(QueueRefusal::Status(Status::COMMAND_SEQUENCE_ERROR.with_do_not_retry()));
        }
        if queue_id > state.features.io_queues {
            return Err(QueueRefusal::Parameter(InvalidParameter::QUEUE_ID));
        }
        if state.io_queues.contains_key(&queue_id) {
            return Err(QueueRefusal::Status(Status::COMMAND_SEQUENCE_ERROR.with_do_not_retry()));
        }
        state.io_queues.insert(queue_id, queue);
        Ok(GateKey(state.enabling))
    }

    /// Forgets an I/O queue whose connection is gone, unless the identifier belongs to another connection by now.
    pub(crate) fn remove_io_queue(&self, queue_id: u16, connection: &Arc<dyn ConnectionControl>) {
        let mut state = self.lock();
        if state.io_queues.get(&queue_id).is_some_and(|current| Arc::ptr_eq(&current.connection, connection)) {
            state.io_queues.remove(&queue_id);
        }
    }

    /// Ends the association: no queue carries out another command, and all connections are closed. Ending twice is the
    /// same as ending once.
    pub(crate) fn end(&self, fatal: bool) {
        let mut state = self.lock();
        state.ended = true;
        if fatal {
            state.status = state.status.with_fatal(1);
        }
        self.set_gate(&state);
        state.close_io_queues();
        state.admin_queue.connection.close();
    }

    /// Notes an error. Returns the status to complete the command with: More is set, as the log tells more.
    pub(crate) fn record(&self, report: ErrorReport) -> Status {
        self.lock().errors.record(report);
        report.status.with_more()
    }

    /// Tells the host, if it wants to know, that something has happened.
    pub(crate) fn notify(&self, state: &mut ControllerState, notice: Notice) {
        if state.events.notify(notice) {
            state.admin_queue.connection.wake();
        }
    }

    /// Says what the Keep Alive Timer is set to.
    pub(crate) fn show_keep_alive(&self, timeout_ms: u32) {
        self.keep_alive_timeout_ms.store(timeout_ms, Ordering::Relaxed);
    }

    pub(crate) fn summary(&self) -> ControllerSummary {
        let state = self.lock();
        let io_queues = state.io_queues.iter().map(|(&id, queue)| queue.gauges.summary(id));
        ControllerSummary {
            id: self.id,
            kind: self.association.kind,
            host_nqn: self.association.host_nqn.clone(),
            host_id: self.association.host_id,
            ready: state.admits_commands(),
            io_queues: state.io_queues.keys().copied().collect(),
            queues: std::iter::once(state.admin_queue.gauges.summary(0)).chain(io_queues).collect(),
            keep_alive_timeout_ms: self.keep_alive_timeout_ms.load(Ordering::Relaxed),
            totals: self.statistics.totals(),
            errors: state.errors.count(),
        }
    }
}

impl ControllerState {
    pub(crate) fn configuration(&self) -> ControllerConfiguration {
        self.configuration
    }

    pub(crate) fn status(&self) -> ControllerStatus {
        self.status
    }

    /// Enabled, not shut down, not ended.
    pub(crate) fn admits_commands(&self) -> bool {
        self.status.ready() == 1 && self.status.shutdown_status() == ControllerStatus::SHUTDOWN_NONE && !self.ended
    }

    pub(crate) fn has_io_queues(&self) -> bool {
        !self.io_queues.is_empty()
    }

    fn reset(&mut self, default_features: FeatureValues) {
        self.status = ControllerStatus::default();
        self.features = default_features;
        self.events.reset();
        self.changed_namespaces.clear();
        self.close_io_queues();
    }

    fn close_io_queues(&mut self) {
        for queue in std::mem::take(&mut self.io_queues).into_values() {
            queue.connection.close();
        }
    }
}
