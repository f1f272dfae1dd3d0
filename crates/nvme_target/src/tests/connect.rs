//! Connect and Disconnect.

use std::sync::Arc;

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::status::Status;
use nvme::fabrics::{ConnectData, DisconnectCommand, InvalidParameter, Nqn};
use nvme::nvm::{NvmOpcode, ReadWrite};
use nvme::tcp::CommandTag;
use zerocopy::IntoBytes;
use zerocopy::little_endian::U16;

use super::harness::{Connection, ENABLE, Host, Reply, Request, reply, settings, target, with_transport};
use crate::Limits;
use crate::limits::{ADMIN_IN_CAPSULE_DATA_BYTES, ADMIN_QUEUE_ENTRIES_MAXIMUM, CONTROLLERS_RANGE};
use crate::queue::QueueGrant;
use crate::subsystem::{ListenerKind, Target};

/// Changes a Connect so that it must be refused.
type Spoil = fn(&mut Request);

#[track_caller]
fn assert_parameter(response: nvme::tcp::Response, parameter: InvalidParameter) {
    assert!(response.status.same_code(Status::CONNECT_INVALID_PARAMETERS), "{:?}", response.status);
    assert!(response.status.do_not_retry());
    assert_eq!(response.result, u64::from(parameter.to_dword0()), "expected {parameter}");
}

#[track_caller]
fn assert_status(response: nvme::tcp::Response, status: Status) {
    assert_eq!((response.status, response.result), (status, 0));
}

#[test]
fn an_admin_queue_is_granted_what_was_asked_for() {
    let target = target();
    let mut connection = Connection::new(&target, ListenerKind::Io);
    let mut request = Request::admin("a");
    request.command.queue_size_0based = U16::new(63);
    request.command.attributes = 0b0100;
    let grant = request.connect(&mut connection);
    let controller_id = target.controllers()[0].id;
    let expected = QueueGrant {
        entries: 64,
        in_capsule_data_bytes: ADMIN_IN_CAPSULE_DATA_BYTES,
        sq_flow_control_disabled: true,
        queue_id: 0,
        controller_id,
    };
    assert_eq!(grant, expected);
}

#[test]
fn controllers_have_identifiers_of_their_own() {
    let target = target();
    let hosts: Vec<Host> = ["a", "a", "b"].map(|name| Host::new(&target, name)).into();
    let mut ids: Vec<u16> = hosts.iter().map(|host| host.controller_id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(!ids.contains(&0) && !ids.iter().any(|&id| id >= 0xfff0));
}

#[test]
fn an_identifier_is_not_given_out_again_at_once() {
    let target = target();
    let mut first = Host::new(&target, "a");
    first.admin.close();
    assert!(target.controllers().is_empty());
    assert_ne!(Host::new(&target, "a").controller_id, first.controller_id);
}

#[test]
fn when_the_identifiers_come_round_those_in_use_are_left_out() {
    let first = Host::new(&target(), "a");
    assert_eq!(first.controller_id, 1);
    let request = Request::admin("b");
    for _ in 2..=*CONTROLLERS_RANGE.end() {
        let mut connection = Connection::new(&first.target, ListenerKind::Io);
        request.connect(&mut connection);
        connection.close();
    }
    assert_eq!(Host::new(&first.target, "b").controller_id, 2);
}

#[test]
fn each_parameter_of_an_admin_connect_is_checked_and_named() {
    let cases: [(Spoil, InvalidParameter); 9] = [
        (|request| request.command.queue_size_0based = U16::new(0), InvalidParameter::QUEUE_SIZE),
        (|request| request.command.queue_size_0based = U16::new(30), InvalidParameter::QUEUE_SIZE),
        (
            |request| request.command.queue_size_0based = U16::new(ADMIN_QUEUE_ENTRIES_MAXIMUM),
            InvalidParameter::QUEUE_SIZE,
        ),
        (|request| request.command.queue_size_0based = U16::new(u16::MAX), InvalidParameter::QUEUE_SIZE),
        (|request| request.data.controller_id = U16::new(1), InvalidParameter::CONTROLLER_ID),
        (
            |request| request.data.controller_id = U16::new(ConnectData::ANY_STATIC_CONTROLLER),
            InvalidParameter::CONTROLLER_ID,
        ),
        (|request| request.data.subsystem_nqn[0] = b'x', InvalidParameter::SUBSYSTEM_NQN),
        (|request| request.data.subsystem_nqn = [b'a'; 256], InvalidParameter::SUBSYSTEM_NQN),
        (|request| request.data.host_nqn = [0; 256], InvalidParameter::HOST_NQN),
    ];
    for (spoil, parameter) in cases {
        let target = target();
        let mut connection = Connection::new(&target, ListenerKind::Io);
        let mut request = Request::admin("a");
        spoil(&mut request);
        assert_parameter(request.fail(&mut connection), parameter);
        assert!(target.controllers().is_empty());
        // The connection may try again.
        Request::admin("a").connect(&mut connection);
    }
}

#[test]
fn each_parameter_of_an_io_connect_is_checked_and_named() {
    let cases: [(Spoil, InvalidParameter); 8] = [
        (|request| request.command.queue_id = U16::new(129), InvalidParameter::QUEUE_ID),
        (|request| request.command.queue_id = U16::new(u16::MAX), InvalidParameter::QUEUE_ID),
        (|request| request.command.queue_size_0based = U16::new(0), InvalidParameter::QUEUE_SIZE),
        (|request| request.command.queue_size_0based = U16::new(1024), InvalidParameter::QUEUE_SIZE),
        (|request| request.data.controller_id = U16::new(0xffff), InvalidParameter::CONTROLLER_ID),
        // The names are equal in their first 16 bytes.
        (
            |request| request.data.host_nqn = Nqn::parse("nqn.2026-11.com.example:host:b").unwrap().to_field(),
            InvalidParameter::HOST_NQN,
        ),
        (|request| request.data.host_id[15] ^= 1, InvalidParameter::HOST_ID),
        (|request| request.data.subsystem_nqn[20] ^= 1, InvalidParameter::SUBSYSTEM_NQN),
    ];
    let host = Host::new(&target(), "a");
    for (spoil, parameter) in cases {
        let mut connection = Connection::new(&host.target, ListenerKind::Io);
        let mut request = host.io_request(1);
        spoil(&mut request);
        assert_parameter(request.fail(&mut connection), parameter);
    }
    assert!(host.target.controllers()[0].io_queues.is_empty());
    host.io_queue(128);
    assert_eq!(host.target.controllers()[0].io_queues, [128]);
}

#[test]
fn an_io_queue_is_granted_what_was_asked_for() {
    let host = Host::new(&target(), "a");
    let grant = host.io_request(5).connect(&mut Connection::new(&host.target, ListenerKind::Io));
    let expected = QueueGrant {
        entries: 128,
        in_capsule_data_bytes: 8192,
        sq_flow_control_disabled: false,
        queue_id: 5,
        controller_id: host.controller_id,
    };
    assert_eq!(grant, expected);
}

#[test]
fn another_record_format_is_refused() {
    let mut connection = Connection::new(&target(), ListenerKind::Io);
    let mut request = Request::admin("a");
    request.command.record_format = U16::new(1);
    assert_status(request.fail(&mut connection), Status::CONNECT_INCOMPATIBLE_FORMAT.with_do_not_retry());
}

#[test]
fn data_of_another_size_are_refused_before_they_are_taken_in() {
    for length in [0, 1023, 1025, u32::MAX] {
        let mut connection = Connection::new(&target(), ListenerKind::Io);
        let entry = with_transport(Request::admin("a").command.as_entry(), length);
        connection.refused(&entry, Status::DATA_SGL_LENGTH_INVALID);
    }
}

#[test]
fn nothing_but_connect_is_taken_before_it() {
    let mut connection = Connection::new(&target(), ListenerKind::Io);
    for opcode in 0..=u8::MAX {
        let mut entry = SubmissionQueueEntry::new(opcode, 1);
        if opcode == AdminOpcode::FABRICS.0 {
            entry = *DisconnectCommand::new().as_entry();
        }
        connection.refused(&entry, Status::COMMAND_SEQUENCE_ERROR);
    }
    Request::admin("a").connect(&mut connection);
}

#[test]
fn a_queue_does_not_connect_again() {
    let mut host = Host::new(&target(), "a");
    let mut io = host.io_queue(1);
    let request = Request::admin("a");
    for connection in [&mut host.admin, &mut io] {
        let response = request.fail(connection);
        assert!(response.status.same_code(Status::COMMAND_SEQUENCE_ERROR));
    }
    assert_eq!(host.target.controllers().len(), 1);
}

#[test]
fn a_connect_that_was_sent_along_with_another_is_refused_when_its_data_come() {
    let host = Host::new(&target(), "a");
    for request in [Request::admin("a"), host.io_request(1)] {
        let mut connection = Connection::new(&host.target, ListenerKind::Io);
        let entry = with_transport(request.command.as_entry(), 1024);
        assert!(matches!(connection.send(&entry), Reply::NeedsData(1024)));
        request.connect(&mut connection);
        let late = connection.queue.data(connection.now, CommandTag(0), &entry, request.data.as_bytes());
        let Reply::Response(response) = reply(late) else { panic!("connected twice") };
        assert!(response.status.same_code(Status::COMMAND_SEQUENCE_ERROR));
    }
}

#[test]
fn a_queue_identifier_is_used_once_at_a_time() {
    let host = Host::new(&target(), "a");
    let mut first = host.io_queue(1);
    let response = host.io_request(1).fail(&mut Connection::new(&host.target, ListenerKind::Io));
    assert_status(response, Status::COMMAND_SEQUENCE_ERROR.with_do_not_retry());
    first.close();
    let mut second = host.io_queue(1);
    // The end of the first connection, told twice, does not take the second one's place away.
    first.close();
    assert_eq!(host.target.controllers()[0].io_queues, [1]);
    second.close();
    assert!(host.target.controllers()[0].io_queues.is_empty());
}

#[test]
fn io_queues_need_an_enabled_controller() {
    let target = target();
    let mut admin = Connection::new(&target, ListenerKind::Io);
    let controller_id = Request::admin("a").connect(&mut admin).controller_id;
    let mut io = Connection::new(&target, ListenerKind::Io);
    let request = Request::io("a", controller_id, 1);
    assert_status(request.fail(&mut io), Status::COMMAND_SEQUENCE_ERROR.with_do_not_retry());
    admin.configure(ENABLE);
    request.connect(&mut io);
}

#[test]
fn the_subsystem_is_not_reached_through_a_discovery_listener_and_discovery_through_both() {
    let target = target();
    let response = Request::admin("a").fail(&mut Connection::new(&target, ListenerKind::Discovery));
    assert_parameter(response, InvalidParameter::SUBSYSTEM_NQN);
    for listener in [ListenerKind::Discovery, ListenerKind::Io] {
        Request::discovery("a").connect(&mut Connection::new(&target, listener));
    }
}

#[test]
fn discovery_controllers_have_no_io_queues() {
    let host = Host::discovery(&target(), "a");
    let mut request = Request::discovery("a");
    request.command.queue_id = U16::new(1);
    request.data.controller_id = U16::new(host.controller_id);
    let mut connection = Connection::new(&host.target, ListenerKind::Io);
    assert_parameter(request.fail(&mut connection), InvalidParameter::QUEUE_ID);
    // Nor can one be had by asking the other subsystem for it.
    assert_parameter(host.io_request(1).fail(&mut connection), InvalidParameter::CONTROLLER_ID);
}

#[test]
fn there_are_no_more_controllers_than_the_limit() {
    let limits = Limits { controllers: 2, ..Limits::default() };
    let target = Target::new(crate::TargetSettings { limits, ..settings() }).unwrap();
    let mut first = Host::new(&target, "a");
    let _second = Host::discovery(&target, "b");
    let mut connection = Connection::new(&target, ListenerKind::Io);
    // May succeed later.
    assert_status(Request::admin("c").fail(&mut connection), Status::CONNECT_CONTROLLER_BUSY);
    first.admin.close();
    Request::admin("c").connect(&mut connection);
}

#[test]
fn disconnect_ends_an_io_queue_and_only_that() {
    let mut host = Host::new(&target(), "a");
    let mut io = host.io_queue(1);
    match io.send(DisconnectCommand::new().as_entry()) {
        Reply::ResponseAndClose(response) => assert!(response.status.is_success()),
        other => panic!("{other:?}"),
    }
    let read = ReadWrite { block_count: 1, ..ReadWrite::default() }.command(NvmOpcode::READ, 1);
    io.refused(&with_transport(&read, 512), Status::COMMAND_SEQUENCE_ERROR);
    io.close();
    host.io_queue(1);
    host.admin.refused(DisconnectCommand::new().as_entry(), Status::INVALID_QUEUE_TYPE);
}

#[test]
fn disconnect_in_another_format_is_refused() {
    let host = Host::new(&target(), "a");
    let mut command = DisconnectCommand::new();
    command.record_format = U16::new(1);
    host.io_queue(1).refused(command.as_entry(), Status::CONNECT_INCOMPATIBLE_FORMAT);
}

#[test]
fn the_end_of_the_admin_queue_ends_the_controller_with_all_its_queues_and_no_other() {
    let target = target();
    let mut host = Host::new(&target, "a");
    let other = Host::new(&target, "b");
    let (mut first, second, others) = (host.io_queue(1), host.io_queue(2), other.io_queue(1));
    host.admin.close();
    assert!(first.is_closed() && second.is_closed() && !others.is_closed());
    let ids: Vec<u16> = target.controllers().iter().map(|controller| controller.id).collect();
    assert_eq!(ids, [other.controller_id]);
    // Until its connection is gone, the queue refuses what still comes.
    let read = ReadWrite { block_count: 1, ..ReadWrite::default() }.command(NvmOpcode::READ, 1);
    first.refused(&with_transport(&read, 512), Status::COMMAND_SEQUENCE_ERROR);
    let response = host.io_request(3).fail(&mut Connection::new(&target, ListenerKind::Io));
    assert_parameter(response, InvalidParameter::CONTROLLER_ID);
    drop((first, second));
    assert_eq!(Arc::strong_count(&target), 6, "target, two hosts with one Admin queue each, one I/O queue");
}
