//! The log as a whole: from the macros to what stands in the destinations.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;

use super::*;
use crate::State;
use crate::testing::{Console, Directory, PATIENCE, with_log as with};

/// A log with its console, in which each line is `module LEVEL message`.
fn logging() -> (Logging, Console) {
    let console = Console::default();
    let logging = Logging::with_console("target", Box::new(console.clone()));
    logging.apply("PATTERN:any:%c %p %m").unwrap();
    (logging, console)
}

#[test]
fn f01_levels_filter_by_module_and_can_be_changed_at_any_time() {
    let (logging, console) = logging();
    with(&logging, || {
        let speak = || {
            tracing::error!(target: "a::x", "error");
            tracing::info!(target: "a::y", "info");
            tracing::debug!(target: "b::z", "debug");
            tracing::trace!(target: "b::z", "trace");
            console.take()
        };
        assert_eq!(speak(), "a.x ERR error\na.y INFO info\n");
        logging.apply("a:console:off").unwrap();
        assert_eq!(speak(), "");
        logging.apply_all(&["B.Z:dbg", "a.y:emer"]).unwrap();
        assert_eq!(speak(), "b.z DBG debug\n");
        logging.apply("trace").unwrap();
        assert_eq!(speak(), "a.x ERR error\na.y INFO info\nb.z DBG debug\nb.z TRACE trace\n");
    });
}

#[test]
fn f02_of_several_specifications_all_or_none_are_applied() {
    let (logging, _) = logging();
    let before = logging.level_table();
    assert!(logging.apply_all(&["dbg", "colour"]).is_err());
    assert_eq!(logging.level_table(), before);
}

#[test]
fn f01_a_fatal_error_is_an_emergency() {
    let (logging, console) = logging();
    with(&logging, || {
        logging.apply("emer").unwrap();
        tracing::error!(target: "a", "error");
        tracing::error!(target: "a", fatal = true, "cannot go on");
    });
    assert_eq!(console.take(), "a EMER cannot go on\n");
}

#[test]
fn fields_of_events_spans_and_errors_follow_the_message() {
    #[derive(Debug, Error)]
    #[error("{0}")]
    struct Nested(&'static str, #[source] Option<Box<Self>>);

    let (logging, console) = logging();
    with(&logging, || {
        let span = tracing::info_span!(target: "a", "connection", id = 3, user = tracing::field::Empty);
        span.record("user", "root");
        let _inside = span.enter();
        let inner = Nested("middle", Some(Box::new(Nested("inner", None))));
        let error = Nested("outer", Some(Box::new(inner)));
        tracing::info!(target: "a", error = &error as &dyn std::error::Error, peer = ?"q", "closed");
    });
    let line = "a INFO closed error=\"outer: middle: inner\" peer=\"\\\"q\\\"\" id=3 user=root\n";
    assert_eq!(console.take(), line);
}

#[test]
fn f08_a_limited_message_tells_what_was_dropped_unless_limits_are_off() {
    let (logging, console) = logging();
    let speak = || tracing::warn!(target: "a", per_minute = 2, "refused");
    with(&logging, || {
        (0..5).for_each(|_| speak());
        assert_eq!(console.take(), "a WARN refused\n".repeat(2));
        logging.set_rate_limited(&["a"], false).unwrap();
        assert!(logging.level_table().contains("(rate limiting disabled)"));
        (0..5).for_each(|_| speak());
        assert_eq!(console.take(), "a WARN refused\n".repeat(5));
        logging.set_rate_limited(&["any"], true).unwrap();
        assert!(!logging.level_table().contains("(rate limiting disabled)"));
        speak();
        assert_eq!(console.take(), "");
        logging.report_dropped(clock::now() + clock::Duration::from_mins(2));
    });
    let told = console.take();
    assert!(told.starts_with("a WARN Dropped 4 log messages in last 1"), "{told}");
    assert_eq!(logging.set_rate_limited(&["any", "nomodule"], false), Err(UnknownModule));
}

#[test]
fn f06_the_file_is_appended_to_and_has_its_mode() {
    let (logging, _) = logging();
    let directory = Directory::new();
    let path = directory.join("target.log");
    fs::write(&path, "before\n").unwrap();
    logging.open_file(&path).unwrap();
    let opened = format!("vlog INFO opened log file {}\n", path.display());
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("before\n{opened}"));
    let new = directory.join("new.log");
    logging.open_file(&new).unwrap();
    let umask = 0o022;
    assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777 & !umask, 0o660 & !umask);
    let missing = logging.open_file(&directory.join("missing/a.log"));
    assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn defect_18_a_relative_name_is_resolved_when_it_is_given() {
    let (logging, _) = logging();
    let directory = Directory::new();
    let depth = std::env::current_dir().unwrap().components().count() - 1;
    let absolute = directory.join("target.log");
    let relative = Path::new(&"../".repeat(depth)).join(absolute.strip_prefix("/").unwrap());
    logging.open_file(&relative).unwrap();
    assert!(absolute.exists());
    let told = State::of(&logging, "file").unwrap().to_string();
    assert!(told.starts_with('/'), "{told}");
}

#[test]
fn f07_reopen_after_rotation() {
    let (logging, _) = logging();
    let directory = Directory::new();
    let (path, old) = (directory.join("a.log"), directory.join("a.log.1"));
    assert!(matches!(logging.reopen(), Err(ReopenError::NotConfigured)));
    logging.open_file(&path).unwrap();
    let opened = format!("vlog INFO opened log file {}\n", path.display());
    with(&logging, || {
        tracing::info!(target: "a", "message");
        logging.reopen().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{opened}a INFO message\n"), "nothing to do");
        fs::rename(&path, &old).unwrap();
        tracing::info!(target: "a", "message2");
        logging.reopen().unwrap();
        tracing::info!(target: "a", "message3");
    });
    let rotated = format!("{opened}a INFO message\na INFO message2\nvlog INFO closing log file\n");
    assert_eq!(fs::read_to_string(&old).unwrap(), rotated);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{opened}a INFO message3\n"));
}

#[test]
fn f07_a_failed_reopen_keeps_the_old_file() {
    let (logging, _) = logging();
    let directory = Directory::new();
    let (path, old) = (directory.join("a.log"), directory.join("old"));
    logging.open_file(&path).unwrap();
    fs::rename(&path, &old).unwrap();
    fs::create_dir(&path).unwrap();
    let error = logging.reopen().unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot open log file {}: Is a directory", path.display())), "{error}");
    logging.say(Level::Information, "still here");
    assert!(fs::read_to_string(&old).unwrap().ends_with("vlog INFO still here\n"));
}

#[test]
fn f07_close_twice_is_harmless_and_reopen_brings_it_back() {
    let (logging, console) = logging();
    let directory = Directory::new();
    let path = directory.join("a.log");
    logging.close();
    logging.open_file(&path).unwrap();
    let opened = format!("vlog INFO opened log file {}\n", path.display());
    logging.close();
    logging.close();
    assert_eq!(console.take(), format!("{opened}vlog INFO closing log file\n"), "said once");
    logging.say(Level::Information, "unheard");
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{opened}vlog INFO closing log file\n"));
    fs::remove_file(&path).unwrap();
    logging.reopen().unwrap();
    assert!(fs::read_to_string(&path).unwrap().ends_with(&opened));
}

#[test]
fn f06_a_full_disk_is_survived_and_counted() {
    let (logging, console) = logging();
    logging.open_file(Path::new("/dev/full")).unwrap();
    logging.say(Level::Information, "on");
    assert!(console.take().ends_with("vlog INFO on\n"), "other destinations get it");
    assert_eq!(State::of(&logging, "lost/file").unwrap().to_string(), "2\n");
}

#[test]
fn f09_syslog_gets_priority_and_pattern_in_a_datagram() {
    let (logging, _) = logging();
    let directory = Directory::new();
    let path = directory.join("log");
    let receiver = UnixDatagram::bind(&path).unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    logging.set_syslog(format!("unix:{}", path.display()).parse().unwrap()).unwrap();
    let next = || {
        let mut bytes = [0; 1024];
        let length = receiver.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    logging.say(Level::Information, "one\ntwo");
    assert_eq!((next(), next()), ("<29>vlog INFO one".into(), "<29>vlog INFO two".into()));
    logging.apply("FACILITY:local7").unwrap();
    logging.apply("PATTERN:syslog:%B %m").unwrap();
    logging.say(Level::Error, "x");
    assert_eq!(next(), "<187>187 x");
    assert!(logging.pattern_table().contains("SYSLOG   <%B>                              %B %m\n"));

    logging.set_syslog(format!("journald:{}", path.display()).parse().unwrap()).unwrap();
    logging.say(Level::Error, "y");
    assert!(next().starts_with("MESSAGE=y\nPRIORITY=3\nSYSLOG_FACILITY=23\nSYSLOG_IDENTIFIER=target\n"));

    drop(receiver);
    logging.say(Level::Error, "nobody listens");
    assert_eq!(State::of(&logging, "lost/syslog").unwrap().to_string(), "1\n");
}

#[test]
fn f10_the_process_s_part_is_in_the_line() {
    let (logging, console) = logging();
    logging.apply("PATTERN:console:%c%T|%m").unwrap();
    let speak = || logging.say(Level::Information, "x");
    std::thread::scope(|scope| {
        std::thread::Builder::new().name("main".into()).spawn_scoped(scope, speak).unwrap().join().unwrap();
        logging.set_subprogram("monitor");
        std::thread::Builder::new().name("main".into()).spawn_scoped(scope, speak).unwrap().join().unwrap();
        std::thread::Builder::new().name("reactor-0".into()).spawn_scoped(scope, speak).unwrap().join().unwrap();
    });
    assert_eq!(console.take(), "vlog|x\nvlog(monitor)|x\nvlog(reactor-0)|x\n");
}

#[test]
fn the_descriptor_for_the_crash_handler_follows_the_file() {
    let directory = Directory::new();
    let (logging, _) = logging();
    let descriptor = logging.file_descriptor();
    let inode = || {
        let link = format!("/proc/self/fd/{}", descriptor.load(Ordering::Acquire));
        fs::metadata(link).map(|metadata| metadata.ino()).ok()
    };
    let inode_of = |name: &str| fs::metadata(directory.join(name)).map(|metadata| metadata.ino()).ok();
    assert_eq!(descriptor.load(Ordering::Acquire), -1);
    logging.open_file(&directory.join("a.log")).unwrap();
    assert_eq!(inode(), inode_of("a.log"));
    fs::rename(directory.join("a.log"), directory.join("a.log.1")).unwrap();
    logging.reopen().unwrap();
    assert_eq!(inode(), inode_of("a.log"));
    logging.close();
    assert_eq!(descriptor.load(Ordering::Acquire), -1);
    logging.reopen().unwrap();
    assert_eq!(inode(), inode_of("a.log"));
}

#[test]
fn a_detached_console_says_nothing_until_it_is_switched_on_again() {
    let (logging, console) = logging();
    with(&logging, || {
        let speak = || {
            tracing::error!(target: "a::x", "error");
            tracing::error!(target: "met::later", "error");
            console.take()
        };
        logging.detach_console();
        assert_eq!(speak(), "");
        logging.apply("a:console:err").unwrap();
        assert_eq!(speak(), "a.x ERR error\n");
    });
}

#[test]
fn c12_a_resting_file_is_free_and_opened_by_name_at_the_next_line() {
    let directory = Directory::new();
    let (path, rotated) = (directory.join("monitor.log"), directory.join("monitor.log.1"));
    let logging = Logging::with_console("monitor", Box::new(io::sink()));
    logging.open_file(&path).unwrap();
    logging.rest_file();
    let descriptors = || {
        let open = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        open.filter(|target| target.starts_with(directory.path())).count()
    };
    assert_eq!(descriptors(), 0, "nothing is held while it rests");
    fs::rename(&path, &rotated).unwrap();
    with(&logging, || tracing::warn!("later"));
    assert!(fs::read_to_string(&path).unwrap().ends_with("|WARN|later\n"));
    assert!(!fs::read_to_string(&rotated).unwrap().contains("later"));
    logging.close();
    logging.rest_file();
    with(&logging, || tracing::warn!("closed"));
    assert!(!fs::read_to_string(&path).unwrap().contains("closed"), "a closed file does not wake up");
}
