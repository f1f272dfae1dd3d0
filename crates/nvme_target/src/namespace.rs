//! Namespaces: devices under a namespace identifier.
//!
//! The table has a place for each identifier that the target can have, filled once and never emptied: finding a
//! namespace is an index and two loads, without a lock and without a reference count. A detached namespace keeps its
//! place, so that commands that are still at its device end properly; its identifier is not given to another device
//! before the target is started anew.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use block::{BlockDevice, Geometry};
use nvme::base::command::BROADCAST_NAMESPACE;
use nvme::base::status::Status;
use nvme::fabrics::Nqn;

use crate::failure::{Failure, Location};
use crate::limits::NAMESPACES_MAXIMUM;
use crate::subsystem::SettingsError;

/// Sizes of a logical block that hosts can use, in bytes: powers of two from 512 to this.
pub(crate) const BLOCK_SIZE_BYTES_MAXIMUM: u32 = 65_536;

/// What a namespace is made from.
#[derive(Debug, Clone)]
pub struct NamespaceSettings {
    /// Its identifier, `1..=`[`NAMESPACES_MAXIMUM`].
    pub namespace_id: u32,
    /// What it stores data on.
    pub device: Arc<dyn BlockDevice>,
    /// Its UUID; `None`: one is made from the subsystem's NQN and the device's identity, the same at each start.
    pub uuid: Option<[u8; 16]>,
}

/// A place in the table of namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamespaceIndex(u16);

/// One namespace.
#[derive(Debug)]
pub struct Namespace {
    id: u32,
    device: Arc<dyn BlockDevice>,
    geometry: Geometry,
    uuid: [u8; 16],
    read_only: bool,
    attached: AtomicBool,
}

impl Namespace {
    /// Checks the settings of a namespace of the given subsystem.
    fn new(settings: NamespaceSettings, subsystem_nqn: &Nqn) -> Result<Self, SettingsError> {
        let NamespaceSettings { namespace_id: id, device, uuid } = settings;
        let geometry = device.geometry();
        let size = geometry.block_size_bytes;
        if !size.is_power_of_two() || !(512..=BLOCK_SIZE_BYTES_MAXIMUM).contains(&size) {
            return Err(SettingsError::BlockSize { description: device.description(), block_size_bytes: size });
        }
        if geometry.block_count == 0 {
            return Err(SettingsError::EmptyDevice { description: device.description() });
        }
        let uuid = uuid.unwrap_or_else(|| *device.identity().for_owner(subsystem_nqn.as_str().as_bytes()).as_bytes());
        let read_only = device.read_only();
        Ok(Self { id, device, geometry, uuid, read_only, attached: AtomicBool::new(true) })
    }

    /// Its identifier (NSID).
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it stores data on.
    #[inline]
    #[must_use]
    pub fn device(&self) -> &dyn BlockDevice {
        &*self.device
    }

    /// Its block size and number of blocks, as they were when it was attached.
    #[inline]
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Its UUID: unique in the world, the same at each start.
    #[must_use]
    pub fn uuid(&self) -> [u8; 16] {
        self.uuid
    }

    /// Whether writes are refused.
    #[inline]
    #[must_use]
    pub fn read_only(&self) -> bool {
        self.read_only
    }

    /// Whether hosts see it.
    #[inline]
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.attached.load(Ordering::Relaxed)
    }
}

/// All namespaces of a target.
#[derive(Debug)]
pub(crate) struct NamespaceTable {
    places: Box<[OnceLock<Namespace>]>,
}

/// What a namespace identifier of a host stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NamespaceState<'t> {
    /// It is not one that a namespace could have.
    Invalid,
    /// There is no namespace, or none that the host may use.
    Inactive,
    Active(NamespaceIndex, &'t Namespace),
}

impl NamespaceTable {
    pub(crate) fn new() -> Self {
        Self { places: (0..NAMESPACES_MAXIMUM).map(|_| OnceLock::new()).collect() }
    }

    /// Puts a namespace in its place. The caller lets no one else do so meanwhile.
    pub(crate) fn attach(&self, settings: NamespaceSettings, subsystem_nqn: &Nqn) -> Result<u32, SettingsError> {
        let id = settings.namespace_id;
        let Some(place) = index_of(id).and_then(|index| self.places.get(usize::from(index.0))) else {
            return Err(SettingsError::NamespaceId { namespace_id: id });
        };
        if place.get().is_some() {
            return Err(SettingsError::NamespaceIdUsed { namespace_id: id });
        }
        let namespace = Namespace::new(settings, subsystem_nqn)?;
        if let Some(other) = self.iter().find(|other| other.uuid == namespace.uuid) {
            return Err(SettingsError::UuidUsed { namespace_ids: [other.id, id] });
        }
        // Nobody else fills places, so this one is still empty.
        let _ = place.set(namespace);
        Ok(id)
    }

    /// Hides a namespace from hosts. `false`: there is none.
    pub(crate) fn detach(&self, namespace_id: u32) -> bool {
        match self.find(namespace_id) {
            NamespaceState::Active(_, namespace) => namespace.attached.swap(false, Ordering::Relaxed),
            NamespaceState::Invalid | NamespaceState::Inactive => false,
        }
    }

    /// The namespaces that hosts see, by ascending identifier.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Namespace> {
        self.places.iter().filter_map(OnceLock::get).filter(|namespace| namespace.is_attached())
    }

    #[inline]
    pub(crate) fn find(&self, namespace_id: u32) -> NamespaceState<'_> {
        let Some(index) = index_of(namespace_id) else {
            return NamespaceState::Invalid;
        };
        match self.places.get(usize::from(index.0)).and_then(OnceLock::get) {
            Some(namespace) if namespace.is_attached() => NamespaceState::Active(index, namespace),
            _ => NamespaceState::Inactive,
        }
    }

    /// The namespace that a command addresses.
    ///
    /// Spec: NVMe Base 2.0 §3.2.1.5: an invalid identifier and an inactive one are refused differently.
    #[inline]
    pub(crate) fn active(&self, namespace_id: u32) -> Result<(NamespaceIndex, &Namespace), Failure> {
        match self.find(namespace_id) {
            NamespaceState::Active(index, namespace) => Ok((index, namespace)),
            NamespaceState::Inactive => Err(Failure::invalid_field(Location::NAMESPACE_ID)),
            NamespaceState::Invalid => Err(invalid_namespace()),
        }
    }

    /// A namespace that a command was accepted for; it may have been detached since.
    #[inline]
    pub(crate) fn get(&self, index: NamespaceIndex) -> &Namespace {
        self.places[usize::from(index.0)].get().unwrap_or_else(|| unreachable!("{index:?} comes from `find`"))
    }
}

/// The refusal of an identifier that no namespace can have, the broadcast value among them.
pub(crate) const fn invalid_namespace() -> Failure {
    Failure::at(Status::INVALID_NAMESPACE_OR_FORMAT, Location::NAMESPACE_ID)
}

#[inline]
fn index_of(namespace_id: u32) -> Option<NamespaceIndex> {
    const { assert!(NAMESPACES_MAXIMUM < BROADCAST_NAMESPACE && NAMESPACES_MAXIMUM <= u16::MAX as u32) }
    let index = namespace_id.checked_sub(1).filter(|&index| index < NAMESPACES_MAXIMUM)?;
    u16::try_from(index).ok().map(NamespaceIndex)
}
