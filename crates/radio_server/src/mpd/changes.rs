//! What `idle` tells of: parts of the server that changed, as numbers that grow.
//!
//! Each connection remembers the numbers that it has told of. So nothing is missed between two commands, and many changes of one
//! part are told once. Parity: MPD's subsystems.

use std::sync::Arc;

use radio_library::change::{BlobKind, Change, What};
use radio_stream::link::Status;
use tokio::sync::watch;

/// A part of the server. The order is that in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subsystem {
    Database,
    StoredPlaylist,
    Playlist,
    Player,
    Mixer,
    Output,
    Options,
    Sticker,
    Update,
    Subscription,
    Message,
    Neighbor,
    Mount,
    Partition,
}

impl Subsystem {
    pub(super) const ALL: [Self; 14] = [
        Self::Database,
        Self::StoredPlaylist,
        Self::Playlist,
        Self::Player,
        Self::Mixer,
        Self::Output,
        Self::Options,
        Self::Sticker,
        Self::Update,
        Self::Subscription,
        Self::Message,
        Self::Neighbor,
        Self::Mount,
        Self::Partition,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::StoredPlaylist => "stored_playlist",
            Self::Playlist => "playlist",
            Self::Player => "player",
            Self::Mixer => "mixer",
            Self::Output => "output",
            Self::Options => "options",
            Self::Sticker => "sticker",
            Self::Update => "update",
            Self::Subscription => "subscription",
            Self::Message => "message",
            Self::Neighbor => "neighbor",
            Self::Mount => "mount",
            Self::Partition => "partition",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subsystem| subsystem.name().eq_ignore_ascii_case(name))
    }
}

/// How often each part has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts([u64; Subsystem::ALL.len()]);

impl Counts {
    /// The parts among `wanted` that have changed since `seen`.
    pub(super) fn since(&self, seen: &Self, wanted: &[Subsystem]) -> Vec<Subsystem> {
        let changed = |part: &Subsystem| self.0[*part as usize] != seen.0[*part as usize];
        Subsystem::ALL.into_iter().filter(|part| wanted.contains(part)).filter(changed).collect()
    }

    /// These parts of `now` are seen.
    pub(super) fn see(&mut self, now: &Self, parts: &[Subsystem]) {
        parts.iter().for_each(|part| self.0[*part as usize] = now.0[*part as usize]);
    }
}

/// The numbers of all parts. Copies are of the same numbers.
#[derive(Debug, Clone)]
pub(super) struct Changes(Arc<watch::Sender<Counts>>);

impl Default for Changes {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Counts::default())))
    }
}

impl Changes {
    /// These parts have changed.
    pub(super) fn happened(&self, parts: &[Subsystem]) {
        if !parts.is_empty() {
            self.0.send_modify(|counts| parts.iter().for_each(|part| counts.0[*part as usize] += 1));
        }
    }

    pub(super) fn now(&self) -> Counts {
        *self.0.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Counts> {
        self.0.subscribe()
    }
}

/// The parts that changes of the library concern.
pub(super) fn of_library(changes: &[Change]) -> Vec<Subsystem> {
    let part = |change: &Change| match change {
        Change::Added(_) | Change::Removed(_) | Change::Changed { what: What::File, .. } | Change::Roots => {
            Some(Subsystem::Database)
        }
        Change::Blob { kind: BlobKind::Playlist, .. } => Some(Subsystem::StoredPlaylist),
        Change::Sticker => Some(Subsystem::Sticker),
        Change::Changed { .. } | Change::AttributeTable(_) | Change::Blob { .. } => None,
    };
    let mut parts: Vec<Subsystem> = changes.iter().filter_map(part).collect();
    parts.dedup();
    parts
}

/// The parts that differ between two statuses.
pub(super) fn of_station(before: &Status, after: &Status) -> Vec<Subsystem> {
    let playing = |status: &Status| {
        let current = status.current.as_ref();
        (status.playback, current.map(|current| (current.entry.id, current.stream_start_wall_ms)))
    };
    let outputs = |status: &Status| -> Vec<(String, bool)> {
        status.senders.iter().map(|sender| (sender.name.clone(), sender.on)).collect()
    };
    let differ = [
        (Subsystem::Player, playing(before) != playing(after)),
        (Subsystem::Playlist, before.queue_version != after.queue_version),
        (Subsystem::Options, (before.flags.no_more, before.random) != (after.flags.no_more, after.random)),
        (Subsystem::Output, outputs(before) != outputs(after)),
    ];
    differ.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_once_and_only_where_it_is_wanted() {
        let changes = Changes::default();
        let mut seen = changes.now();
        changes.happened(&[Subsystem::Player, Subsystem::Mixer]);
        changes.happened(&[Subsystem::Player]);
        let wanted = [Subsystem::Player, Subsystem::Database];
        assert_eq!(changes.now().since(&seen, &wanted), [Subsystem::Player]);
        seen.see(&changes.now(), &[Subsystem::Player]);
        assert_eq!(changes.now().since(&seen, &Subsystem::ALL), [Subsystem::Mixer]);
    }

    #[test]
    fn numbers_are_places_in_the_table() {
        for (place, part) in Subsystem::ALL.into_iter().enumerate() {
            assert_eq!(part as usize, place);
            assert_eq!(Subsystem::named(&part.name().to_uppercase()), Some(part));
        }
    }
}
