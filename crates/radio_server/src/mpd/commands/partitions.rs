//! Partitions and mounts: there is one of each, always.

use super::super::refusal::{Code, Refusal};
use super::{CONTROL, Call, Entry, READ, WRITE, entry};
use crate::rights::Rights;

pub(super) const ENTRIES: &[Entry] = &[
    entry("partition", READ, (1, 1), partition),
    entry("listpartitions", READ, (0, 0), |call| {
        call.reply.line("partition", "default");
        Ok(())
    }),
    entry("newpartition", CONTROL, (1, 1), |_| Err(no_partitions())),
    entry("delpartition", CONTROL, (1, 1), |_| Err(no_partitions())),
    entry("moveoutput", CONTROL, (1, 1), |_| Err(no_partitions())),
    entry("listmounts", READ, (0, 0), mounts),
    entry("mount", WRITE, (2, 2), |_| Err(no_mounts())),
    entry("unmount", WRITE, (1, 1), |_| Err(no_mounts())),
    entry("listneighbors", Rights::NONE, (0, 0), |_| Ok(())),
];

fn no_partitions() -> Refusal {
    Refusal::not_here("a service is one station; start another service for another")
}

fn no_mounts() -> Refusal {
    Refusal::not_here("directories of music are added over ssh: add PATH")
}

fn partition(call: &mut Call<'_>) -> Result<(), Refusal> {
    if call.argument(0) == "default" { Ok(()) } else { Err(Refusal::new(Code::NoExist, "partition does not exist")) }
}

fn mounts(call: &mut Call<'_>) -> Result<(), Refusal> {
    call.reply.line("mount", "");
    call.reply.line("storage", call.places.base().display());
    Ok(())
}
