//! State files of fio, byte by byte.

use super::*;

/// What fio 3.33 of Debian left: `fio --name=st/job --rw=randwrite --size=64k --bs=4k --verify=crc32c --do_verify=0
/// --verify_state_save=1 --ioengine=psync`.
const ONE_FILE: &str = "0300000000000000a8000000000000009f73e672000000000100000000000000010000000100000010000000000000000000000000000000\
     00000000000000009e1e6866431c56e4265a260d000000000000000000000000000000000000000000000000000000000000000000000000\
     73742f6a6f620000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
     0000000000000000000000000000000000c0000000000000";

/// The same as `--name=w --nrfiles=2 --ioengine=io_uring --iodepth=4 --rw=write --random_generator=tausworthe64`.
const TWO_FILES: &str = "0300000000000000180100000000000015525b3d000000000800000000000000040000000200000010000000000000000000000000000000\
     0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
     7700000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
     0000000000000000000000000000000000700000000000000000000000000000006000000000000000000000000000000050000000000000\
     0000000000000000004000000000000001000000000000000070000000000000010000000000000000600000000000000100000000000000\
     005000000000000001000000000000000040000000000000";

/// The first one as `--name=w64 --random_generator=tausworthe64`.
const WIDE: &str = "0300000000000000a800000000000000f102d8b4000000000100000000000000010000000100000010000000000000000000000000000000\
     01000000000000000d0500000a42c27116fc0491b4b5f6bff3af47a1e4b56a1c5df6dd568dc0f6459e5a67254e4ecf880000000000000000\
     7736340000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
     0000000000000000000000000000000000b0000000000000";

/// What fio 3.39 left of the first one.
const FIO_3_39: &str = "0400000000000000b0000000000000004b251972000000000100000000000000010000000100000001000000000000001000000000000000\
     000000000000000000000000000000002737a8937cce80793feb455500000000000000000000000000000000000000000000000000000000\
     000000000000000073742f6a6f62000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
     0000000000000000000000000000000000000000000000000070000000000000";

/// What the development version f5344384 left of `--name=v --rw=write --ioengine=io_uring --iodepth=4 --verify=crc32c`, when a trigger ended
/// it: one write was under way.
const SNAPSHOT: &str = "0700000000000000b0000000000000001fc65123000000000400000000000000f50200000000000000000000000000000000000000000000\
     5bcba8a49aaa2ceb30e25e480000000000000000000000000000000000000000000000000000000000000000000000007600000000000000\
     0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
     f402000000000000ffffffffffffffffffffffffffffffffffffffffffffffff";

fn bytes(hexadecimal: &str) -> Vec<u8> {
    (0..hexadecimal.len() / 2)
        .map(|at| u8::from_str_radix(&hexadecimal[at * 2..at * 2 + 2], 16).expect("hexadecimal"))
        .collect()
}

fn decode(hexadecimal: &str) -> StateFile {
    match EarlierState::decode(&bytes(hexadecimal)).expect("a state") {
        EarlierState::Completed(state) => state,
        other => panic!("{other:?}"),
    }
}

/// The file with its checksum put right.
fn repaired(mut file: Vec<u8>) -> Vec<u8> {
    let checksum = state_checksum(&file[24..]);
    file[16..20].copy_from_slice(&checksum.to_le_bytes());
    file
}

#[test]
fn the_files_of_fio_are_read() {
    assert_eq!(
        decode(ONE_FILE),
        StateFile {
            completed: vec![CompletedWrite { file: 0, offset: 0xc000 }],
            depth: 1,
            file_count: 1,
            writes: 16,
            index: 0,
            generator: GeneratorState::Narrow([0x6668_1e9e, 0xe456_1c43, 0x0d26_5a26]),
            name: "st/job".to_owned(),
        }
    );
    let two = decode(TWO_FILES);
    assert_eq!((two.depth, two.file_count, two.writes, two.completed.len()), (4, 2, 16, 8));
    assert_eq!(two.completed[0], CompletedWrite { file: 0, offset: 0x7000 });
    assert_eq!(two.completed[7], CompletedWrite { file: 1, offset: 0x4000 });
    let GeneratorState::Wide([first, ..]) = decode(WIDE).generator else { panic!("64 bits") };
    assert_eq!(first, 0x71c2_420a_0000_050d);
}

#[test]
fn our_files_are_those_of_fio() {
    for file in [ONE_FILE, TWO_FILES, WIDE] {
        assert_eq!(decode(file).encode(), bytes(file));
    }
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    for good in [TWO_FILES, FIO_3_39, SNAPSHOT].map(bytes) {
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 0x20;
            assert!(EarlierState::decode(&changed).is_err(), "byte {at}");
            let cut = EarlierState::decode(&good[..at]);
            assert!(matches!(cut, Err(StateError::Short { found, .. }) if found == at), "{at}");
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let mut state = bytes(ONE_FILE);
    let message = |state: &[u8]| EarlierState::decode(state).expect_err("a wrong file").to_string();
    assert_eq!(
        message(&state[..100]),
        "verify state: the file has 100 bytes, 192 were expected; save it again with verify_state_save"
    );
    state[180] ^= 1;
    assert!(message(&state).starts_with("verify state: the file is corrupt: its checksum is "), "{}", message(&state));
    for version in [2, 8] {
        state[0] = version;
        assert_eq!(
            message(&state),
            format!(
                "verify state: version {version} of the file is not supported; those of fio since 3.33, 3 to 7, are: save it again with one of them, or with this program"
            )
        );
    }
}

/// Right checksum, wrong numbers.
#[test]
fn counts_that_do_not_fit_are_refused() {
    let of_version_3 = [(24, 9), (32, 3), (36, 9), (35, 0xff), (39, 0xff)].map(|wrong| (TWO_FILES, wrong));
    let of_version_4 = [(24, 2), (36, 2), (40, 2), (39, 0xff), (43, 0xff)].map(|wrong| (FIO_3_39, wrong));
    let of_version_7 = [(24, 3), (24, 5), (27, 0xff)].map(|wrong| (SNAPSHOT, wrong));
    for (file, (at, value)) in of_version_3.into_iter().chain(of_version_4).chain(of_version_7) {
        let mut state = bytes(file);
        state[at] = value;
        let state = EarlierState::decode(&repaired(state));
        assert!(matches!(state, Err(StateError::Counts { .. })), "byte {at}: {state:?}");
    }
    for file in [ONE_FILE, FIO_3_39, SNAPSHOT] {
        let mut state = bytes(file);
        state[8..16].copy_from_slice(&100_u64.to_le_bytes());
        state.truncate(124);
        assert!(matches!(EarlierState::decode(&repaired(state)), Err(StateError::Short { found: 100, .. })));
    }
}

#[test]
fn files_of_later_releases_say_where_verification_ends() {
    let completed = decode(FIO_3_39);
    assert_eq!((completed.name.as_str(), completed.depth, completed.writes, completed.index), ("st/job", 1, 16, 0));
    assert_eq!(completed.completed, [CompletedWrite { file: 0, offset: 0x7000 }]);
    assert_eq!(completed.generator, GeneratorState::Narrow([0x93a8_3727, 0x7980_ce7c, 0x5545_eb3f]));

    for version in [5, 6, 7] {
        let mut file = bytes(SNAPSHOT);
        file[0] = version;
        let state = EarlierState::decode(&file).expect("a state");
        let expected = WritesUnderWay { numbers: vec![756], writes: 757, index: 0, name: "v".to_owned() };
        assert_eq!(state, EarlierState::UnderWay(expected));
        assert_eq!((state.name(), state.writes()), ("v", 757));
        let any = CompletedWrite { file: 0, offset: 0 };
        // It is the number of the block that counts, and not how many have been read.
        let stops: Vec<u64> = (750..760).filter(|&begun| state.stops_before(begun, 0, any)).collect();
        assert_eq!(stops, [756, 757, 758, 759]);
        assert!(!state.stops_before(755, 757, any));
    }
}

#[test]
fn names_are_those_of_fio() {
    assert_eq!(state_file_name(None, "st/job", 0), "local-st.job-0-verify.state");
    assert_eq!(state_file_name(Some("/var/aux"), "w", 12), "/var/aux/local-w-12-verify.state");
}

#[test]
fn verification_ends_where_writes_may_be_missing() {
    let state = decode(TWO_FILES);
    let (done, other) = (CompletedWrite { file: 0, offset: 0x7000 }, CompletedWrite { file: 0, offset: 0x1000 });
    // 16 writes at depth 4: the first 11 have completed for certain.
    assert!(!state.stops_before(0, other) && !state.stops_before(11, other));
    assert!(state.stops_before(12, other) && !state.stops_before(12, done));
    assert!(state.stops_before(17, other));
    let short = StateFile { writes: 3, ..state };
    assert!(short.stops_before(0, other) && !short.stops_before(0, done));
}

#[test]
fn the_last_completions_the_newest_first() {
    let mut writes = CompletedWrites::new(3);
    assert_eq!(writes.newest_first().count(), 0);
    for (offset, expected) in [(1, &[1][..]), (2, &[2, 1]), (3, &[3, 2, 1]), (4, &[4, 3, 2]), (5, &[5, 4, 3])] {
        writes.record(offset);
        assert_eq!(writes.newest_first().collect::<Vec<_>>(), expected);
    }
}
