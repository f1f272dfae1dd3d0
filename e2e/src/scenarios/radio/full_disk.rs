//! A full disk under the library: commands say so, what is played is still chosen in turn, and every song that was played meanwhile is
//! counted once there is room.

use std::collections::BTreeSet;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::scratch::SmallFilesystem;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};

use super::server::{Radio, put_song, start_again, write_users};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/full_disk", needs: &[Need::Root, Need::Program("ssh"), Need::Program("ssh-keygen")], run };

/// More than a station has ahead, so that one that forgets what it played would not come to all of them.
const SONGS: u8 = 6;

fn run(context: &Context) -> Verdict {
    let scratch = context.scratch().path();
    let music = scratch.join("music");
    std::fs::create_dir_all(&music)?;
    for song in 0..SONGS {
        put_song(&music.join(format!("{song}.mp3")), song, 30)?;
    }
    write_users(context, &[("anna", "all")])?;
    let small = SmallFilesystem::mount_at(&scratch.join("station"), "size=2m")?;
    let radio = start_again(context, music, &[])?;
    radio.imported()?;
    let filler = small.fill("filler")?;
    let image = "x".repeat(200_000);
    let refused = radio.ssh_with_input("anna", &[], &["addimg", "large"], &image)?;
    ensure_eq!(refused.status, Some(1), "{}", refused.error);
    ensure!(refused.error.contains("no room left on the device of the library"), "{}", refused.error);

    radio.output("anna", &["play"])?;
    radio.logged("cannot note yet what was played")?;
    let mut heard = BTreeSet::new();
    eventually("every song to be played", || {
        heard.insert(radio.item("anna", "basename")?);
        heard.remove("");
        Ok((heard.len() == usize::from(SONGS)).then_some(()))
    })?;
    ensure_eq!(played(&radio)?, 0, "counted where there is no room");

    std::fs::remove_file(filler)?;
    eventually("what was played to be counted", || {
        let begun = number(&radio.output("anna", &["si"])?, "songs_begun: ");
        Ok((begun == [played(&radio)?]).then_some(()))
    })?;
    Ok(())
}

/// How often songs were played, all together.
fn played(radio: &Radio<'_>) -> Result<u64, Failure> {
    Ok(number(&radio.output("anna", &["ls", "-l=v"])?, "num_played: ").iter().sum())
}

/// The numbers behind this label.
fn number(text: &str, label: &str) -> Vec<u64> {
    text.lines().filter_map(|line| line.strip_prefix(label)?.parse().ok()).collect()
}
