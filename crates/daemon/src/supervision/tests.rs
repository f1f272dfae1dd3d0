//! Scenarios, and a seeded simulation of services that do as they like.

use std::time::Duration;

use super::*;

const ONLY: ServiceIndex = ServiceIndex(0);
const SEGV: ProcessEnd = ProcessEnd::Killed { signal: libc::SIGSEGV, core_dumped: false };

/// A supervision, its clock, and what it asked for since the last look.
struct Bench {
    supervision: Supervision,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn new(services: usize, policy: RestartPolicy, times: ServiceTimes) -> Self {
        let start = reactor::clock::now();
        Self { supervision: Supervision::new(vec![(policy, times); services]), start, now: start }
    }

    /// One service, restarted as the originals do it: at once, then every 10 s.
    fn fixed_throttle() -> Self {
        let throttle = Duration::from_secs(10);
        let policy = RestartPolicy { throttle, throttle_limit: throttle, ..RestartPolicy::default() };
        Self::new(1, policy, ServiceTimes::default())
    }

    fn handle(&mut self, event: Event) -> Vec<Action> {
        self.supervision.handle(self.now, event);
        self.actions()
    }

    fn at(&mut self, milliseconds: u64) -> Vec<Action> {
        self.now = self.start + Duration::from_millis(milliseconds);
        self.supervision.handle_timeout(self.now);
        self.actions()
    }

    /// Everything asked for but reports; spawning always succeeds.
    fn actions(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some(action) = self.supervision.poll_action() {
            if let Action::Spawn(service) = action {
                self.supervision.handle(self.now, Event::Spawned(service));
            }
            if !matches!(action, Action::Report(_)) {
                actions.push(action);
            }
        }
        actions
    }

    fn ready(&mut self) -> Vec<Action> {
        self.handle(Event::Notified(ONLY, Notification::Ready))
    }

    fn running(mut self) -> Self {
        assert_eq!(self.handle(Event::Start), [Action::Spawn(ONLY)]);
        assert_eq!(self.ready(), [Action::AnnounceReady]);
        self
    }
}

fn asked_to_end(signal: Signal) -> [Action; 2] {
    [Action::Signal(ONLY, signal), Action::Signal(ONLY, Signal::CONT)]
}

#[test]
fn c04_the_first_restart_comes_at_once_and_the_next_ones_ten_seconds_apart() {
    let mut bench = Bench::fixed_throttle().running();
    assert_eq!(bench.handle(Event::Ended(ONLY, SEGV)), [Action::Spawn(ONLY)]);
    for restart in 1..4_u64 {
        bench.ready();
        assert_eq!(bench.handle(Event::Ended(ONLY, SEGV)), []);
        assert_eq!(bench.at(restart * 10_000 - 1), [], "too early");
        assert_eq!(bench.at(restart * 10_000), [Action::Spawn(ONLY)]);
    }
    assert_eq!(bench.supervision.crashes(ONLY), 4);
}

/// Nobody's clock but the caller's counts, and the caller's cannot be set back: it is an [`Instant`].
#[test]
fn defect_09_the_throttle_is_a_time_after_the_last_start() {
    let mut bench = Bench::fixed_throttle().running();
    bench.at(3_000);
    bench.handle(Event::Ended(ONLY, SEGV));
    bench.ready();
    bench.at(5_000);
    bench.handle(Event::Ended(ONLY, SEGV));
    let due = bench.start + Duration::from_secs(13);
    assert_eq!(bench.supervision.state(ONLY), ServiceState::Throttled(due));
    assert_eq!(bench.supervision.next_deadline(), Some(due));
}

#[test]
fn defect_10_a_stop_does_not_wait_for_the_throttle() {
    let mut bench = Bench::fixed_throttle().running();
    bench.handle(Event::Ended(ONLY, SEGV));
    bench.handle(Event::Ended(ONLY, SEGV));
    assert!(matches!(bench.supervision.state(ONLY), ServiceState::Throttled(_)));
    let stopped = bench.handle(Event::Stop(Signal::TERM));
    assert_eq!(stopped, [Action::Finish(Finish::Signal(Signal::TERM))]);
    assert_eq!(bench.at(60_000), [], "nothing is started after the end");
}

#[test]
fn defect_11_a_stop_is_forwarded_and_the_end_waited_for() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut bench = Bench::fixed_throttle().running();
        assert_eq!(bench.handle(Event::Stop(signal)), asked_to_end(signal));
        let end = ProcessEnd::Killed { signal: signal.as_raw(), core_dumped: false };
        assert_eq!(bench.handle(Event::Ended(ONLY, end)), [Action::Finish(Finish::Signal(signal))]);
    }
}

#[test]
fn a_service_that_does_not_end_is_killed_once() {
    let mut bench = Bench::fixed_throttle().running();
    bench.handle(Event::Stop(Signal::TERM));
    assert_eq!(bench.at(9_999), []);
    assert_eq!(bench.at(10_000), [Action::Signal(ONLY, Signal::KILL)]);
    assert_eq!(bench.at(99_000), []);
}

#[test]
fn a_hang_up_is_passed_on_and_ends_nothing() {
    let mut bench = Bench::fixed_throttle().running();
    assert_eq!(bench.handle(Event::HangUp), [Action::Signal(ONLY, Signal::HUP)]);
    assert_eq!(bench.supervision.state(ONLY), ServiceState::Ready);
}

#[test]
fn a_process_that_does_not_catch_signals_yet_hears_of_a_hang_up_when_it_is_ready() {
    let mut bench = Bench::fixed_throttle().running();
    assert_eq!(bench.handle(Event::Ended(ONLY, SEGV)), [Action::Spawn(ONLY)]);
    assert_eq!(bench.handle(Event::HangUp), []);
    assert_eq!(bench.ready(), [Action::Signal(ONLY, Signal::HUP)]);
    bench.handle(Event::Ended(ONLY, SEGV));
    bench.at(10_000);
    assert_eq!(bench.ready(), [], "the one after has started with what the hang-up was about");
}

#[test]
fn a_service_that_is_added_later_and_cannot_start_ends_no_other() {
    let mut bench = Bench::fixed_throttle().running();
    let added = bench.supervision.add(RestartPolicy::default(), ServiceTimes::default());
    assert_eq!(bench.handle(Event::StartService(added)), [Action::Spawn(added)]);
    assert_eq!(bench.handle(Event::Ended(added, ProcessEnd::Exited(3))), []);
    assert_eq!(bench.supervision.state(added), ServiceState::Ended);
    assert_eq!(bench.handle(Event::StartService(added)), [Action::Spawn(added)]);
    assert_eq!(bench.handle(Event::Ended(added, SEGV)), [Action::Spawn(added)], "a crash is one like any other");
    assert_eq!(bench.supervision.state(ONLY), ServiceState::Ready);
}

#[test]
fn what_the_operator_has_stopped_is_neither_started_nor_waited_for() {
    let mut bench = Bench::new(2, RestartPolicy::default(), ServiceTimes::default());
    bench.handle(Event::StopService(ServiceIndex(1)));
    assert_eq!(bench.handle(Event::Start), [Action::Spawn(ONLY)]);
    assert_eq!(bench.ready(), [Action::AnnounceReady]);
}

#[test]
fn c01_a_normal_end_or_a_wish_ends_the_supervisor_with_status_0() {
    let term = ProcessEnd::Killed { signal: libc::SIGTERM, core_dumped: false };
    for (end, status) in [(ProcessEnd::Exited(0), 0), (term, 0), (ProcessEnd::Exited(7), 7)] {
        let mut bench = Bench::fixed_throttle().running();
        assert_eq!(bench.handle(Event::Ended(ONLY, end)), [Action::Finish(Finish::Status(status))]);
    }
}

#[test]
fn a02_an_end_before_the_first_readiness_is_told_and_not_retried() {
    for end in [ProcessEnd::Exited(3), ProcessEnd::Exited(0), SEGV] {
        let mut bench = Bench::fixed_throttle();
        bench.handle(Event::Start);
        assert_eq!(bench.handle(Event::Ended(ONLY, end)), [Action::Finish(Finish::StartUpFailed(ONLY, end))]);
    }
}

#[test]
fn c08_a_restart_that_dies_before_readiness_is_tried_again_and_one_that_exits_is_not() {
    let mut bench = Bench::fixed_throttle().running();
    bench.handle(Event::Ended(ONLY, SEGV));
    assert_eq!(bench.handle(Event::Ended(ONLY, SEGV)), []);
    assert_eq!(bench.at(10_000), [Action::Spawn(ONLY)]);
    assert_eq!(bench.handle(Event::Ended(ONLY, ProcessEnd::Exited(4))), [Action::Finish(Finish::Status(4))]);
}

#[test]
fn defect_12_each_crash_is_told_with_its_own_cause() {
    let mut bench = Bench::fixed_throttle().running();
    bench.handle(Event::Ended(ONLY, SEGV));
    let abort = ProcessEnd::Killed { signal: libc::SIGABRT, core_dumped: false };
    bench.supervision.handle(bench.now, Event::Ended(ONLY, abort));
    let expected = Report { service: ONLY, happening: Happening::CrashedBeforeReady(abort) };
    assert_eq!(bench.supervision.poll_action(), Some(Action::Report(expected)));
}

#[test]
fn c09_a_process_that_cannot_be_started_is_fatal_at_first_and_retried_later() {
    let mut bench = Bench::fixed_throttle();
    bench.supervision.handle(bench.now, Event::Start);
    assert_eq!(bench.supervision.poll_action(), Some(Action::Spawn(ONLY)));
    let failed = Finish::StartUpFailed(ONLY, ProcessEnd::Exited(1));
    assert_eq!(bench.handle(Event::SpawnFailed(ONLY)), [Action::Finish(failed)]);

    let mut bench = Bench::fixed_throttle().running();
    bench.handle(Event::Ended(ONLY, SEGV));
    bench.supervision.handle(bench.now, Event::Ended(ONLY, SEGV));
    bench.now = bench.start + Duration::from_secs(10);
    bench.actions();
    bench.supervision.handle_timeout(bench.now);
    while bench.supervision.poll_action() != Some(Action::Spawn(ONLY)) {}
    assert_eq!(bench.handle(Event::SpawnFailed(ONLY)), []);
    assert_eq!(bench.at(20_000), [Action::Spawn(ONLY)]);
}

#[test]
fn c10_after_the_first_core_dump_there_is_no_other() {
    let core = ProcessEnd::Killed { signal: libc::SIGSEGV, core_dumped: true };
    let mut bench = Bench::fixed_throttle().running();
    assert_eq!(bench.handle(Event::Ended(ONLY, core)), [Action::LimitCoreDumps, Action::Spawn(ONLY)]);
    assert_eq!(bench.handle(Event::Ended(ONLY, core)), []);
}

#[test]
fn c11_a_service_that_hangs_is_aborted_then_killed_then_restarted() {
    let times = ServiceTimes { watchdog: Some(Duration::from_secs(3)), ..ServiceTimes::default() };
    let mut bench = Bench::new(1, RestartPolicy::default(), times).running();
    assert_eq!(bench.at(2_000), []);
    bench.handle(Event::Notified(ONLY, Notification::Watchdog));
    assert_eq!(bench.at(4_999), []);
    assert_eq!(bench.at(5_000), asked_to_end(Signal::ABORT));
    assert_eq!(bench.at(15_000), [Action::Signal(ONLY, Signal::KILL)]);
    let killed = ProcessEnd::Killed { signal: libc::SIGKILL, core_dumped: false };
    assert_eq!(bench.handle(Event::Ended(ONLY, killed)), [Action::Spawn(ONLY)]);
}

#[test]
fn a05_a_service_that_is_not_ready_in_time_is_ended() {
    let times = ServiceTimes { start_up: Some(Duration::from_secs(5)), ..ServiceTimes::default() };
    let mut bench = Bench::new(1, RestartPolicy::default(), times);
    bench.handle(Event::Start);
    assert_eq!(bench.at(5_000), asked_to_end(Signal::TERM));
    let end = ProcessEnd::Killed { signal: libc::SIGTERM, core_dumped: false };
    let failed = Finish::StartUpFailed(ONLY, ProcessEnd::Exited(1));
    assert_eq!(bench.handle(Event::Ended(ONLY, end)), [Action::Finish(failed)]);
}

#[test]
fn a_service_is_given_up_after_its_limit_and_health_resets_the_count() {
    let policy = RestartPolicy { give_up_after: Some(2), ..RestartPolicy::default() };
    let mut bench = Bench::new(1, policy, ServiceTimes::default()).running();
    assert_eq!(bench.handle(Event::Ended(ONLY, SEGV)), [Action::Spawn(ONLY)]);
    bench.ready();
    bench.at(60_000);
    assert_eq!(bench.handle(Event::Ended(ONLY, SEGV)), [Action::Spawn(ONLY)], "a minute of health is forgiven all");
    bench.ready();
    assert_eq!(bench.handle(Event::Ended(ONLY, SEGV)), [Action::Finish(Finish::Status(1))]);
    assert_eq!(bench.supervision.state(ONLY), ServiceState::GaveUp);
}

#[test]
fn the_operator_stops_starts_and_restarts_one_service() {
    let mut bench = Bench::fixed_throttle().running();
    assert_eq!(bench.handle(Event::RestartService(ONLY)), asked_to_end(Signal::TERM));
    let term = ProcessEnd::Killed { signal: libc::SIGTERM, core_dumped: false };
    assert_eq!(bench.handle(Event::Ended(ONLY, term)), [Action::Spawn(ONLY)]);
    bench.handle(Event::StopService(ONLY));
    assert_eq!(bench.handle(Event::Ended(ONLY, term)), [], "the supervisor stays for the operator");
    assert_eq!(bench.supervision.state(ONLY), ServiceState::Stopped);
    assert_eq!(bench.handle(Event::StartService(ONLY)), [Action::Spawn(ONLY)]);
}

#[test]
fn while_the_operator_has_one_service_stopped_the_end_of_the_others_ends_nothing() {
    let mut bench = Bench::new(2, RestartPolicy::default(), ServiceTimes::default());
    bench.handle(Event::Start);
    bench.ready();
    bench.handle(Event::Notified(ServiceIndex(1), Notification::Ready));
    bench.handle(Event::StopService(ONLY));
    bench.handle(Event::Ended(ONLY, ProcessEnd::Exited(0)));
    assert_eq!(bench.handle(Event::Ended(ServiceIndex(1), ProcessEnd::Exited(5))), []);
    assert_eq!(bench.handle(Event::Stop(Signal::TERM)), [Action::Finish(Finish::Signal(Signal::TERM))]);
}

/// xorshift64*: the same numbers for the same seed on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit
    }
}

/// A world in which processes start, say things and die at random; it checks what must always hold.
struct World {
    supervision: Supervision,
    random: Random,
    now: Instant,
    alive: Vec<bool>,
    stopping: bool,
    finished: bool,
}

const SIMULATED_SERVICES: usize = 3;

impl World {
    fn new(seed: u64) -> Self {
        let policy = RestartPolicy { statuses: vec![9], give_up_after: Some(5), ..RestartPolicy::default() };
        let second = Duration::from_secs(1);
        let times = ServiceTimes { start_up: Some(second * 4), stop: second * 3, watchdog: Some(second * 2) };
        Self {
            supervision: Supervision::new(vec![(policy, times); SIMULATED_SERVICES]),
            random: Random(seed.wrapping_mul(2).wrapping_add(1)),
            now: reactor::clock::now(),
            alive: vec![false; SIMULATED_SERVICES],
            stopping: false,
            finished: false,
        }
    }

    fn give(&mut self, event: Event) {
        self.supervision.handle(self.now, event);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.supervision.poll_action() {
            assert!(!self.finished, "{action:?} after the end");
            match action {
                Action::Spawn(service) => {
                    assert!(!self.alive[service.0], "a second process of {service:?}");
                    assert!(!self.stopping, "{service:?} started while stopping");
                    self.alive[service.0] = self.random.below(8) > 0;
                    let alive = self.alive[service.0];
                    let answer = if alive { Event::Spawned(service) } else { Event::SpawnFailed(service) };
                    self.supervision.handle(self.now, answer);
                    self.stopping |= matches!(self.supervision.finish, Some(Finish::StartUpFailed(..)));
                }
                Action::Signal(service, Signal::KILL) => self.end(service, 9),
                Action::Signal(service, _) => assert!(self.alive[service.0], "a signal to nobody"),
                Action::Finish(_) => {
                    assert!(!self.alive.contains(&true), "ended before the services");
                    self.finished = true;
                }
                Action::AnnounceReady | Action::LimitCoreDumps | Action::Report(_) => {}
            }
        }
    }

    fn end(&mut self, service: ServiceIndex, signal: i32) {
        self.alive[service.0] = false;
        let core_dumped = self.random.below(2) == 0;
        let end = match self.random.below(3) {
            0 => ProcessEnd::Exited(u8::try_from(self.random.below(10)).unwrap()),
            _ => ProcessEnd::Killed { signal, core_dumped },
        };
        self.supervision.handle(self.now, Event::Ended(service, end));
        self.stopping |= matches!(self.supervision.finish, Some(Finish::StartUpFailed(..)));
    }

    fn step(&mut self) {
        let service = ServiceIndex(usize::try_from(self.random.below(SIMULATED_SERVICES as u64)).unwrap());
        let alive = self.alive[service.0];
        match self.random.below(12) {
            0..=4 if alive => self.give(Event::Notified(service, Notification::Ready)),
            5 if alive => self.give(Event::Notified(service, Notification::Watchdog)),
            6 if alive => {
                let signal =
                    [libc::SIGSEGV, libc::SIGTERM, libc::SIGKILL][usize::try_from(self.random.below(3)).unwrap()];
                self.end(service, signal);
                self.carry_out();
            }
            7 => self.give(Event::HangUp),
            8 => self.give(Event::RestartService(service)),
            9 if self.random.below(4) == 0 => self.give(Event::StopService(service)),
            10 => self.give(Event::StartService(service)),
            _ => {
                self.now += Duration::from_millis(self.random.below(1500));
                self.supervision.handle_timeout(self.now);
                self.carry_out();
            }
        }
    }

    /// From any state, a stop leads to the end, with no more help than time.
    fn stop(&mut self) {
        self.stopping = true;
        self.give(Event::Stop(Signal::TERM));
        let latest = self.now + Duration::from_secs(3);
        while !self.finished {
            self.now = self.supervision.next_deadline().expect("not finished, so something is due");
            assert!(self.now <= latest, "a stop takes no longer than the time it was given");
            self.supervision.handle_timeout(self.now);
            self.carry_out();
        }
    }
}

/// Says which seed a failing run had; `SEED=n` in the environment runs that one alone.
struct SeedOnFailure(u64);

impl Drop for SeedOnFailure {
    #[expect(clippy::print_stderr, reason = "a seed is of use only where people read the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEED={}", self.0);
        }
    }
}

#[test]
fn whatever_services_do_there_is_one_process_each_and_a_stop_ends_it_all() {
    let seeds =
        std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).map_or(0..3000, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let _seed = SeedOnFailure(seed);
        let mut world = World::new(seed);
        world.give(Event::Start);
        for _ in 0..seed % 200 {
            if world.finished {
                break;
            }
            world.step();
        }
        if !world.finished {
            world.stop();
        }
    }
}
