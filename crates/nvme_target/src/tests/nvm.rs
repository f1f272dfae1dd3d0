//! Commands of I/O queues, up to the device.

use block::{BlockError, BlockRange, Operation};
use nvme::base::command::{BROADCAST_NAMESPACE, SubmissionQueueEntry};
use nvme::base::feature::{FeatureIdentifier, SetFeatures};
use nvme::base::log_page::{ErrorInformationEntry, LogPageIdentifier, SmartHealthInformation};
use nvme::base::status::Status;
use nvme::nvm::{DatasetManagement, DatasetManagementRange, NvmOpcode, ReadWrite};
use rustix::io::Errno;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, IntoBytes};

use super::harness::{
    BLOCK_COUNT, BLOCK_SIZE, Connection, Host, Reply, Sketch, namespace, settings, target, with_transport,
};
use crate::limits::NAMESPACES_MAXIMUM;
use crate::queue::IoCommand;
use crate::statistics::Totals;
use crate::subsystem::Target;
use crate::{Limits, TargetSettings};

fn blocks(first_block: u64, block_count: u32) -> ReadWrite {
    ReadWrite { first_block, block_count, ..ReadWrite::default() }
}

/// A command with as many data as its blocks have.
fn transfer(opcode: NvmOpcode, namespace_id: u32, parameters: ReadWrite) -> SubmissionQueueEntry {
    with_transport(&parameters.command(opcode, namespace_id), parameters.block_count * BLOCK_SIZE)
}

#[track_caller]
fn io(reply: Reply) -> IoCommand {
    match reply {
        Reply::Io(command) => command,
        other => panic!("expected a command for the device, got {other:?}"),
    }
}

#[test]
fn read_and_write_reach_the_device_as_they_are() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    let range = BlockRange { first_block: 7, block_count: 3 };
    let read = io(queue.send(&transfer(NvmOpcode::READ, 1, blocks(7, 3))));
    assert_eq!((read.operation, read.length_bytes), (Operation::Read(range), 3 * BLOCK_SIZE));
    assert_eq!(host.target.namespace(read.namespace).id(), 1);
    let write = io(queue.send(&transfer(NvmOpcode::WRITE, 1, blocks(7, 3))));
    assert_eq!(write.operation, Operation::Write { range, force_unit_access: false });
    let forced = ReadWrite { force_unit_access: true, ..blocks(7, 3) };
    let write = io(queue.send(&transfer(NvmOpcode::WRITE, 1, forced)));
    assert_eq!(write.operation, Operation::Write { range, force_unit_access: true });
    let zeroes = ReadWrite { deallocate: true, ..blocks(7, 3) }.command(NvmOpcode::WRITE_ZEROES, 1);
    let zeroes = io(queue.send(&zeroes));
    let operation = Operation::WriteZeroes { range, deallocate: true, force_unit_access: false };
    assert_eq!((zeroes.operation, zeroes.length_bytes), (operation, 0));
    let flush = io(queue.send(&SubmissionQueueEntry::new(NvmOpcode::FLUSH.0, 3)));
    assert_eq!(flush.operation, Operation::Flush);
    assert_eq!(host.target.namespace(flush.namespace).id(), 3);
}

#[test]
fn a_range_ends_within_the_namespace() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    for opcode in [NvmOpcode::READ, NvmOpcode::WRITE, NvmOpcode::WRITE_ZEROES] {
        for (first, count) in [(BLOCK_COUNT - 1, 1), (0, 2048), (BLOCK_COUNT - 2048, 2048)] {
            io(queue.send(&transfer(opcode, 1, blocks(first, count))));
        }
        for (first, count) in
            [(BLOCK_COUNT, 1), (BLOCK_COUNT - 1, 2), (u64::MAX, 1), (u64::MAX - 1, 2), (1 << 63, 2048)]
        {
            queue.refused(&transfer(opcode, 1, blocks(first, count)), Status::LBA_OUT_OF_RANGE);
        }
    }
}

#[test]
fn a_command_addresses_one_namespace_that_is_there() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    let ranges = DatasetManagement { range_count: 1, deallocate: true, ..DatasetManagement::default() };
    for entry in [
        transfer(NvmOpcode::READ, 0, blocks(0, 1)),
        transfer(NvmOpcode::WRITE, 0, blocks(0, 1)),
        transfer(NvmOpcode::WRITE_ZEROES, 0, blocks(0, 1)),
        SubmissionQueueEntry::new(NvmOpcode::FLUSH.0, 0),
        with_transport(&ranges.command(0), 16),
    ] {
        for (id, status) in [
            (0, Status::INVALID_NAMESPACE_OR_FORMAT),
            (2, Status::INVALID_FIELD),
            (NAMESPACES_MAXIMUM, Status::INVALID_FIELD),
            (NAMESPACES_MAXIMUM + 1, Status::INVALID_NAMESPACE_OR_FORMAT),
            (BROADCAST_NAMESPACE, Status::INVALID_NAMESPACE_OR_FORMAT),
        ] {
            queue.refused(&SubmissionQueueEntry { namespace_id: U32::new(id), ..entry }, status);
        }
    }
}

#[test]
fn the_data_pointer_describes_the_blocks_and_no_more_than_a_transfer() {
    let limits = Limits { transfer_bytes: 4096, ..Limits::default() };
    let target = Target::new(TargetSettings { limits, ..settings() }).unwrap();
    let host = Host::new(&target, "a");
    let mut queue = host.io_queue(1);
    for opcode in [NvmOpcode::READ, NvmOpcode::WRITE] {
        io(queue.send(&transfer(opcode, 1, blocks(0, 8))));
        queue.refused(&transfer(opcode, 1, blocks(0, 9)), Status::INVALID_FIELD);
        let entry = blocks(0, 8).command(opcode, 1);
        for length in [0, 4095, 4097, u32::MAX] {
            queue.refused(&with_transport(&entry, length), Status::DATA_SGL_LENGTH_INVALID);
        }
    }
    // Without data there is no such limit.
    io(queue.send(&blocks(0, 10_000).command(NvmOpcode::WRITE_ZEROES, 1)));
}

#[test]
fn a_product_of_count_and_size_beyond_32_bits_is_not_mistaken_for_a_small_one() {
    let geometry = block::Geometry { block_size_bytes: 65_536, block_count: 1 << 20 };
    let device = Sketch { geometry, ..Sketch::default() };
    let target = Target::new(TargetSettings { namespaces: vec![namespace(1, device)], ..settings() }).unwrap();
    let host = Host::new(&target, "a");
    let entry = with_transport(&blocks(0, 65_536).command(NvmOpcode::READ, 1), 0);
    host.io_queue(1).refused(&entry, Status::INVALID_FIELD);
}

#[test]
fn a_read_only_namespace_is_not_changed() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    io(queue.send(&transfer(NvmOpcode::READ, 3, blocks(0, 1))));
    io(queue.send(&SubmissionQueueEntry::new(NvmOpcode::FLUSH.0, 3)));
    let ranges = DatasetManagement { range_count: 1, deallocate: true, ..DatasetManagement::default() };
    for entry in [
        transfer(NvmOpcode::WRITE, 3, blocks(0, 1)),
        blocks(0, 1).command(NvmOpcode::WRITE_ZEROES, 3),
        with_transport(&ranges.command(3), 16),
    ] {
        queue.refused(&entry, Status::NAMESPACE_WRITE_PROTECTED);
    }
}

#[test]
fn protection_information_and_fused_commands_are_refused() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    for opcode in [NvmOpcode::READ, NvmOpcode::WRITE, NvmOpcode::WRITE_ZEROES] {
        for protection in 1..=15 {
            let parameters = ReadWrite { protection, ..blocks(0, 1) };
            queue.refused(&transfer(opcode, 1, parameters), Status::INVALID_PROTECTION_INFORMATION);
        }
        let mut fused = transfer(opcode, 1, blocks(0, 1));
        fused.flags |= 1;
        queue.refused(&fused, Status::INVALID_FIELD);
    }
}

#[test]
fn a_detached_namespace_takes_no_new_commands_and_ends_the_old() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    let command = io(queue.send(&transfer(NvmOpcode::READ, 1, blocks(0, 1))));
    assert!(host.target.detach_namespace(1));
    queue.refused(&transfer(NvmOpcode::READ, 1, blocks(0, 1)), Status::INVALID_FIELD);
    assert!(queue.complete(&command).status.is_success());
}

#[test]
fn with_the_write_cache_off_every_change_goes_to_the_media() {
    let mut host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    let switch = |on| SetFeatures::new(FeatureIdentifier::VOLATILE_WRITE_CACHE, on).command();
    for (on, forced) in [(0, true), (1, false)] {
        host.admin.succeed(&switch(on));
        let write = io(queue.send(&transfer(NvmOpcode::WRITE, 1, blocks(0, 1))));
        assert!(matches!(write.operation, Operation::Write { force_unit_access, .. } if force_unit_access == forced));
        let zeroes = io(queue.send(&blocks(0, 1).command(NvmOpcode::WRITE_ZEROES, 1)));
        assert!(
            matches!(zeroes.operation, Operation::WriteZeroes { force_unit_access, .. } if force_unit_access == forced)
        );
    }
}

// ----------------------------------------------------- Dataset Management

fn range(first_block: u64, block_count: u32) -> DatasetManagementRange {
    DatasetManagementRange {
        context_attributes: U32::ZERO,
        block_count: U32::new(block_count),
        first_block: U64::new(first_block),
    }
}

fn deallocate(queue: &mut Connection, range_count: u16, ranges: &[DatasetManagementRange]) -> Reply {
    let command = DatasetManagement { range_count, deallocate: true, ..DatasetManagement::default() };
    queue.send_with_data(&command.command(1), ranges.as_bytes())
}

#[test]
fn every_range_is_deallocated_in_turn() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    let command = io(deallocate(&mut queue, 3, &[range(5, 1), range(0, 0), range(9, 2)]));
    let dealt = |first_block, block_count| Operation::Deallocate(BlockRange { first_block, block_count });
    assert_eq!(command.operation, dealt(5, 1));
    // Another command in between has parts of its own.
    let other = io(deallocate(&mut queue, 2, &[range(100, 1), range(200, 1)]));
    assert_eq!(queue.queue.next_part(&other).unwrap().operation, dealt(200, 1));
    let next = queue.queue.next_part(&command).unwrap();
    assert_eq!((next.operation, next.tag, next.command_id), (dealt(9, 2), command.tag, command.command_id));
    assert!(queue.queue.next_part(&next).is_none());
    assert!(queue.complete(&next).status.is_success());
}

#[test]
fn a_command_does_not_inherit_what_another_of_its_tag_left() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    for outcome in [Ok(()), Ok(()), Err(&BlockError::Io(Errno::IO)), Ok(())] {
        queue.use_command_id(9);
        let mut command = io(deallocate(&mut queue, 3, &[range(1, 1), range(2, 1), range(3, 1)]));
        if outcome.is_ok() {
            for first_block in [2, 3] {
                command = queue.queue.next_part(&command).unwrap();
                assert_eq!(command.operation, Operation::Deallocate(BlockRange { first_block, block_count: 1 }));
            }
            assert!(queue.queue.next_part(&command).is_none());
        }
        queue.queue.io_completed(&command, outcome);
    }
}

#[test]
fn an_error_ends_the_command_with_its_remaining_ranges() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    let command = io(deallocate(&mut queue, 2, &[range(5, 1), range(9, 2)]));
    let response = queue.queue.io_completed(&command, Err(&BlockError::Io(Errno::IO)));
    assert!(response.status.same_code(Status::WRITE_FAULT));
    assert!(queue.queue.next_part(&command).is_none());
}

#[test]
fn the_table_may_be_longer_than_its_ranges_and_not_shorter() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    let mut table = [range(BLOCK_COUNT, 1); 256];
    table[0] = range(5, 1);
    let command = io(deallocate(&mut queue, 1, &table));
    assert!(queue.queue.next_part(&command).is_none());
    for (count, length) in [(1, 0), (1, 15), (2, 16), (256, 4080), (1, 4112)] {
        let command = DatasetManagement { range_count: count, deallocate: true, ..DatasetManagement::default() };
        queue.refused(&with_transport(&command.command(1), length), Status::DATA_SGL_LENGTH_INVALID);
    }
}

#[test]
fn nothing_is_deallocated_when_one_range_is_beyond_the_end() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    for bad in [range(BLOCK_COUNT, 1), range(BLOCK_COUNT - 1, 2), range(u64::MAX, u32::MAX)] {
        let Reply::Response(response) = deallocate(&mut queue, 2, &[range(0, 1), bad]) else {
            panic!("a device was asked");
        };
        assert!(response.status.same_code(Status::LBA_OUT_OF_RANGE));
    }
}

#[test]
fn hints_without_deallocation_and_empty_ranges_are_done_at_once() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    let hint = DatasetManagement { range_count: 1, integral_for_read: true, ..DatasetManagement::default() };
    for reply in [
        queue.send_with_data(&hint.command(1), range(0, 8).as_bytes()),
        deallocate(&mut queue, 2, &[range(0, 0), range(7, 0)]),
    ] {
        assert!(matches!(reply, Reply::Response(response) if response.status.is_success()), "{reply:?}");
    }
}

// ---------------------------------------------------- counts and failures

fn smart(host: &mut Host) -> SmartHealthInformation {
    let page = host.admin.log_page(LogPageIdentifier::SMART_HEALTH_INFORMATION, 512);
    SmartHealthInformation::read_from_bytes(&page).unwrap()
}

#[test]
fn data_units_are_counted_across_commands_queues_and_controllers() {
    let target = target();
    let mut host = Host::new(&target, "a");
    let mut other = Host::new(&target, "b");
    let mut queues = [host.io_queue(1), host.io_queue(2), other.io_queue(1)];
    // A thousand commands of one block are one unit; the next block begins another.
    for index in 0..1001 {
        let queue = &mut queues[index % 3];
        let command = io(queue.send(&transfer(NvmOpcode::READ, 1, blocks(0, 1))));
        queue.complete(&command);
        queue.queue.end_pass(queue.now, 0);
        let now = smart(&mut host);
        assert_eq!(now.host_reads.get(), index as u128 + 1);
        assert_eq!(now.data_units_read.get(), if index < 1000 { 1 } else { 2 });
    }
    assert_eq!(smart(&mut host).data_units_written.get(), 0);
    let write = io(queues[0].send(&transfer(NvmOpcode::WRITE, 1, blocks(0, 2))));
    queues[0].complete(&write);
    // What the last pass did not add is added when the queue ends.
    for queue in &mut queues {
        queue.close();
    }
    other.admin.close();
    let end = smart(&mut host);
    assert_eq!((end.host_writes.get(), end.data_units_written.get()), (1, 1));
    assert_eq!((end.host_reads.get(), end.data_units_read.get()), (1001, 2));
    assert_eq!(target.totals().read_bytes, 1001 * u64::from(BLOCK_SIZE));
    assert_eq!(target.controllers()[0].totals.read_commands, 668, "the host's own share");
}

#[test]
fn commands_of_one_pass_add_up() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    for opcode in [NvmOpcode::READ, NvmOpcode::WRITE] {
        for block_count in [1, 2, 4] {
            let command = io(queue.send(&transfer(opcode, 1, blocks(0, block_count))));
            queue.complete(&command);
        }
    }
    assert_eq!(host.target.totals(), Totals::default(), "added once a pass");
    for _ in 0..2 {
        queue.queue.end_pass(queue.now, 0);
        let expected = Totals {
            read_commands: 3,
            read_bytes: 7 * 512,
            write_commands: 3,
            written_bytes: 7 * 512,
            media_errors: 0,
        };
        assert_eq!(host.target.totals(), expected);
        assert_eq!(host.target.controllers()[0].totals, expected);
    }
}

#[test]
fn what_fails_is_not_counted_as_done() {
    let mut host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    let read = io(queue.send(&transfer(NvmOpcode::READ, 1, blocks(0, 1))));
    queue.queue.io_completed(&read, Err(&BlockError::Io(Errno::IO)));
    let write = io(queue.send(&transfer(NvmOpcode::WRITE, 1, blocks(0, 1))));
    queue.queue.io_abandoned(&write);
    queue.queue.end_pass(queue.now, 0);
    let page = smart(&mut host);
    assert_eq!((page.host_reads.get(), page.host_writes.get()), (0, 0));
    assert_eq!((page.media_errors.get(), page.error_log_entries.get()), (1, 2));
}

#[test]
fn each_error_of_a_device_has_its_status() {
    let host = Host::new(&target(), "a");
    let mut queue = host.io_queue(1);
    for (error, read, write, lasts) in [
        (BlockError::OutOfRange, Status::LBA_OUT_OF_RANGE, Status::LBA_OUT_OF_RANGE, true),
        (BlockError::ReadOnly, Status::NAMESPACE_WRITE_PROTECTED, Status::NAMESPACE_WRITE_PROTECTED, true),
        (BlockError::NoSpace(Errno::NOSPC), Status::CAPACITY_EXCEEDED, Status::CAPACITY_EXCEEDED, true),
        (BlockError::Unsupported, Status::INVALID_OPCODE, Status::INVALID_OPCODE, true),
        (BlockError::Truncated, Status::UNRECOVERED_READ_ERROR, Status::WRITE_FAULT, true),
        (BlockError::WritesLost(Errno::IO), Status::UNRECOVERED_READ_ERROR, Status::WRITE_FAULT, true),
        (BlockError::Io(Errno::IO), Status::UNRECOVERED_READ_ERROR, Status::WRITE_FAULT, false),
    ] {
        for (opcode, status) in [(NvmOpcode::READ, read), (NvmOpcode::WRITE, write)] {
            let command = io(queue.send(&transfer(opcode, 1, blocks(0, 1))));
            let response = queue.queue.io_completed(&command, Err(&error));
            assert!(response.status.same_code(status), "{error:?}: {:?}", response.status);
            assert_eq!(response.status.do_not_retry(), lasts, "{error:?}");
        }
    }
}

#[test]
fn the_error_log_names_queue_namespace_and_block() {
    let mut host = Host::new(&target(), "a");
    let mut queue = host.io_queue(5);
    let newest = |host: &mut Host| {
        let page = host.admin.log_page(LogPageIdentifier::ERROR_INFORMATION, 64);
        ErrorInformationEntry::read_from_bytes(&page).unwrap()
    };
    let command_id = queue.next_command_id();
    queue.refused(&transfer(NvmOpcode::READ, 1, blocks(BLOCK_COUNT + 6, 1)), Status::LBA_OUT_OF_RANGE);
    let error = newest(&mut host);
    assert_eq!((error.queue_id.get(), error.command_id.get()), (5, command_id));
    assert_eq!((error.namespace_id.get(), error.first_block.get()), (1, BLOCK_COUNT + 6));
    assert_eq!((error.parameter_error_location().byte(), error.opcode), (40, NvmOpcode::READ.0));

    let write = io(queue.send(&transfer(NvmOpcode::WRITE, 1, blocks(77, 1))));
    queue.queue.io_completed(&write, Err(&BlockError::NoSpace(Errno::NOSPC)));
    let error = newest(&mut host);
    assert_eq!((error.first_block.get(), error.opcode), (77, NvmOpcode::WRITE.0));
    assert_eq!(error.command_id.get(), write.command_id);
    assert_eq!(error.status(), Status::CAPACITY_EXCEEDED.with_do_not_retry());
    assert_eq!(error.parameter_error_location.get(), 0xffff, "no parameter is at fault");
}
