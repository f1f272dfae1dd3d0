//! The Keep Alive Timer.

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::feature::{FeatureIdentifier, GetFeatures, SetFeatures};
use nvme::base::identify::{Identify, IdentifyDataStructure};
use reactor::clock::Duration;

use super::harness::{Connection, ENABLE, Host, Request, target};
use crate::limits::DISCOVERY_ACTIVITY_TIMEOUT_MS;
use crate::subsystem::{ListenerKind, Target};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

fn keep_alive() -> SubmissionQueueEntry {
    SubmissionQueueEntry::new(AdminOpcode::KEEP_ALIVE.0, 0)
}

fn host_with_timeout(timeout_ms: u32) -> Host {
    Host::with(&target(), "a", &Request::admin("a").keep_alive_ms(timeout_ms))
}

/// Lets so much time go by, as the shell would.
fn pass(admin: &mut Connection, time: Duration) {
    admin.pass(time);
    if admin.queue.next_deadline().is_some_and(|due| due <= admin.now) {
        admin.queue.handle_timeout(admin.now);
    }
}

#[test]
fn a_silent_host_loses_its_controller_when_the_time_is_over_and_not_before() {
    let mut host = host_with_timeout(2000);
    let io = host.io_queue(1);
    pass(&mut host.admin, 2 * SECOND - MILLISECOND);
    assert!(!io.is_closed() && !host.admin.is_closed());
    assert_eq!(host.target.controllers().len(), 1);
    pass(&mut host.admin, MILLISECOND);
    assert!(io.is_closed() && host.admin.is_closed());
    assert!(host.target.controllers().is_empty());
    assert_eq!(host.admin.status().fatal(), 1);
    assert_eq!(host.admin.queue.next_deadline(), None, "nothing is due twice");
}

#[test]
fn the_summary_tells_the_time_from_connect_on_and_after_each_change() {
    let target = target();
    let shown = |target: &Target| target.controllers()[0].keep_alive_timeout_ms;
    let mut admin = Connection::new(&target, ListenerKind::Io);
    Request::admin("a").keep_alive_ms(2000).connect(&mut admin);
    assert_eq!(shown(&target), 2000);
    admin.configure(ENABLE);
    admin.succeed(&SetFeatures::new(FeatureIdentifier::KEEP_ALIVE_TIMER, 5000).command());
    assert_eq!(shown(&target), 5000);
}

#[test]
fn keep_alive_starts_the_time_again_and_other_commands_do_not() {
    let mut host = host_with_timeout(2000);
    for _ in 0..10 {
        pass(&mut host.admin, SECOND + SECOND / 2);
        host.admin.succeed(&keep_alive());
    }
    pass(&mut host.admin, SECOND + SECOND / 2);
    host.admin.identify(IdentifyDataStructure::CONTROLLER, 0);
    pass(&mut host.admin, SECOND / 2);
    assert!(host.admin.is_closed());
}

#[test]
fn without_a_timeout_a_host_may_be_silent_for_ever() {
    let mut host = host_with_timeout(0);
    assert_eq!(host.admin.queue.next_deadline(), None);
    pass(&mut host.admin, 1_000_000 * SECOND);
    host.admin.succeed(&keep_alive());
    assert_eq!(host.admin.queue.next_deadline(), None);
}

#[test]
fn the_timeout_is_rounded_up_to_the_granularity() {
    let get = GetFeatures::new(FeatureIdentifier::KEEP_ALIVE_TIMER).command();
    for (asked, given) in [(1, 100), (100, 100), (101, 200), (5000, 5000), (u32::MAX, u32::MAX)] {
        let mut host = host_with_timeout(asked);
        assert_eq!(host.admin.succeed(&get), u64::from(given));
        assert_eq!(host.admin.queue.next_deadline(), Some(host.admin.now + Duration::from_millis(given.into())));
    }
}

#[test]
fn set_features_changes_the_timeout_and_starts_the_time_again() {
    let mut host = host_with_timeout(1000);
    let set = |timeout_ms| SetFeatures::new(FeatureIdentifier::KEEP_ALIVE_TIMER, timeout_ms).command();
    host.admin.pass(SECOND / 2);
    assert_eq!(host.admin.succeed(&set(10_000)), 0);
    pass(&mut host.admin, 9 * SECOND);
    assert!(!host.admin.is_closed());
    assert_eq!(host.admin.succeed(&set(0)), 0);
    pass(&mut host.admin, 100 * SECOND);
    assert!(!host.admin.is_closed());
    assert_eq!(host.admin.succeed(&set(1000)), 0);
    pass(&mut host.admin, SECOND);
    assert!(host.admin.is_closed());
}

#[test]
fn a_host_that_never_enables_its_controller_is_given_up_too() {
    let target = target();
    let mut admin = Connection::new(&target, ListenerKind::Io);
    Request::admin("a").keep_alive_ms(1000).connect(&mut admin);
    pass(&mut admin, SECOND);
    assert!(target.controllers().is_empty());
}

#[test]
fn writing_the_configuration_is_a_sign_of_life() {
    let mut host = host_with_timeout(1000);
    pass(&mut host.admin, SECOND - MILLISECOND);
    host.admin.configure(ENABLE);
    pass(&mut host.admin, SECOND - MILLISECOND);
    assert!(!host.admin.is_closed());
}

#[test]
fn a_discovery_controller_without_timeout_ends_when_nothing_is_asked_for_long() {
    let mut host = Host::discovery(&target(), "a");
    let limit = Duration::from_millis(DISCOVERY_ACTIVITY_TIMEOUT_MS.into());
    pass(&mut host.admin, limit - MILLISECOND);
    host.admin.read(&Identify::new(IdentifyDataStructure::CONTROLLER, 0).command(), 4096);
    pass(&mut host.admin, limit - MILLISECOND);
    assert!(!host.admin.is_closed());
    pass(&mut host.admin, MILLISECOND);
    assert!(host.admin.is_closed());
}

#[test]
fn a_persistent_discovery_controller_has_the_timeout_that_it_asked_for() {
    let request = Request::discovery("a").keep_alive_ms(1000);
    let mut host = Host::with(&target(), "a", &request);
    host.admin.pass(SECOND / 2);
    host.admin.identify(IdentifyDataStructure::CONTROLLER, 0);
    pass(&mut host.admin, SECOND / 2);
    assert!(host.admin.is_closed());
}
