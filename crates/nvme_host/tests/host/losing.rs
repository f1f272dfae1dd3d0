//! What happens to commands when connections end, data are damaged, or nothing comes back.

use nvme::base::status::Status;
use nvme_host::{
    CommandError, Completion, ConnectOptions, ConnectionFailure, Controller as HostController, DataBuffer, Namespace,
    PollGroup, QueueKey, ReconnectPolicy, Request, Session, SessionError, Transfer, Wait,
};
use reactor::IdlePolicy;
use reactor::clock::Duration;

use crate::controller::{BLOCK_BYTES, Controller, Script, Seen, pattern};

const DEPTH: u16 = 8;

/// A host with one queue in a group.
struct Host {
    _controller: HostController,
    namespace: Namespace,
    group: PollGroup,
    key: QueueKey,
}

impl Host {
    fn new(options: ConnectOptions) -> Self {
        let controller = HostController::connect(options).unwrap();
        let namespace = Namespace::identify(&controller, 1).unwrap();
        controller.request_queues(1).unwrap();
        let mut group = PollGroup::new(IdlePolicy::DEFAULT).unwrap();
        let key = group.add(controller.connect_queue(DEPTH).unwrap()).unwrap();
        Self { _controller: controller, namespace, group, key }
    }

    fn read(&mut self, token: u64, blocks: u32) -> Result<(), nvme_host::QueueFull> {
        let buffer = DataBuffer::zeroed(blocks * 512);
        let command = self.namespace.read_command(token * u64::from(blocks), blocks);
        self.group.submit(self.key, Request { token, command, transfer: Transfer::Read(buffer) })
    }

    fn wait(&mut self, count: usize) -> Vec<Completion> {
        let mut completions = Vec::new();
        while completions.len() < count {
            self.group.poll(Wait::Forever, &mut completions).unwrap();
        }
        assert_eq!(completions.len(), count);
        completions.sort_by_key(|completion| completion.token);
        completions
    }
}

#[test]
fn reads_come_back_with_their_tokens_and_data() {
    for digest in [false, true] {
        let controller = Controller::start(Script::default());
        let bytes = pattern(1, 64 * 32 * BLOCK_BYTES);
        controller.disk()[..bytes.len()].copy_from_slice(&bytes);
        let mut host = Host::new(ConnectOptions { data_digest: digest, ..controller.options() });
        for first in (0..64).step_by(usize::from(DEPTH)) {
            for token in first..first + u64::from(DEPTH) {
                host.read(token, 32).unwrap();
            }
            assert_eq!(host.read(99, 32).unwrap_err().0.token, 99, "the request comes back from a full queue");
            for (completion, token) in host.wait(usize::from(DEPTH)).iter().zip(first..) {
                assert_eq!((completion.token, completion.outcome.as_ref().unwrap()), (token, &0));
                let at = usize::try_from(token).unwrap() * 32 * BLOCK_BYTES;
                assert_eq!(*completion.buffer, bytes[at..at + 32 * BLOCK_BYTES]);
            }
        }
    }
}

#[test]
fn every_command_of_a_lost_connection_is_told_why() {
    let controller = Controller::start(Script { close_after: vec![0], ..Script::default() });
    let mut host = Host::new(controller.options());
    for token in 0..u64::from(DEPTH) {
        host.read(token, 1).unwrap();
    }
    for (completion, token) in host.wait(usize::from(DEPTH)).into_iter().zip(0..) {
        assert_eq!((completion.token, completion.buffer.capacity()), (token, 512), "its buffer comes back");
        match completion.outcome {
            Err(CommandError::ConnectionLost(lost)) => {
                assert!(matches!(lost.failure(), ConnectionFailure::Closed | ConnectionFailure::Socket(_)), "{lost:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    // What comes after is told at once.
    host.read(20, 1).unwrap();
    assert!(matches!(host.wait(1)[0].outcome, Err(CommandError::ConnectionLost(_))));
    assert_eq!(host.group.queue(host.key).outstanding_count(), 0);
}

#[test]
fn a_command_that_takes_too_long_costs_its_queue() {
    let controller = Controller::start(Script { silent: true, ..Script::default() });
    let limit = Duration::from_millis(100);
    let mut host = Host::new(ConnectOptions { command_timeout: limit, ..controller.options() });
    host.read(1, 1).unwrap();
    let completions = host.wait(1);
    assert!(matches!(completions[0].outcome, Err(CommandError::TimedOut(after)) if after == limit));
    let lost = host.group.queue(host.key).lost().unwrap();
    assert!(matches!(lost.failure(), ConnectionFailure::CommandTimedOut(_)), "{lost:?}");
}

#[test]
fn a_controller_that_breaks_the_protocol_is_told() {
    let controller = Controller::start(Script { gibberish: true, ..Script::default() });
    let mut host = Host::new(controller.options());
    host.read(1, 1).unwrap();
    match &host.wait(1)[0].outcome {
        Err(CommandError::ConnectionLost(lost)) => {
            assert!(matches!(lost.failure(), ConnectionFailure::Fault(_)), "{lost:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(controller.next_seen(), Seen::HostTerminated);
}

#[test]
fn success_without_the_data_is_no_success() {
    let controller = Controller::start(Script { half_reads: true, ..Script::default() });
    let mut host = Host::new(controller.options());
    host.read(1, 2).unwrap();
    let outcome = &host.wait(1)[0].outcome;
    assert!(matches!(outcome, Err(CommandError::DataMissing { expected: 1024, received: 0 })), "{outcome:?}");
}

#[test]
fn damaged_data_are_told_and_the_queue_goes_on() {
    let controller = Controller::start(Script { wrong_digests: true, ..Script::default() });
    let mut host = Host::new(ConnectOptions { data_digest: true, ..controller.options() });
    for token in 0..2 {
        host.read(token, 1).unwrap();
        let outcome = &host.wait(1)[0].outcome;
        assert!(matches!(outcome, Err(CommandError::DataDigest)), "{outcome:?}");
    }
}

#[test]
fn an_error_of_the_controller_is_passed_on() {
    let controller = Controller::start(Script { bad_from_block: Some(0), ..Script::default() });
    let mut host = Host::new(controller.options());
    host.read(1, 1).unwrap();
    match host.wait(1)[0].outcome {
        Err(CommandError::Status { status, .. }) => assert_eq!(status, Status::UNRECOVERED_READ_ERROR),
        ref other => panic!("{other:?}"),
    }
}

const IMPATIENT: ReconnectPolicy = ReconnectPolicy {
    first_delay: Duration::from_millis(1),
    longest_delay: Duration::from_millis(4),
    patience: Some(Duration::from_millis(50)),
};

#[test]
fn a_session_outlives_its_connections() {
    let controller = Controller::start(Script { close_after: vec![3, 20, 21, 50], ..Script::default() });
    let bytes = pattern(2, 64 * BLOCK_BYTES);
    controller.disk()[..bytes.len()].copy_from_slice(&bytes);
    let mut session = Session::connect(controller.options(), IMPATIENT, DEPTH).unwrap();
    let namespace = session.namespace(1).unwrap();
    let mut seen = [false; 64];
    let mut next = 0;
    while next < 64 || session.in_flight() > 0 {
        while next < 64 && session.in_flight() < session.depth() {
            let command = namespace.read_command(next, 1);
            session.submit(Request { token: next, command, transfer: Transfer::Read(DataBuffer::zeroed(512)) });
            next += 1;
        }
        let completion = session.wait().unwrap();
        let block = usize::try_from(completion.token).unwrap();
        assert!(completion.outcome.is_ok() && !std::mem::replace(&mut seen[block], true), "block {block}");
        assert_eq!(*completion.buffer, bytes[block * BLOCK_BYTES..][..BLOCK_BYTES]);
    }
    assert_eq!(seen, [true; 64]);
    assert!(controller.io_commands() > 64, "some were carried out again");
}

#[test]
fn a_session_gives_up_when_nobody_comes_back() {
    let controller = Controller::start(Script { close_after: vec![0], ..Script::default() });
    let mut session = Session::connect(controller.options(), IMPATIENT, 1).unwrap();
    let namespace = session.namespace(1).unwrap();
    drop(controller);
    let error = session.flush(&namespace).unwrap_err();
    assert!(matches!(error, SessionError::Connect(_)), "{error:?}");
}

#[test]
fn a_session_does_not_try_for_ever_what_always_fails() {
    let controller = Controller::start(Script { wrong_digests: true, ..Script::default() });
    let options = ConnectOptions { data_digest: true, ..controller.options() };
    let mut session = Session::connect(options, IMPATIENT, 1).unwrap();
    let namespace = session.namespace(1).unwrap();
    let command = namespace.read_command(0, 1);
    session.submit(Request { token: 7, command, transfer: Transfer::Read(DataBuffer::zeroed(512)) });
    let completion = session.wait().unwrap();
    assert!(matches!(completion.outcome, Err(CommandError::DataDigest)), "{completion:?}");
    assert_eq!((completion.token, controller.io_commands()), (7, 11), "once and ten times more");
}
