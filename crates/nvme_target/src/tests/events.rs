//! Asynchronous events, Abort, and the log pages that belong to events.

use nvme::base::async_event::{AsyncEvent, AsyncEvents};
use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::feature::{FeatureIdentifier, SetFeatures};
use nvme::base::log_page::{ChangedNamespaceList, GetLogPage, LogPageIdentifier};
use nvme::base::property::ControllerConfiguration;
use nvme::base::status::Status;
use nvme::tcp::CommandTag;
use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use super::harness::{Connection, ENABLE, Host, Reply, Sketch, address, namespace, target};
use crate::limits::ASYNC_EVENT_REQUESTS_MAXIMUM;
use crate::subsystem::{Listener, ListenerKind};

fn request() -> SubmissionQueueEntry {
    SubmissionQueueEntry::new(AdminOpcode::ASYNC_EVENT_REQUEST.0, 0)
}

/// Sends a request that must be held. Returns its tag.
fn hold(admin: &mut Connection) -> CommandTag {
    let tag = CommandTag(admin.next_command_id());
    assert!(matches!(admin.send(&request()), Reply::Held));
    tag
}

fn enable(admin: &mut Connection, events: AsyncEvents) {
    admin.succeed(&SetFeatures::new(FeatureIdentifier::ASYNC_EVENT_CONFIGURATION, events.bits()).command());
}

fn attach(host: &Host, namespace_id: u32) {
    let number = u8::try_from(namespace_id).unwrap();
    host.target.attach_namespace(namespace(namespace_id, Sketch { number, ..Sketch::default() })).unwrap();
}

fn changed_namespaces(admin: &mut Connection) -> Vec<u32> {
    let page = admin.log_page(LogPageIdentifier::CHANGED_NAMESPACE_LIST, 4096);
    ChangedNamespaceList::ref_from_bytes(&page).unwrap().iter().collect()
}

/// The event of the one response that is ready.
#[track_caller]
fn event(admin: &mut Connection, tag: CommandTag) -> AsyncEvent {
    let (answered, response) = admin.queue.poll_response().expect("a response is ready");
    assert_eq!(answered, tag);
    assert!(response.status.is_success());
    assert!(admin.queue.poll_response().is_none());
    AsyncEvent::from_dword0(u32::try_from(response.result).unwrap())
}

#[test]
fn no_more_requests_are_held_than_the_limit() {
    let mut host = Host::new(&target(), "a");
    for _ in 0..ASYNC_EVENT_REQUESTS_MAXIMUM {
        hold(&mut host.admin);
    }
    let response = host.admin.response(&request());
    assert!(response.status.same_code(Status::ASYNC_EVENT_REQUEST_LIMIT_EXCEEDED));
    assert!(!response.status.do_not_retry(), "it would do later");
    assert!(host.admin.queue.poll_response().is_none());
}

#[test]
fn namespaces_that_come_and_go_are_reported_once_until_the_list_is_read() {
    let mut host = Host::new(&target(), "a");
    enable(&mut host.admin, AsyncEvents::NAMESPACE_ATTRIBUTE);
    let (first, second) = (hold(&mut host.admin), hold(&mut host.admin));
    attach(&host, 7);
    assert_eq!(host.admin.times_woken(), 1);
    assert_eq!(event(&mut host.admin, first), AsyncEvent::NAMESPACE_ATTRIBUTE_CHANGED);
    attach(&host, 9);
    assert!(host.target.detach_namespace(1));
    assert!(!host.target.detach_namespace(1), "it is gone");
    assert!(host.admin.queue.poll_response().is_none());
    assert_eq!(changed_namespaces(&mut host.admin), [1, 7, 9]);
    assert_eq!(changed_namespaces(&mut host.admin), [0; 0]);
    assert!(host.target.detach_namespace(9));
    assert_eq!(event(&mut host.admin, second), AsyncEvent::NAMESPACE_ATTRIBUTE_CHANGED);
    assert_eq!(changed_namespaces(&mut host.admin), [9]);
}

#[test]
fn what_happened_while_no_request_was_there_is_reported_with_the_next() {
    let mut host = Host::new(&target(), "a");
    enable(&mut host.admin, AsyncEvents::NAMESPACE_ATTRIBUTE);
    attach(&host, 7);
    assert_eq!(host.admin.times_woken(), 0);
    let tag = hold(&mut host.admin);
    assert_eq!(event(&mut host.admin, tag), AsyncEvent::NAMESPACE_ATTRIBUTE_CHANGED);
}

#[test]
fn a_host_that_retains_the_event_is_not_told_again_and_keeps_its_list() {
    let mut host = Host::new(&target(), "a");
    enable(&mut host.admin, AsyncEvents::NAMESPACE_ATTRIBUTE);
    let tag = hold(&mut host.admin);
    attach(&host, 7);
    event(&mut host.admin, tag);
    let page = LogPageIdentifier::CHANGED_NAMESPACE_LIST;
    let retaining = GetLogPage { retain_async_event: true, ..GetLogPage::new(page, 4096) };
    host.admin.read(&retaining.command(), 4096);
    hold(&mut host.admin);
    attach(&host, 9);
    assert!(host.admin.queue.poll_response().is_none());
    assert_eq!(changed_namespaces(&mut host.admin), [7, 9]);
}

#[test]
fn events_that_the_host_does_not_want_are_not_reported() {
    let mut host = Host::new(&target(), "a");
    hold(&mut host.admin);
    attach(&host, 7);
    assert!(host.admin.queue.poll_response().is_none());
    // The list is kept all the same.
    assert_eq!(changed_namespaces(&mut host.admin), [7]);
}

#[test]
fn a_change_of_the_addresses_is_reported_to_discovery_controllers() {
    let target = target();
    let mut host = Host::discovery(&target, "a");
    let mut io = Host::new(&target, "b");
    enable(&mut host.admin, AsyncEvents::DISCOVERY_LOG_PAGE);
    enable(&mut io.admin, AsyncEvents::NAMESPACE_ATTRIBUTE);
    let tag = hold(&mut host.admin);
    hold(&mut io.admin);
    let listeners = vec![Listener { address: address("192.0.2.9:4420"), kind: ListenerKind::Io }];
    target.set_listeners(listeners.clone());
    assert_eq!(event(&mut host.admin, tag), AsyncEvent::DISCOVERY_LOG_PAGE_CHANGED);
    assert!(io.admin.queue.poll_response().is_none());
    host.admin.log_page(LogPageIdentifier::DISCOVERY, 1024);
    hold(&mut host.admin);
    // The same addresses again are no change.
    target.set_listeners(listeners);
    assert!(host.admin.queue.poll_response().is_none());
}

#[test]
fn only_events_that_the_controller_sends_can_be_asked_for() {
    let target = target();
    let set = |bits| SetFeatures::new(FeatureIdentifier::ASYNC_EVENT_CONFIGURATION, bits).command();
    let mut io = Host::new(&target, "a");
    let mut discovery = Host::discovery(&target, "b");
    for bit in 0..32 {
        let bits = 1 << bit;
        for (admin, accepted) in [(&mut io.admin, bit <= 8), (&mut discovery.admin, bit < 8 || bit == 31)] {
            if accepted {
                admin.succeed(&set(bits));
            } else {
                admin.refused(&set(bits), Status::INVALID_FIELD);
            }
        }
    }
}

#[test]
fn an_abort_ends_a_waiting_request_and_nothing_else() {
    let mut host = Host::new(&target(), "a");
    let (first, second) = (hold(&mut host.admin), hold(&mut host.admin));
    let mut abort = SubmissionQueueEntry::new(AdminOpcode::ABORT.0, 0);
    abort.dword10 = U32::new(u32::from(second.0) << 16);
    assert_eq!(host.admin.succeed(&abort), 0);
    let (tag, response) = host.admin.queue.poll_response().unwrap();
    assert_eq!((tag, response.status), (second, Status::ABORTED_BY_REQUEST));
    // Not there any more; of another queue.
    assert_eq!(host.admin.succeed(&abort), 1);
    abort.dword10 = U32::new(u32::from(first.0) << 16 | 1);
    assert_eq!(host.admin.succeed(&abort), 1);
    assert!(host.admin.queue.poll_response().is_none());
}

#[test]
fn a_reset_answers_what_waits_and_forgets_what_was_asked_for() {
    let mut host = Host::new(&target(), "a");
    enable(&mut host.admin, AsyncEvents::NAMESPACE_ATTRIBUTE);
    let tag = hold(&mut host.admin);
    host.admin.configure(ControllerConfiguration::default());
    let (answered, response) = host.admin.queue.poll_response().unwrap();
    assert_eq!((answered, response.status), (tag, Status::ABORTED_SQ_DELETION));
    host.admin.configure(ENABLE);
    hold(&mut host.admin);
    attach(&host, 7);
    assert!(host.admin.queue.poll_response().is_none());
}
