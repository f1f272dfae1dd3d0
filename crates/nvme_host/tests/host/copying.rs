//! Streams of blocks.

use nvme::base::status::Status;
use nvme_host::{
    CommandError, CopyError, CopyPlan, Namespace, ReconnectPolicy, Session, SessionError, read_blocks, write_blocks,
};

use crate::controller::{BLOCK_BYTES, BLOCKS, Controller, Script, pattern};

fn session(controller: &Controller) -> (Session, Namespace) {
    let session = Session::connect(controller.options(), ReconnectPolicy::NEVER, 5).unwrap();
    let namespace = session.namespace(1).unwrap();
    (session, namespace)
}

fn plan(namespace: &Namespace, first_block: u64, block_count: Option<u64>, piece_bytes: u32) -> CopyPlan<'_> {
    CopyPlan { namespace, first_block, block_count, piece_bytes }
}

/// An input that gives a few bytes at a time.
struct Trickle<'b>(&'b [u8]);

impl std::io::Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.len().min(buffer.len()).min(700);
        let (taken, rest) = self.0.split_at(count);
        buffer[..count].copy_from_slice(taken);
        self.0 = rest;
        Ok(count)
    }
}

#[test]
fn what_is_written_is_read_again_whatever_the_pieces() {
    let controller = Controller::start(Script::default());
    let (mut session, namespace) = session(&controller);
    for (seed, (first, blocks, piece_bytes)) in
        [(0, 1, 1), (7, 100, 512), (0, BLOCKS, 65536), (4000, 96, 4096), (1, 33, 5000)].into_iter().enumerate()
    {
        let bytes = pattern(seed, blocks * BLOCK_BYTES);
        let mut told = Vec::new();
        let to_the_end = plan(&namespace, first, None, piece_bytes);
        let written =
            write_blocks(&mut session, to_the_end, &mut Trickle(&bytes), &mut |done| told.push(done)).unwrap();
        assert_eq!((written, told.last()), (bytes.len() as u64, Some(&written)));
        let at = usize::try_from(first).unwrap() * BLOCK_BYTES;
        assert!(controller.disk()[at..at + bytes.len()] == bytes, "case {seed}");
        let mut output = Vec::new();
        let part = plan(&namespace, first, Some(blocks as u64), piece_bytes);
        assert_eq!(read_blocks(&mut session, part, &mut output, &mut |_| {}).unwrap(), written);
        assert!(output == bytes, "case {seed}");
    }
}

#[test]
fn a_range_outside_the_namespace_is_refused_before_anything_moves() {
    let controller = Controller::start(Script::default());
    let (mut session, namespace) = session(&controller);
    let end = BLOCKS as u64;
    for (first, count) in
        [(end, None), (end, Some(1)), (0, Some(end + 1)), (end - 1, Some(2)), (u64::MAX, Some(u64::MAX))]
    {
        let plan = plan(&namespace, first, count, 4096);
        let read = read_blocks(&mut session, plan, &mut Vec::new(), &mut |_| {});
        assert!(matches!(read, Err(CopyError::OutOfRange { .. })), "{first}, {count:?}: {read:?}");
        let written = write_blocks(&mut session, plan, &mut Trickle(&[1; 512]), &mut |_| {});
        assert!(matches!(written, Err(CopyError::OutOfRange { .. })), "{first}, {count:?}: {written:?}");
    }
    assert_eq!(controller.io_commands(), 0);
}

#[test]
fn an_input_that_does_not_fit_is_told() {
    let controller = Controller::start(Script::default());
    let (mut session, namespace) = session(&controller);
    let mut write = |first, count, bytes: &[u8]| {
        write_blocks(&mut session, plan(&namespace, first, count, 2048), &mut Trickle(bytes), &mut |_| {})
    };
    let outcome = write(0, None, &pattern(0, 10 * BLOCK_BYTES + 3));
    assert!(
        matches!(outcome, Err(CopyError::PartialBlock { excess_bytes: 3, block_size_bytes: 512, written_blocks: 10 })),
        "{outcome:?}"
    );
    let outcome = write(0, Some(11), &pattern(0, 10 * BLOCK_BYTES));
    assert!(matches!(outcome, Err(CopyError::InputTooShort { written_blocks: 10, wanted_blocks: 11 })), "{outcome:?}");
    let outcome = write(BLOCKS as u64 - 2, None, &pattern(0, 2 * BLOCK_BYTES + 1));
    assert!(matches!(outcome, Err(CopyError::InputTooLong { room_blocks: 2, .. })), "{outcome:?}");
    assert_eq!(write(0, Some(2), &pattern(0, 3 * BLOCK_BYTES)).unwrap(), 1024, "as many as were asked for");
    assert_eq!(write(0, None, &[]).unwrap(), 0);
}

#[test]
fn a_bad_block_is_named() {
    let controller = Controller::start(Script { bad_from_block: Some(24), ..Script::default() });
    let (mut session, namespace) = session(&controller);
    let mut output = Vec::new();
    let plan = plan(&namespace, 0, Some(32), 8 * 512);
    match read_blocks(&mut session, plan, &mut output, &mut |_| {}) {
        Err(CopyError::Session(SessionError::Command { first_block, blocks, source, .. })) => {
            assert_eq!((first_block, blocks), (24, 8));
            assert!(matches!(source, CommandError::Status { status, .. } if status == Status::UNRECOVERED_READ_ERROR));
        }
        other => panic!("{other:?}"),
    }
    assert!(output.len().is_multiple_of(8 * 512) && output.len() <= 24 * 512, "whole pieces in order, none after it");
}
