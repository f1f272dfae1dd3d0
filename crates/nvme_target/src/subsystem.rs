//! A target: one NVM subsystem with its namespaces and controllers, and the discovery subsystem that names it.
//!
//! Start at [`Target::new`]; connections reach it through [`Queue`](crate::queue::Queue). Commands of I/O queues use the
//! namespace table only, which takes no lock; controllers come and go under one mutex that Connect and the end of an
//! association take.
//!
//! Invariants: controller identifiers are unique among the controllers that exist and are given out in turn, so that
//! one that has ended is not soon mistaken for a new one. The generation of the discovery log page rises with each
//! change of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use block::{Access, Operation, Window};
use nvme::base::text::PaddedText;
use nvme::fabrics::Nqn;
use nvme::tcp::ControllerOptions;

use crate::admin::features::FeatureValues;
use crate::controller::{Association, Controller, ControllerKind, ControllerSummary, Notice, QueueHandle};
use crate::limits::{CONTROLLERS_RANGE, LimitError, Limits, NAMESPACES_MAXIMUM};
use crate::namespace::{BLOCK_SIZE_BYTES_MAXIMUM, Namespace, NamespaceIndex, NamespaceSettings, NamespaceTable};
use crate::queue::IoCommand;
use crate::statistics::{Statistics, Totals};

/// What a listening address offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerKind {
    /// I/O controllers, and the discovery service.
    Io,
    /// The discovery service alone.
    Discovery,
}

impl ListenerKind {
    /// The word for it: in the state tree, and for sockets that somebody else has bound.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Discovery => "discovery",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Io, Self::Discovery].into_iter().find(|kind| kind.name() == name)
    }
}

/// An address that hosts can connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// The address with its real port. A wildcard stands for every address of the machine.
    pub address: SocketAddr,
    /// What it offers.
    pub kind: ListenerKind,
}

/// What a target is made from.
#[derive(Debug, Clone)]
pub struct TargetSettings {
    /// The NVM subsystem's name.
    pub subsystem_nqn: Nqn,
    /// Serial number, up to 20 printable ASCII characters; `None`: one is made from the name, the same at each start.
    pub serial_number: Option<String>,
    /// The namespaces that exist from the start.
    pub namespaces: Vec<NamespaceSettings>,
    /// What hosts may use.
    pub limits: Limits,
    /// Where hosts can connect to.
    pub listeners: Vec<Listener>,
}

/// What is wrong with the settings of a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A limit is outside of its range.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The name of the discovery service was given to the NVM subsystem.
    #[error(
        "{} is the name of the discovery service; choose another one for the subsystem",
        nvme::fabrics::DISCOVERY_NQN
    )]
    DiscoveryNqn,
    /// The serial number does not fit its field.
    #[error("the serial number {0:?} is not 1 to 20 printable ASCII characters")]
    SerialNumber(String),
    /// A namespace identifier that is not accepted.
    #[error("{namespace_id} is not a namespace identifier; 1 to {NAMESPACES_MAXIMUM} is accepted")]
    NamespaceId {
        /// The identifier.
        namespace_id: u32,
    },
    /// A namespace identifier that has been given to a device already.
    #[error("namespace {namespace_id} has been given to a device already")]
    NamespaceIdUsed {
        /// The identifier.
        namespace_id: u32,
    },
    /// Two namespaces that hosts could not tell apart.
    #[error("namespaces {} and {} would have the same UUID; is one device given twice?", namespace_ids[0], namespace_ids[1])]
    UuidUsed {
        /// Both namespaces.
        namespace_ids: [u32; 2],
    },
    /// A block size that hosts cannot use.
    #[error(
        "{description} has blocks of {block_size_bytes} bytes; a power of two from 512 to {BLOCK_SIZE_BYTES_MAXIMUM} is accepted"
    )]
    BlockSize {
        /// The device.
        description: String,
        /// Its block size.
        block_size_bytes: u32,
    },
    /// A device without blocks.
    #[error("{description} is empty; a namespace has at least one block")]
    EmptyDevice {
        /// The device.
        description: String,
    },
}

/// A target. Shared by all its connections.
#[derive(Debug)]
pub struct Target {
    subsystem_nqn: Nqn,
    serial_number: PaddedText<20>,
    limits: Limits,
    namespaces: NamespaceTable,
    statistics: Statistics,
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    controllers: BTreeMap<u16, Arc<Controller>>,
    next_controller_id: u16,
    listeners: Vec<Listener>,
    discovery_generation: u64,
}

/// The state that the discovery log page shows.
#[derive(Debug, Clone)]
pub(crate) struct DiscoveryState {
    pub(crate) generation: u64,
    pub(crate) listeners: Vec<Listener>,
}

impl Target {
    /// Checks the settings and builds the target from them.
    ///
    /// # Errors
    /// [`SettingsError`]: which setting is wrong, and what would be accepted.
    pub fn new(settings: TargetSettings) -> Result<Arc<Self>, SettingsError> {
        let TargetSettings { subsystem_nqn, serial_number, namespaces, limits, listeners } = settings;
        limits.check()?;
        if subsystem_nqn.is_discovery() {
            return Err(SettingsError::DiscoveryNqn);
        }
        let serial_number = match serial_number {
            Some(text) if text.is_empty() => return Err(SettingsError::SerialNumber(text)),
            Some(text) => PaddedText::new(&text).ok_or(SettingsError::SerialNumber(text))?,
            None => derived_serial_number(&subsystem_nqn),
        };
        let table = NamespaceTable::new();
        for namespace in namespaces {
            table.attach(namespace, &subsystem_nqn)?;
        }
        Ok(Arc::new(Self {
            subsystem_nqn,
            serial_number,
            limits,
            namespaces: table,
            statistics: Statistics::default(),
            shared: Mutex::new(Shared {
                controllers: BTreeMap::new(),
                next_controller_id: *CONTROLLERS_RANGE.start(),
                listeners,
                discovery_generation: 1,
            }),
        }))
    }

    /// The NVM subsystem's name.
    #[must_use]
    pub fn subsystem_nqn(&self) -> &Nqn {
        &self.subsystem_nqn
    }

    /// What hosts may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The namespaces that hosts see, by ascending identifier.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.namespaces.iter()
    }

    /// The namespace that a command was accepted for.
    ///
    /// # Panics
    /// When the index is of another target.
    #[inline]
    #[must_use]
    pub fn namespace(&self, index: NamespaceIndex) -> &Namespace {
        self.namespaces.get(index)
    }

    /// What the controllers look like at the moment, for people.
    #[must_use]
    pub fn controllers(&self) -> Vec<ControllerSummary> {
        self.controller_list().iter().map(|controller| controller.summary()).collect()
    }

    /// What all hosts have read and written since the target was started.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.statistics.totals()
    }

    /// What the protocol of a new connection may negotiate.
    #[must_use]
    pub fn protocol_options(&self) -> ControllerOptions {
        ControllerOptions {
            header_digest: true,
            data_digest: true,
            controller_pda: 0,
            max_h2c_data_bytes: self.limits.transfer_bytes,
        }
    }

    /// Lends the memory that a read or write is about, when the device has it in memory.
    #[inline]
    #[must_use]
    pub fn window(&self, access: Access, command: &IoCommand) -> Option<Window> {
        match command.operation {
            Operation::Read(range) | Operation::Write { range, .. } => {
                self.namespace(command.namespace).device().window(access, range)
            }
            _ => None,
        }
    }

    /// Adds a namespace while the target is in use, and tells the hosts that want to know.
    ///
    /// # Errors
    /// [`SettingsError`], as at the start.
    pub fn attach_namespace(&self, settings: NamespaceSettings) -> Result<(), SettingsError> {
        // The lock keeps two callers from filling one place.
        let shared = self.lock();
        let namespace_id = self.namespaces.attach(settings, &self.subsystem_nqn)?;
        drop(shared);
        self.namespace_changed(namespace_id);
        Ok(())
    }

    /// Takes a namespace away from the hosts. Commands that are at its device already end as they would have.
    /// Returns whether there was one.
    pub fn detach_namespace(&self, namespace_id: u32) -> bool {
        let detached = self.namespaces.detach(namespace_id);
        if detached {
            self.namespace_changed(namespace_id);
        }
        detached
    }

    fn namespace_changed(&self, namespace_id: u32) {
        for controller in self.controllers_of(ControllerKind::Io) {
            let mut state = controller.lock();
            state.changed_namespaces.insert(namespace_id);
            controller.notify(&mut state, Notice::NamespaceAttribute);
        }
    }

    /// Replaces the addresses that the discovery log page names, and tells the hosts that want to know.
    pub fn set_listeners(&self, listeners: Vec<Listener>) {
        let mut shared = self.lock();
        if shared.listeners == listeners {
            return;
        }
        shared.listeners = listeners;
        shared.discovery_generation += 1;
        drop(shared);
        for controller in self.controllers_of(ControllerKind::Discovery) {
            controller.notify(&mut controller.lock(), Notice::DiscoveryLogChange);
        }
    }

    /// The addresses that the discovery log page names.
    pub(crate) fn listeners(&self) -> Vec<Listener> {
        self.lock().listeners.clone()
    }

    /// Whether any namespace has a volatile write cache.
    pub(crate) fn has_volatile_write_cache(&self) -> bool {
        self.namespaces().any(|namespace| namespace.device().volatile_write_cache())
    }

    pub(crate) fn serial_number(&self) -> PaddedText<20> {
        self.serial_number
    }

    pub(crate) fn namespace_table(&self) -> &NamespaceTable {
        &self.namespaces
    }

    pub(crate) fn discovery_state(&self) -> DiscoveryState {
        let shared = self.lock();
        DiscoveryState { generation: shared.discovery_generation, listeners: shared.listeners.clone() }
    }

    /// Creates a controller. `None`: there are as many as the limit allows.
    pub(crate) fn create_controller(
        &self,
        association: Association,
        admin_queue: QueueHandle,
    ) -> Option<Arc<Controller>> {
        let mut shared = self.lock();
        if shared.controllers.len() >= usize::from(self.limits.controllers) {
            return None;
        }
        // There are fewer controllers than identifiers, so one is free.
        let mut id = shared.next_controller_id;
        while shared.controllers.contains_key(&id) {
            id = id_after(id);
        }
        shared.next_controller_id = id_after(id);
        let features = FeatureValues::new(&self.limits);
        let controller = Arc::new(Controller::new(id, association, admin_queue, features));
        shared.controllers.insert(id, Arc::clone(&controller));
        Some(controller)
    }

    /// The controller with this identifier.
    pub(crate) fn controller(&self, id: u16) -> Option<Arc<Controller>> {
        self.lock().controllers.get(&id).cloned()
    }

    /// Ends a controller's association and forgets the controller. Queues that still hold it take no more commands.
    pub(crate) fn end_controller(&self, controller: &Controller, fatal: bool) {
        controller.end(fatal);
        self.lock().controllers.remove(&controller.id);
    }

    /// Adds what a queue has counted to its controller's statistics and the target's, and sets the counters to zero.
    #[inline]
    pub(crate) fn count(&self, controller: &Controller, counters: &mut Totals) {
        if *counters != Totals::default() {
            controller.statistics.add(counters);
            self.statistics.add(counters);
            *counters = Totals::default();
        }
    }

    fn controllers_of(&self, kind: ControllerKind) -> Vec<Arc<Controller>> {
        let mut controllers = self.controller_list();
        controllers.retain(|controller| controller.association.kind == kind);
        controllers
    }

    /// The controllers that exist, by ascending identifier.
    pub(crate) fn controller_list(&self) -> Vec<Arc<Controller>> {
        self.lock().controllers.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id_after(id: u16) -> u16 {
    if id == *CONTROLLERS_RANGE.end() { *CONTROLLERS_RANGE.start() } else { id + 1 }
}

/// A serial number that depends on the subsystem's name and on nothing else: hosts know the subsystem by it, so the hash
/// (FNV-1a with 64 bits) never changes.
fn derived_serial_number(subsystem_nqn: &Nqn) -> PaddedText<20> {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = subsystem_nqn.as_str().bytes();
    let hash = bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    PaddedText::new(&format!("{hash:016X}")).unwrap_or_else(|| unreachable!("16 hexadecimal digits fit"))
}
