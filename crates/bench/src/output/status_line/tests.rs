//! Lines as fio 3.33 shows them.

use super::*;

fn status() -> Status {
    Status {
        running: 4,
        ramping: 0,
        setting_up: 0,
        files_open: 4,
        minimum_rate: 0,
        target_rate: 0,
        minimum_iops: 0,
        target_iops: 0,
        rate: [399_360, 0, 0],
        iops: [99_840, 0, 0],
        elapsed_seconds: 5,
        remaining: Remaining::Seconds(5),
        hangs_seconds: None,
        run_states: "r(4)".to_owned(),
        prefix: Prefix::Binary,
        unit: BandwidthUnit::Bytes,
        significant_figures: 4,
    }
}

#[test]
fn a_line_and_a_shorter_one_over_it() {
    let mut line = StatusLine::new(0);
    let first = line.render(&status(), 0);
    assert_eq!(first, "Jobs: 4 (f=4): [r(4)][50.0%][r=390MiB/s][r=99.8k IOPS][eta 00m:05s]\r");
    let idle = Status { rate: [0; 3], iops: [0; 3], ..status() };
    let second = line.render(&idle, 1000);
    let blanks = " ".repeat("[r=390MiB/s][r=99.8k IOPS]".len());
    assert_eq!(second, format!("Jobs: 4 (f=4): [r(4)][50.0%][eta 00m:05s]{blanks}\r"));
    assert_eq!(line.render(&idle, 2000), "Jobs: 4 (f=4): [r(4)][50.0%][eta 00m:05s]\r");
}

#[test]
fn all_directions_and_bits() {
    let mixed = Status { rate: [1, 2048, 3], iops: [0, 1, 2], unit: BandwidthUnit::Bits, ..status() };
    let line = StatusLine::new(0).render(&mixed, 0);
    assert!(line.contains("[r=8Kibit/s,w=16.0Mibit/s,t=24Kibit/s][r=0,w=1,t=2 IOPS]"), "{line}");
    let slow = StatusLine::new(0).render(&Status { rate: [0; 3], iops: [0, 1, 0], ..status() }, 0);
    assert!(slow.contains("[w=0KiB/s][w=1 IOPS][eta"), "{slow}");
}

#[test]
fn limits_are_shown_when_there_are_any() {
    let rated = Status { minimum_rate: 1 << 20, target_rate: 10 << 20, minimum_iops: 1, ..status() };
    assert!(StatusLine::new(0).render(&rated, 0).starts_with("Jobs: 4 (f=4), 1024KiB/s-10.0MiB/s: ["));
    let iops = Status { target_iops: 500, ..status() };
    assert!(StatusLine::new(0).render(&iops, 0).starts_with("Jobs: 4 (f=4), 0-500 IOPS: ["));
}

#[test]
fn an_io_that_hangs_is_told() {
    let line = StatusLine::new(0).render(&Status { hangs_seconds: Some(31), ..status() }, 0);
    assert!(line.ends_with("[an I/O hangs for 31s][eta 00m:05s]\r"), "{line}");
}

#[test]
fn nobody_knows() {
    let mut line = StatusLine::new(0);
    assert_eq!(line.render(&Status { remaining: Remaining::Unknown, ..status() }, 0), "Jobs: 4 (f=4)\r");
    assert_eq!(line.render(&Status { running: 0, files_open: 0, ..status() }, 0), "Jobs: 0 (f=0)\r");
    let ended = Status { remaining: Remaining::Seconds(0), ..status() };
    assert!(line.render(&ended, 0).contains("[-.-%]"), "no estimate yet");
    assert!(line.render(&Status { ramping: 4, ..status() }, 0).contains("[-.-%]"));
    let endless = line.render(&Status { remaining: Remaining::Unmeasurable, ..status() }, 0);
    assert!(endless.contains("[-.-%]") && endless.contains("[eta --]"), "{endless}");
    line.render(&status(), 0);
    assert!(line.render(&ended, 0).contains("[100.0%]"));
    assert!(line.render(&Status { setting_up: 1, ..status() }, 0).contains("[37.5%]"));
}

#[test]
fn durations() {
    for (seconds, text) in [
        (0, "00m:00s"),
        (61, "01m:01s"),
        (3600, "01h:00m:00s"),
        (90_061, "01d:01h:01m:01s"),
        (86_400, "01d:00h:00m:00s"),
    ] {
        assert_eq!(duration(Remaining::Seconds(seconds)), text);
    }
}

#[test]
fn a_new_line_begins_in_time() {
    let mut line = StatusLine::new(2000);
    for (now, newline) in
        [(0, false), (1000, false), (2001, false), (3000, true), (4000, false), (4002, false), (5000, true)]
    {
        assert_eq!(line.render(&status(), now).starts_with('\n'), newline, "at {now}");
    }
    line.render(&status(), 7100);
    let shorter = line.render(&Status { rate: [0; 3], iops: [0; 3], ..status() }, 7200);
    assert!(shorter.starts_with('\n') && shorter.ends_with("s]\r"), "nothing to write over: {shorter:?}");
}

#[test]
fn when_it_is_shown() {
    assert!(ShowStatus::Auto.shows(true, true) && !ShowStatus::Auto.shows(false, true));
    assert!(ShowStatus::Always.shows(false, true) && !ShowStatus::Always.shows(true, false));
    assert!(!ShowStatus::Never.shows(true, true));
}

/// Lines of `fio --eta=always` (3.33) with two jobs held to 1000 IOPS each and one behind them held to 1 MiB/s.
#[test]
fn lines_that_fio_showed() {
    let two = |remaining, elapsed_seconds, rate, iops| Status {
        running: 2,
        files_open: 2,
        target_iops: 2000,
        rate: [rate, 0, 0],
        iops: [iops, 0, 0],
        elapsed_seconds,
        remaining: Remaining::Seconds(remaining),
        run_states: "r(2),P(1)".to_owned(),
        ..status()
    };
    let last = Status {
        running: 1,
        files_open: 1,
        target_iops: 0,
        target_rate: 1 << 20,
        rate: [964, 656, 0],
        iops: [241, 164, 0],
        run_states: "_(2),W(1)".to_owned(),
        ..two(10, 7, 0, 0)
    };
    let shown = [
        (
            two(4_294_967_294, 1, 6466, 1616),
            "Jobs: 2 (f=2), 0-2000 IOPS: [r(2),P(1)][0.0%][r=6466KiB/s][r=1616 IOPS][eta 49710d:06h:28m:14s]\r",
        ),
        (
            two(4, 3, 8003, 2000),
            "Jobs: 2 (f=2), 0-2000 IOPS: [r(2),P(1)][42.9%][r=8003KiB/s][r=2000 IOPS][eta 00m:04s]          \r",
        ),
        (
            two(3, 4, 8000, 2000),
            "Jobs: 2 (f=2), 0-2000 IOPS: [r(2),P(1)][57.1%][r=8000KiB/s][r=2000 IOPS][eta 00m:03s]\r",
        ),
        (
            last,
            "Jobs: 1 (f=1), 0B/s-1024KiB/s: [_(2),W(1)][41.2%][r=964KiB/s,w=656KiB/s][r=241,w=164 IOPS][eta 00m:10s]\r",
        ),
    ];
    let mut line = StatusLine::new(0);
    for (status, text) in shown {
        assert_eq!(line.render(&status, 0), text);
    }
}
