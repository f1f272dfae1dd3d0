//! Partitions and mounts: there is one of each, always. What is asked of others is answered as MPD answers it of ones that are not there.

use super::super::refusal::{Code, Refusal};
use super::{CONTROL, Call, Entry, READ, WRITE, entry};
use crate::rights::Rights;

pub(super) const ENTRIES: &[Entry] = &[
    entry("partition", READ, (1, 1), partition),
    entry("listpartitions", READ, (0, 0), |call| {
        call.reply.line("partition", DEFAULT);
        Ok(())
    }),
    entry("newpartition", CONTROL, (1, 1), new_partition),
    entry("delpartition", CONTROL, (1, 1), delete_partition),
    entry("moveoutput", CONTROL, (1, 1), move_output),
    entry("listmounts", READ, (0, 0), mounts),
    entry("mount", WRITE, (2, 2), mount),
    entry("unmount", WRITE, (1, 1), unmount),
    entry("listneighbors", Rights::NONE, (0, 0), |_| Ok(())),
];

/// The one partition.
const DEFAULT: &str = "default";

/// Parity: MPD's rule for names of partitions.
fn check_name(name: &str) -> Result<(), Refusal> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..64).contains(&name.len()) && name.bytes().all(letter) { Ok(()) } else { Err(Refusal::argument("bad name")) }
}

fn new_partition(call: &mut Call<'_>) -> Result<(), Refusal> {
    check_name(call.argument(0))?;
    if call.argument(0) == DEFAULT {
        return Err(Refusal::new(Code::Exist, "name already exists"));
    }
    Err(Refusal::not_here("a service is one station; start another service for another"))
}

fn delete_partition(call: &mut Call<'_>) -> Result<(), Refusal> {
    check_name(call.argument(0))?;
    if call.argument(0) == DEFAULT {
        return Err(Refusal::new(Code::Unknown, "cannot delete the default partition"));
    }
    Err(Refusal::no_exist("no such partition"))
}

/// Brings an output into this partition. All are in it.
fn move_output(call: &mut Call<'_>) -> Result<(), Refusal> {
    let name = call.argument(0);
    let is_there = call.station()?.senders.iter().any(|sender| sender.name == name);
    if is_there { Ok(()) } else { Err(Refusal::no_exist("No such output")) }
}

fn mount(call: &mut Call<'_>) -> Result<(), Refusal> {
    let name = call.argument(0);
    if name.is_empty() || name.contains('/') {
        return Err(Refusal::argument("Bad mount point"));
    }
    Err(Refusal::argument("Unrecognized storage URI; directories of music are added over ssh: add PATH"))
}

fn unmount(call: &mut Call<'_>) -> Result<(), Refusal> {
    let problem = if call.argument(0).is_empty() { "Bad mount point" } else { "Not a mount point" };
    Err(Refusal::argument(problem))
}

fn partition(call: &mut Call<'_>) -> Result<(), Refusal> {
    if call.argument(0) == DEFAULT { Ok(()) } else { Err(Refusal::new(Code::NoExist, "partition does not exist")) }
}

fn mounts(call: &mut Call<'_>) -> Result<(), Refusal> {
    call.reply.line("mount", "");
    call.reply.line("storage", call.places.base().display());
    Ok(())
}
