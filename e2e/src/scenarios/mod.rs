//! The scenarios: a folder a group, a file a behaviour, and one line here or in the group's table.

mod bench;
mod bench_front_end;
mod bench_worker;
mod cli;
mod control;
mod daemon;
mod fault;
mod host;
mod hostile;
mod kernel;
mod packaging;
mod radio;
mod supervisor;

use e2e::scenario::Scenario;

/// Every scenario, quick groups first.
pub(crate) fn table() -> Vec<Scenario> {
    let quick = [cli::TABLE, control::TABLE, packaging::TABLE, host::TABLE, daemon::TABLE, radio::TABLE];
    let slow = [
        bench::TABLE,
        bench_worker::TABLE,
        bench_front_end::TABLE,
        hostile::TABLE,
        fault::TABLE,
        supervisor::TABLE,
        kernel::TABLE,
    ];
    quick.into_iter().chain(slow).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_say_their_group() {
        let table = table();
        for (index, scenario) in table.iter().enumerate() {
            assert!(table[..index].iter().all(|other| other.name != scenario.name), "{} twice", scenario.name);
            assert!(scenario.name.split('/').count() == 2, "{} is no group/behaviour", scenario.name);
        }
    }
}
