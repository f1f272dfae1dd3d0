//! The reference page of the MPD front, made out of the table of commands.

use std::fmt::Write as _;

use super::commands;
use crate::rights::Rights;

/// `docs/reference/radio-mpd.md`.
#[must_use]
pub fn reference_page() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str(
        "\n## Commands\nEach with the rights that it needs (`none`: any client).\n\n| rights | commands |\n|---|---|\n",
    );
    let all = commands::rights();
    let mut sets: Vec<Rights> = Vec::new();
    all.iter().for_each(|(_, rights)| {
        if !sets.contains(rights) {
            sets.push(*rights)
        }
    });
    sets.sort_unstable_by_key(Rights::to_string);
    for set in sets {
        let names: Vec<String> =
            all.iter().filter(|(_, rights)| *rights == set).map(|(name, _)| format!("`{name}`")).collect();
        let _ = writeln!(page, "| {set} | {} |", names.join(" "));
    }
    page.push_str(
        "\nBesides: `command_list_begin`, `command_list_ok_begin`, `command_list_end`, `idle`, `noidle`, `close`.\n",
    );
    page
}

const INTRODUCTION: &str = "# MPD protocol
Made out of the table in `crates/radio_server/src/mpd/commands` by `UPDATE_REFERENCE=1 cargo test -p radio_server --test reference`; do
not edit.

The radio speaks MPD's protocol, version 0.23.5, on port 6600 of the loopback address unless told otherwise (`--mpd ADDRESS`), so that
`mpc`, ncmpcpp, M.A.L.P. and their like work. The protocol itself is described in MPD's documentation.

## What is different
| MPD has | the radio has |
|---|---|
| a queue with a history | the current song at position 0, behind it what will be played, in that order; what was played is gone: `consume` is on |
| `add` at the end of the queue | behind what was asked for, before what the mood or the playlist chose |
| `previous` | the current song from its beginning |
| `single oneshot` | stop behind the current song (`nomore`); `single 1` is refused |
| `random`, priorities (`prio`) | the same for what was asked for; what the mood or the playlist chose comes after it, in its order |
| the current song where it stands in the queue | at position 0, also with `random` |
| `repeat` | refused: the mood or the playlist goes on for ever |
| `rangeid` to the sample | to the chunk, of some tenth of a second; exact in what is shown |
| volume, crossfade, replay gain | refused: nothing is decoded here |
| outputs | senders; `listeners` is an attribute of each |
| `audio: 44100:16:2` | `44100:*:2`: nobody knows how many bits a listener's decoder makes |
| `Format`, `Added` lines of songs | as MPD 0.24 has them |
| operators `contains`, `starts_with`, endings `_cs` and `_ci` | as MPD 0.24 has them |
| a state file | `random` is kept over a restart, and what was selected; the queue is not, nor its priorities and ranges |
| `addtagid`, `cleartagid` for songs that are no local files | as for local files, which all are: code 4 |
| `outputset` of attributes | as for an output that has none: code 2 |
| `mount` of storage | as for an address that MPD has no plugin for: code 2 |
| `newpartition` | code 52: a service is one station; the other commands of partitions are answered as by an MPD that has only `default` |
| `getfingerprint` | code 52: songs are not decoded |
| neighbours | none |
| `update` of a directory of music | the same; directories are added over ssh or in the configuration |

Paths are relative to the directory that all directories of music are in; a song elsewhere has its absolute path.

Everything but what is said to be refused is answered as MPD answers it, errors included (`ACK [CODE@PLACE] {COMMAND} MESSAGE`).

## Rights
A client has the rights of `mpd_rights` (everything, unless told otherwise) until it gives one of `mpd_passwords`. The rights are those
of the users of ssh: `AR` look at the library, `AW` change it, `VR` look at the stream, `VW` change it.
";
