//! Order, overlaps, failures and trims of the writes to verify.

use super::*;

const fn write(file: u32, offset: u64, length: u32, number: u16) -> LoggedWrite {
    LoggedWrite { file, offset, length, number, trimmed: false }
}

fn record(history: &mut History, order: HistoryOrder, write: LoggedWrite) {
    let id = history.record(order, &write);
    history.completed(id);
}

fn numbers(history: &mut History) -> Vec<u16> {
    std::iter::from_fn(|| history.take_next()).map(|write| write.number).collect()
}

#[test]
fn the_order_of_issue_or_of_place() {
    for (order, expected) in [(HistoryOrder::Issued, [0, 1, 2, 3]), (HistoryOrder::Offset, [2, 1, 0, 3])] {
        let mut history = History::new();
        for (number, (file, offset)) in [(0, 8192), (0, 4096), (0, 0), (1, 0)].into_iter().enumerate() {
            record(&mut history, order, write(file, offset, 4096, u16::try_from(number).expect("few")));
        }
        assert_eq!(history.len(), 4);
        assert_eq!(numbers(&mut history), expected);
        assert!(history.is_empty());
    }
}

#[test]
fn what_is_in_flight_waits() {
    let mut history = History::new();
    let first = history.record(HistoryOrder::Issued, &write(0, 0, 512, 0));
    record(&mut history, HistoryOrder::Issued, write(0, 512, 512, 1));
    assert_eq!(history.take_next(), None);
    history.completed(first);
    assert_eq!(numbers(&mut history), [0, 1]);

    let first = history.record(HistoryOrder::Offset, &write(0, 0, 512, 2));
    record(&mut history, HistoryOrder::Offset, write(0, 512, 512, 3));
    assert_eq!(numbers(&mut history), [3]);
    history.completed(first);
    assert_eq!(numbers(&mut history), [2]);
}

#[test]
fn a_failed_write_is_forgotten() {
    for order in [HistoryOrder::Issued, HistoryOrder::Offset] {
        let mut history = History::new();
        record(&mut history, order, write(0, 0, 512, 0));
        let failed = history.record(order, &write(0, 512, 512, 1));
        record(&mut history, order, write(0, 1024, 512, 2));
        history.failed(failed);
        history.failed(failed);
        assert_eq!(history.len(), 2);
        assert_eq!(history.take_next().map(|write| write.number), Some(0));
        assert_eq!(history.take_next(), Some(write(0, 1024, 512, 2)));
    }
}

#[test]
fn a_late_completion_does_not_touch_the_write_that_took_its_place() {
    let mut history = History::new();
    let old = history.record(HistoryOrder::Offset, &write(0, 0, 512, 0));
    let new = history.record(HistoryOrder::Offset, &write(0, 0, 512, 1));
    history.completed(old);
    assert_eq!(history.take_next(), None, "the new write is still in flight");
    history.failed(old);
    assert_eq!(history.len(), 1);
    history.completed(new);
    assert_eq!(numbers(&mut history), [1]);
}

#[test]
fn a_completion_out_of_an_earlier_loop_is_ignored() {
    for order in [HistoryOrder::Issued, HistoryOrder::Offset] {
        let mut history = History::new();
        let old = history.record(order, &write(0, 0, 512, 2));
        history.clear();
        let new = history.record(order, &write(0, 0, 512, 3));
        history.completed(old);
        assert_eq!(history.take_next(), None);
        history.completed(new);
        assert_eq!(numbers(&mut history), [3]);
    }
}

/// Against a plain list of all ranges: a write forgets exactly those that it shares a byte with.
#[test]
fn overlaps_are_forgotten() {
    let seed = 0x0e1a_0e1a_u64;
    let mut state = seed;
    let mut next = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    for round in 0..300 {
        let (mut history, mut model) = (History::new(), Vec::<LoggedWrite>::new());
        for number in 0..60 {
            let file = u32::from(next(4) == 0);
            let new = write(file, next(100) * 10, 10 * u32::try_from(1 + next(9)).expect("few"), number);
            let end = |write: &LoggedWrite| write.offset + u64::from(write.length);
            model.retain(|old| old.file != new.file || end(old) <= new.offset || end(&new) <= old.offset);
            model.push(new);
            record(&mut history, HistoryOrder::Offset, new);
            assert_eq!(history.len(), model.len(), "seed {seed:#x}, round {round}, write {number}");
        }
        model.sort_by_key(|write| (write.file, write.offset));
        let found: Vec<_> = std::iter::from_fn(|| history.take_next()).collect();
        assert_eq!(found, model, "seed {seed:#x}, round {round}");
    }
}

#[test]
fn trims_are_taken_in_order_and_found_zero_later() {
    for order in [HistoryOrder::Issued, HistoryOrder::Offset] {
        let mut history = History::new();
        let trimmed = |offset, number| LoggedWrite { trimmed: true, ..write(0, offset, 512, number) };
        record(&mut history, order, trimmed(512, 0));
        record(&mut history, order, write(0, 0, 512, 1));
        let late = history.record(order, &trimmed(1024, 2));
        assert_eq!(history.trims_waiting(), 2);
        assert_eq!(history.take_trim(true), Some(trimmed(512, 0)));
        assert_eq!(history.take_trim(true), None, "its write is in flight");
        history.completed(late);
        assert_eq!(history.take_trim(false).map(|write| write.number), Some(2));
        assert_eq!((history.trims_waiting(), history.len()), (0, 2));
        let mut left: Vec<_> = std::iter::from_fn(|| history.take_next()).collect();
        left.sort_by_key(|write| write.number);
        assert_eq!(left, [trimmed(512, 0), write(0, 0, 512, 1)]);
    }
}

#[test]
fn a_write_that_is_verified_or_overwritten_is_not_trimmed() {
    let mut history = History::new();
    let trimmed = |offset, number| LoggedWrite { trimmed: true, ..write(0, offset, 512, number) };
    record(&mut history, HistoryOrder::Offset, trimmed(0, 0));
    record(&mut history, HistoryOrder::Offset, trimmed(512, 1));
    record(&mut history, HistoryOrder::Offset, write(0, 512, 512, 2));
    assert_eq!(history.trims_waiting(), 1);
    assert_eq!(history.take_next(), Some(write(0, 0, 512, 0)), "not trimmed yet");
    assert_eq!((history.trims_waiting(), history.take_trim(true)), (0, None));
}
