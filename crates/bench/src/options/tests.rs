//! The table as a whole.

use super::*;

#[test]
fn the_defaults_are_values() {
    let options = JobOptions::default();
    assert_eq!(options.engine.ioengine, "psync");
    assert_eq!(options.block_size.bs, PerDirection::all(4096));
    assert_eq!(options.io_type.randseed, 0x89);
    assert!(!options.io_type.direct);
    assert!(!options.is_set("bs"));
}

#[test]
fn names_are_unique_within_the_table_and_within_an_engine() {
    let mut seen = BTreeSet::new();
    for name in all().flat_map(JobOption::names) {
        assert!(seen.insert(name), "{name} is there twice");
    }
    for engine in engines::ENGINES {
        let mut own = seen.clone();
        for name in engine.options.iter().flat_map(JobOption::names) {
            assert!(own.insert(name), "{name} of {} is there twice", engine.name);
        }
    }
}
