//! Features: what a host can ask and set. One table for each kind of controller, one line a feature.
//!
//! Nothing is saved over a reset, so the saved value of a feature is its default. Spec: NVMe Base 2.0 §5.15, §5.27.

use nvme::base::async_event::AsyncEvents;
use nvme::base::feature::{
    Arbitration, FeatureIdentifier, HostIdentifier, NumberOfQueues, PowerManagement, VolatileWriteCacheState,
    WriteAtomicity,
};
use nvme::base::status::Status;

use super::AdminContext;
use crate::controller::ControllerState;
use crate::failure::{Failure, Location};
use crate::limits::Limits;

/// Where the value of a feature stands in Set Features.
pub(super) const VALUE: Location = Location::DWORD11;

/// The values that hosts can change, apart from events and the Keep Alive Timer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeatureValues {
    /// I/O queues that the host may create: identifiers go from 1 to this.
    pub(crate) io_queues: u16,
    /// Off: every write is on the media before it completes.
    pub(crate) volatile_write_cache: bool,
    arbitration: Arbitration,
    power_management: PowerManagement,
    write_atomicity: WriteAtomicity,
}

impl FeatureValues {
    /// The defaults.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            io_queues: limits.io_queues,
            volatile_write_cache: true,
            arbitration: Arbitration::default().with_burst(Arbitration::BURST_UNLIMITED),
            power_management: PowerManagement::default(),
            write_atomicity: WriteAtomicity::default(),
        }
    }

    fn queue_pairs(&self) -> u32 {
        NumberOfQueues::pairs(self.io_queues).0
    }

    fn write_cache_state(&self) -> u32 {
        VolatileWriteCacheState::default().with_enabled(self.volatile_write_cache.into()).0
    }
}

/// One feature.
#[derive(Debug)]
pub(crate) struct Feature {
    pub(super) identifier: FeatureIdentifier,
    pub(super) value: Value,
    /// Takes a new value, the command's dword 11. Returns the result of the command. `None`: it cannot be changed.
    pub(super) set: Option<Setter>,
    /// Whether the controller has it. Most features do not depend on anything.
    pub(super) exists: fn(&AdminContext<'_>) -> bool,
}

type Setter = fn(&mut AdminContext<'_>, u32) -> Result<u32, Failure>;

/// How a feature is read.
#[derive(Debug)]
pub(super) enum Value {
    /// It is the result of the command.
    Dword { current: fn(&AdminContext<'_>, &ControllerState) -> u32, default: fn(&FeatureValues) -> u32 },
    /// It is data. Is given the command's dword 11.
    Data(fn(&AdminContext<'_>, u32) -> Result<Vec<u8>, Failure>),
}

/// The features of an I/O controller.
pub(super) const IO_CONTROLLER: &[Feature] = &[
    Feature {
        identifier: FeatureIdentifier::ARBITRATION,
        value: Value::Dword {
            current: |_, state| state.features.arbitration.0,
            default: |values| values.arbitration.0,
        },
        set: Some(set_arbitration),
        exists: always,
    },
    Feature {
        identifier: FeatureIdentifier::POWER_MANAGEMENT,
        value: Value::Dword {
            current: |_, state| state.features.power_management.0,
            default: |values| values.power_management.0,
        },
        set: Some(set_power_management),
        exists: always,
    },
    Feature {
        identifier: FeatureIdentifier::VOLATILE_WRITE_CACHE,
        value: Value::Dword {
            current: |_, state| state.features.write_cache_state(),
            default: FeatureValues::write_cache_state,
        },
        set: Some(set_volatile_write_cache),
        exists: |context| context.target.has_volatile_write_cache(),
    },
    Feature {
        identifier: FeatureIdentifier::NUMBER_OF_QUEUES,
        value: Value::Dword { current: |_, state| state.features.queue_pairs(), default: FeatureValues::queue_pairs },
        set: Some(set_number_of_queues),
        exists: always,
    },
    Feature {
        identifier: FeatureIdentifier::WRITE_ATOMICITY_NORMAL,
        value: Value::Dword {
            current: |_, state| state.features.write_atomicity.0,
            default: |values| values.write_atomicity.0,
        },
        set: Some(set_write_atomicity),
        exists: always,
    },
    ASYNC_EVENT_CONFIGURATION,
    KEEP_ALIVE_TIMER,
    Feature {
        identifier: FeatureIdentifier::HOST_IDENTIFIER,
        value: Value::Data(host_identifier),
        // Connect has set it. Spec: NVMe Base 2.0 §5.27.1.25.
        set: Some(|_, _| Err(Failure::sequence())),
        exists: always,
    },
];

/// The features of a discovery controller.
pub(super) const DISCOVERY_CONTROLLER: &[Feature] = &[ASYNC_EVENT_CONFIGURATION, KEEP_ALIVE_TIMER];

const ASYNC_EVENT_CONFIGURATION: Feature = Feature {
    identifier: FeatureIdentifier::ASYNC_EVENT_CONFIGURATION,
    value: Value::Dword { current: |_, state| state.events.configuration().bits(), default: |_| 0 },
    set: Some(set_async_event_configuration),
    exists: always,
};

const KEEP_ALIVE_TIMER: Feature = Feature {
    identifier: FeatureIdentifier::KEEP_ALIVE_TIMER,
    value: Value::Dword { current: |context, _| context.keep_alive.timeout_ms(), default: |_| 0 },
    set: Some(set_keep_alive_timer),
    exists: always,
};

fn always(_context: &AdminContext<'_>) -> bool {
    true
}

/// Finds a feature of the controller.
pub(super) fn find(context: &AdminContext<'_>, identifier: FeatureIdentifier) -> Result<&'static Feature, Failure> {
    let features = context.controller.command_set().features;
    let feature = features.iter().find(|feature| feature.identifier == identifier);
    feature.filter(|feature| (feature.exists)(context)).ok_or(Failure::invalid_field(Location::DWORD10))
}

/// There is one way to arbitrate, round robin, and bursts and weights do not change it.
fn set_arbitration(context: &mut AdminContext<'_>, value: u32) -> Result<u32, Failure> {
    context.controller.lock().features.arbitration = Arbitration(value);
    Ok(0)
}

/// There is one power state, 0.
fn set_power_management(context: &mut AdminContext<'_>, value: u32) -> Result<u32, Failure> {
    let value = PowerManagement(value);
    if value.power_state() != 0 {
        return Err(Failure::invalid_field(VALUE));
    }
    context.controller.lock().features.power_management = value;
    Ok(0)
}

fn set_volatile_write_cache(context: &mut AdminContext<'_>, value: u32) -> Result<u32, Failure> {
    let mut state = context.controller.lock();
    state.features.volatile_write_cache = VolatileWriteCacheState(value).enabled() == 1;
    context.controller.set_gate(&state);
    Ok(0)
}

/// Queues over Fabrics come in pairs: the smaller of the two numbers counts. The host gets as many as the limit allows.
fn set_number_of_queues(context: &mut AdminContext<'_>, value: u32) -> Result<u32, Failure> {
    let request = NumberOfQueues(value);
    if !request.is_valid_request() {
        return Err(Failure::invalid_field(VALUE));
    }
    let mut state = context.controller.lock();
    if state.has_io_queues() {
        return Err(Failure::sequence());
    }
    let requested = request.submission_queues().min(request.completion_queues());
    let limit = context.target.limits().io_queues;
    state.features.io_queues = u16::try_from(requested).map_or(limit, |requested| requested.min(limit));
    Ok(state.features.queue_pairs())
}

/// Each block is atomic in either case.
fn set_write_atomicity(context: &mut AdminContext<'_>, value: u32) -> Result<u32, Failure> {
    context.controller.lock().features.write_atomicity = WriteAtomicity(value);
    Ok(0)
}

/// Critical warnings can be asked for everywhere; there never is one. Of the notices, those that the controller sends.
fn set_async_event_configuration(context: &mut AdminContext<'_>, value: u32) -> Result<u32, Failure> {
    let events = AsyncEvents::from_bits(value);
    let accepted = context.controller.command_set().notices.with(AsyncEvents::CRITICAL_WARNINGS);
    if !accepted.contains(events) {
        return Err(Failure::invalid_field(VALUE));
    }
    context.controller.lock().events.configure(events);
    Ok(0)
}

fn set_keep_alive_timer(context: &mut AdminContext<'_>, value: u32) -> Result<u32, Failure> {
    context.keep_alive.set_timeout(value, context.now);
    Ok(0)
}

/// The 16 bytes of Connect; the short form does not exist over Fabrics.
fn host_identifier(context: &AdminContext<'_>, dword11: u32) -> Result<Vec<u8>, Failure> {
    if HostIdentifier(dword11).extended() == 0 {
        return Err(Failure::at(Status::INVALID_FIELD, VALUE));
    }
    Ok(context.controller.association.host_id.to_vec())
}
