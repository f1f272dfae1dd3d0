//! Bringing a controller up, and each way in which that fails.

use std::net::TcpListener;

use nvme::base::identify::IdentifyDataStructure;
use nvme::base::property::Version;
use nvme::base::status::Status;
use nvme::fabrics::{AuthenticationRequirements, ConnectResult, InvalidParameter};
use nvme_host::{
    ConnectError, ConnectOptions, ConnectionFailure, Controller as HostController, Namespace, NamespaceError,
};
use reactor::clock::Duration;

use crate::controller::{BLOCKS, Controller, QUEUES, Script, Seen, UUID};

fn refused(script: Script) -> ConnectError {
    let controller = Controller::start(script);
    let options = ConnectOptions { connect_timeout: Duration::from_millis(200), ..controller.options() };
    HostController::connect(options).unwrap_err()
}

#[test]
fn a_controller_is_brought_up_and_shut_down() {
    for (header_digest, data_digest) in [(false, false), (true, false), (false, true), (true, true)] {
        let controller = Controller::start(Script::default());
        let options = ConnectOptions { header_digest, data_digest, ..controller.options() };
        let host = HostController::connect(options).unwrap();
        assert_eq!((host.version(), host.id()), (Version::V2_0, 0x0102));
        assert_eq!((host.digests().header, host.digests().data), (header_digest, data_digest));
        assert_eq!(host.maximum_transfer_bytes(), 65536);
        assert_eq!(Namespace::list(&host).unwrap(), [1]);
        let namespace = Namespace::identify(&host, 1).unwrap();
        assert_eq!((namespace.block_size_bytes, namespace.block_count), (512, BLOCKS as u64));
        assert_eq!(namespace.uuid, Some(UUID));
        assert!(matches!(Namespace::identify(&host, 2), Err(NamespaceError::NotActive { id: 2 })));
        drop(host);
        assert_eq!(controller.next_seen(), Seen::ShutdownNormal);
    }
}

#[test]
fn signs_of_life_are_sent() {
    let controller = Controller::start(Script::default());
    let options = ConnectOptions { keep_alive_timeout: Duration::from_millis(20), ..controller.options() };
    let _host = HostController::connect(options).unwrap();
    for _ in 0..3 {
        assert_eq!(controller.next_seen(), Seen::KeepAlive);
    }
}

#[test]
fn admin_commands_come_from_any_thread() {
    let controller = Controller::start(Script::default());
    let host = HostController::connect(controller.options()).unwrap();
    // More threads than the Admin queue has entries: some have to wait.
    std::thread::scope(|scope| {
        for _ in 0..48 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let list: nvme::base::identify::NamespaceList =
                        host.identify(IdentifyDataStructure::ACTIVE_NAMESPACE_LIST, 0).unwrap();
                    assert_eq!(list.iter().collect::<Vec<_>>(), [1]);
                }
            });
        }
    });
}

#[test]
fn queues_are_granted_and_bounded() {
    let controller = Controller::start(Script::default());
    let host = HostController::connect(controller.options()).unwrap();
    assert!(matches!(host.connect_queue(4), Err(ConnectError::TooManyQueues { queue_id: 1, granted: 0 })));
    assert_eq!(host.request_queues(8).unwrap(), QUEUES);
    assert_eq!(host.connect_queue(4).unwrap().depth(), 4);
    assert_eq!(host.connect_queue(1000).unwrap().depth(), 63, "the controller's queues have 64 entries");
    assert!(matches!(host.connect_queue(4), Err(ConnectError::TooManyQueues { queue_id: 3, granted: QUEUES })));
}

#[test]
fn a_refusal_names_the_parameter() {
    let result = ConnectResult::InvalidParameter(InvalidParameter::SUBSYSTEM_NQN);
    let error = refused(Script { connect_result: Some((0, result)), ..Script::default() });
    let text = error.to_string();
    assert_eq!(text, "the controller refuses the subsystem NQN (byte 256 of the data) of Connect for queue 0");

    let result = ConnectResult::Failed(Status::CONNECT_CONTROLLER_BUSY);
    let controller = Controller::start(Script { connect_result: Some((1, result)), ..Script::default() });
    let host = HostController::connect(controller.options()).unwrap();
    host.request_queues(1).unwrap();
    match host.connect_queue(4) {
        Err(ConnectError::Refused { queue_id: 1, status }) => assert_eq!(status, Status::CONNECT_CONTROLLER_BUSY),
        other => panic!("{other:?}"),
    }
}

#[test]
fn authentication_is_not_pretended() {
    let result = ConnectResult::Connected { controller_id: 1, authentication: AuthenticationRequirements::TRANSACTION };
    let error = refused(Script { connect_result: Some((0, result)), ..Script::default() });
    assert!(matches!(error, ConnectError::AuthenticationRequired), "{error:?}");
}

#[test]
fn controllers_that_do_not_get_ready_are_given_up() {
    let error = refused(Script { never_ready: true, ..Script::default() });
    assert!(matches!(error, ConnectError::NotReady(limit) if limit == Duration::from_millis(500)), "{error:?}");
    let error = refused(Script { fatal: true, ..Script::default() });
    assert!(matches!(error, ConnectError::Fatal), "{error:?}");
}

#[test]
fn a_peer_that_says_nothing_is_given_up() {
    let error = refused(Script { mute: true, ..Script::default() });
    assert!(matches!(error, ConnectError::TimedOut { .. }), "{error:?}");
}

#[test]
fn nobody_there_and_somebody_else_there() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let controller = Controller::start(Script::default());
    let options = ConnectOptions { address: listener.local_addr().unwrap(), ..controller.options() };
    let other = std::thread::spawn(move || {
        use std::io::Write;
        listener.accept().unwrap().0.write_all(b"220 ready\r\n").unwrap();
        drop(listener);
    });
    match HostController::connect(options.clone()) {
        Err(ConnectError::Handshake { source, .. }) => {
            assert!(matches!(source.failure(), ConnectionFailure::Fault(_)), "{source:?}");
        }
        other => panic!("{other:?}"),
    }
    other.join().unwrap();
    let error = HostController::connect(options).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
}

/// The last words of a peer and its end may come in one segment, of which the kernel tells once.
#[test]
fn a_peer_that_answers_and_closes_at_once_is_noticed() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let controller = Controller::start(Script::default());
    let options = ConnectOptions { address: listener.local_addr().unwrap(), ..controller.options() };
    let other = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 128]).unwrap();
        // ICResp: its type, header and whole length; 4096 bytes in a data PDU.
        let mut answer = [0; 128];
        (answer[0], answer[2], answer[4], answer[13]) = (0x01, 128, 128, 0x10);
        // Corked: the answer is held back until the end goes with it.
        rustix::net::sockopt::set_tcp_cork(&stream, true).unwrap();
        stream.write_all(&answer).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        // Until the host goes, too.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = HostController::connect(options).unwrap_err();
    assert!(format!("{error:?}").contains("Closed"), "{error:?}");
    other.join().unwrap();
}
