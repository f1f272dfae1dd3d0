//! A target that is being served, seen by a host and by whoever looks after it.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use block::{Backend, BlockDevice, ByteRange, DeviceQueue, Geometry, Identity, Submission};
use control::client::Client;
use control::log::Logging;
use control::server::{ControlSocket, Server, Statistics};
use control::{CommandTable, State};
use nvme::fabrics::Nqn;
use nvme_host::{ConnectOptions, DataBuffer, HostIdentity, ReconnectPolicy, Request, Session, Transfer};
use nvme_target::{
    BoundListener, Limits, ListenerKind, NamespaceSettings, Placement, Service, ServiceOptions, SocketOptions,
    TargetSettings,
};
use reactor::IdlePolicy;
use serde_json::{Value, json};

const NQN: &str = "nqn.2026-11.com.example:subsystem";
const HOST_NQN: &str = "nqn.2026-11.com.example:host";
const BLOCK_BYTES: u32 = 512;

/// A device that has a word with the test before it does anything.
#[derive(Debug)]
struct Stubborn {
    asked: Sender<()>,
    told: Mutex<Receiver<()>>,
}

impl BlockDevice for Stubborn {
    fn description(&self) -> String {
        "stubborn".into()
    }

    fn geometry(&self) -> Geometry {
        Geometry { block_size_bytes: BLOCK_BYTES, block_count: 8 }
    }

    fn identity(&self) -> Identity {
        Identity::new("stubborn", &[])
    }

    fn read_only(&self) -> bool {
        false
    }

    fn volatile_write_cache(&self) -> bool {
        false
    }

    fn start(&self, _queue: &mut DeviceQueue, request: block::Request<ByteRange>) -> Submission {
        self.asked.send(()).unwrap();
        self.told.lock().unwrap().recv().unwrap();
        request.complete(Ok(()))
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn settings(device: Arc<dyn BlockDevice>) -> TargetSettings {
    TargetSettings {
        subsystem_nqn: Nqn::parse(NQN).unwrap(),
        serial_number: Some("SERIAL".into()),
        namespaces: vec![NamespaceSettings { namespace_id: 1, device, uuid: Some([0x11; 16]) }],
        limits: Limits::default(),
        listeners: Vec::new(),
    }
}

fn memory() -> Arc<dyn BlockDevice> {
    block::open("memory:64K,block_size=512", 0).unwrap()
}

/// Two groups, one I/O listener, no discovery listener.
fn options() -> ServiceOptions {
    ServiceOptions {
        listen: vec![loopback()],
        discovery: Vec::new(),
        placement: Placement::Floating(2),
        idle: IdlePolicy::DEFAULT,
        socket: SocketOptions::default(),
        backend: Backend::Auto,
    }
}

fn connect(address: SocketAddr) -> Session {
    let host = HostIdentity { nqn: Nqn::parse(HOST_NQN).unwrap(), id: [0x22; 16] };
    let options = ConnectOptions::new(address, Nqn::parse(NQN).unwrap(), host);
    Session::connect(options, ReconnectPolicy::NEVER, 31).unwrap()
}

/// Writes one block.
fn write(session: &mut Session) {
    let namespace = session.namespace(1).unwrap();
    let mut data = DataBuffer::zeroed(BLOCK_BYTES);
    data.set_length(BLOCK_BYTES);
    session.submit(Request {
        token: 7,
        command: namespace.write_command(0, 1, false),
        transfer: Transfer::Write(data),
    });
    session.wait().unwrap().outcome.unwrap();
}

fn show(service: &Service, path: &str) -> Value {
    serde_json::to_value(State::of(service.state(), path).unwrap()).unwrap()
}

/// Looks at the state until it is as it should be: gauges are stored at the end of a pass, after the answer is out.
fn await_state(service: &Service, path: &str, expected: &Value) {
    while show(service, path) != *expected {
        std::thread::yield_now();
    }
}

#[test]
fn the_state_shows_what_is_served_to_whom() {
    let service = Service::start(settings(memory()), &options()).unwrap();
    let address = service.listeners()[0].address;
    assert_eq!(show(&service, "target/nqn"), json!(NQN));
    assert_eq!(show(&service, "target/serial_number"), json!("SERIAL"));
    assert_eq!(show(&service, "target/listeners"), json!({"0": {"address": address.to_string(), "kind": "io"}}));
    let namespace = json!({
        "device": memory().description(), "size_bytes": 65536, "block_size_bytes": 512, "block_count": 128,
        "read_only": false, "volatile_write_cache": false, "uuid": "11111111-1111-1111-1111-111111111111",
    });
    assert_eq!(show(&service, "target/namespaces"), json!({"1": namespace}));
    assert_eq!(show(&service, "target/controllers"), json!({}));

    let mut session = connect(address);
    write(&mut session);
    let path = format!("target/controllers/{}", session.controller().id());
    for (name, value) in [
        ("kind", json!("io")),
        ("host_nqn", json!(HOST_NQN)),
        ("host_id", json!("22222222-2222-2222-2222-222222222222")),
        ("ready", json!(true)),
        ("keep_alive_timeout_ms", json!(15_000)),
        ("errors", json!(0)),
        ("queues/0/entries", json!(32)),
        ("queues/1/entries", json!(32)),
    ] {
        assert_eq!(show(&service, &format!("{path}/{name}")), value, "{name}");
    }
    for place in [format!("{path}/queues/1"), path.clone(), "counters".to_owned()] {
        await_state(&service, &format!("{place}/write_commands"), &json!(1));
        await_state(&service, &format!("{place}/written_bytes"), &json!(512));
        assert_eq!(show(&service, &format!("{place}/read_commands")), json!(0));
    }
    await_state(&service, &format!("{path}/queues/1/commands_in_flight"), &json!(0));
    for (name, value) in [("connections", 2), ("controllers", 1), ("queues", 2), ("namespaces", 1)] {
        await_state(&service, &format!("memory/{name}"), &json!(value));
    }
    await_state(&service, "counters/connections_accepted", &json!(2));
    for group in ["0", "1"] {
        await_state(&service, &format!("target/poll_groups/{group}/connections"), &json!(1));
        let passes = show(&service, &format!("target/poll_groups/{group}/passes"));
        assert!(passes.as_u64() > Some(0), "{passes}");
    }

    drop(session);
    await_state(&service, "target/controllers", &json!({}));
    await_state(&service, "memory/connections", &json!(0));
}

#[test]
fn the_commands_of_every_service_find_the_numbers_of_this_one() {
    let service = Service::start(settings(memory()), &options()).unwrap();
    let mut session = connect(service.listeners()[0].address);
    write(&mut session);
    for (path, value) in [("counters/write_commands", 1), ("memory/connections", 2), ("memory/commands_in_flight", 0)] {
        await_state(&service, path, &json!(value));
    }

    let path = std::env::temp_dir().join(format!("tidegate-nvme_target-{}.ctl", std::process::id()));
    let table = CommandTable::new(control::Service {
        name: "target".into(),
        version: "1".into(),
        logging: Logging::with_console("target", Box::new(std::io::sink())),
        state: Arc::new(service.state().clone()),
        exit: Box::new(|| {}),
    });
    let server = Server::start(ControlSocket::bind(&path).unwrap(), table, Statistics::default()).unwrap();
    let mut client = Client::connect(&path, None).unwrap();
    let mut ask = |command: &str, argument: Option<&str>| {
        let arguments: Vec<String> = argument.map(str::to_owned).into_iter().collect();
        client.call(command, &arguments).unwrap().unwrap().as_str().unwrap().to_owned()
    };
    let memory = ask("memory/show", None);
    let words: Vec<_> = memory.split_whitespace().collect();
    for word in ["connections:2", "controllers:1", "queues:2", "namespaces:1", "commands_in_flight:0"] {
        assert!(words.contains(&word), "{word} in {memory}");
    }
    assert_eq!(ask("coverage/read-counter", Some("write_commands")), "1\n");
    let coverage = ask("coverage/show", None);
    assert!(coverage.lines().any(|line| line.split_whitespace().eq(["written_bytes", "total:", "512"])), "{coverage}");
    assert_eq!(ask("show", Some("target/namespaces/1/size_bytes")), "65536\n");
    server.stop();
}

#[test]
fn a_heartbeat_tells_which_group_hangs() {
    let ((asked, entered), (tell, told)) = (channel(), channel());
    let device = Arc::new(Stubborn { asked, told: Mutex::new(told) });
    let service = Service::start(settings(device), &options()).unwrap();
    let mut heartbeat = service.heartbeat();
    assert_eq!(heartbeat.silent().count(), 0, "nobody was asked yet");
    let mut session = connect(service.listeners()[0].address);
    heartbeat.ask();
    while heartbeat.silent().next().is_some() {
        std::thread::yield_now();
    }

    // The Admin queue is at the first group, and so the I/O queue at the second.
    let watchdog = std::thread::spawn(move || {
        entered.recv().unwrap();
        heartbeat.ask();
        while heartbeat.silent().collect::<Vec<_>>() != [1] {
            std::thread::yield_now();
        }
        tell.send(()).unwrap();
        while heartbeat.silent().next().is_some() {
            std::thread::yield_now();
        }
    });
    write(&mut session);
    watchdog.join().unwrap();
}

/// The socket as another process that was given it has it.
fn share(listener: &BoundListener) -> BoundListener {
    BoundListener { kind: listener.kind, socket: listener.socket.try_clone().unwrap() }
}

#[test]
fn an_inherited_socket_outlives_its_service_and_refuses_nobody() {
    let kept = nvme_target::bind(loopback(), ListenerKind::Io).unwrap();
    let address = kept.socket.local_addr().unwrap();
    // An address that cannot be listened on is not looked at when there is a socket of its kind.
    let options = ServiceOptions { listen: vec![address], discovery: vec![loopback()], ..options() };
    let service = Service::start_with(settings(memory()), &options, vec![share(&kept)]).unwrap();
    let kinds: Vec<_> = service.listeners().iter().map(|listener| listener.kind).collect();
    assert_eq!(kinds, [ListenerKind::Io, ListenerKind::Discovery]);
    assert_eq!(service.listeners()[0].address, address);
    drop(connect(address));
    service.stop();

    // Nobody accepts it now, but the kernel takes it in.
    let waiting = std::thread::spawn(move || connect(address).controller().id());
    let service = Service::start_with(settings(memory()), &options, vec![share(&kept)]).unwrap();
    assert_eq!(waiting.join().unwrap(), 1);
    service.stop();
}
