//! Every command, given with OpenSSH, by users with each set of rights and with none: who lacks a right is told which, with status 3,
//! and nothing happens; who has them gets what the command does.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::server::{Radio, start};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/ssh_commands", needs: &[Need::Program("ssh"), Need::Program("ssh-keygen")], run };

/// A user for each set of rights that commands ask for.
const USERS: &[(&str, &str)] =
    &[("all", "all"), ("guest", "none"), ("ar", "AR"), ("araw", "AFS_READ,AFS_WRITE"), ("vr", "VR"), ("vrvw", "VR,VW")];

/// Each command with what it takes, and the users who may give it, in an order in which each finds what it needs.
const COMMANDS: &[(&str, &[&str])] = &[
    ("help", &["all", "guest", "ar", "araw", "vr", "vrvw"]),
    ("help ls", &["all", "guest", "ar", "araw", "vr", "vrvw"]),
    ("version -v", &["all", "guest", "ar", "araw", "vr", "vrvw"]),
    ("si", &["all", "guest", "ar", "araw", "vr", "vrvw"]),
    ("tasks", &["all", "guest", "ar", "araw", "vr", "vrvw"]),
    ("ll", &["all", "guest", "ar", "araw", "vr", "vrvw"]),
    ("ll info", &["all"]),
    ("init", &["all", "araw"]),
    ("add -v MUSIC", &["all", "araw"]),
    ("ls -l=v", &["all", "ar", "araw"]),
    ("search one", &["all", "ar", "araw"]),
    ("check", &["all", "ar", "araw"]),
    ("addatt rock", &["all", "araw"]),
    ("setatt rock+ MUSIC/t*", &["all", "araw"]),
    ("lsatt -l", &["all", "ar", "araw"]),
    ("addmood rocks -c is_set(\"rock\")", &["all", "araw"]),
    ("catmood rocks", &["all", "ar", "araw"]),
    ("lsmood -l", &["all", "ar", "araw"]),
    ("translate rocks", &["all", "araw"]),
    ("select m/rocks", &["all", "araw"]),
    ("ls -a -s s", &["all", "ar", "araw"]),
    ("why", &["all", "ar", "araw"]),
    ("addpl list -c MUSIC/one.mp3", &["all", "araw"]),
    ("catpl list", &["all", "ar", "araw"]),
    ("lspl", &["all", "ar", "araw"]),
    ("select p/list", &["all", "araw"]),
    ("select dummy", &["all", "araw"]),
    ("addimg cover -c x", &["all", "araw"]),
    ("catimg cover", &["all", "ar", "araw"]),
    ("lsimg", &["all", "ar", "araw"]),
    ("addlyr words -c la", &["all", "araw"]),
    ("catlyr words", &["all", "ar", "araw"]),
    ("lslyr", &["all", "ar", "araw"]),
    ("touch -n 3 MUSIC/one.mp3", &["all", "araw"]),
    ("cpsi -n MUSIC/one.mp3 MUSIC/two.mp3", &["all", "araw"]),
    ("play", &["all", "vrvw"]),
    ("stat -n 1", &["all", "vr", "vrvw"]),
    ("sender", &["all", "vrvw"]),
    ("sender http status", &["all", "vrvw"]),
    ("pause", &["all", "vrvw"]),
    ("play", &["all", "vrvw"]),
    ("nomore", &["all", "vrvw"]),
    ("stop", &["all", "vrvw"]),
    ("next", &["all", "vrvw"]),
    ("hup", &["all", "vrvw"]),
];

/// Pairs that undo themselves, so that each user finds the same: done by one who may, tried by all who may not.
const ONCE: &[(&str, &str)] = &[
    ("mvatt rock roll", "araw"),
    ("rmatt roll", "araw"),
    ("mvmood rocks stones", "araw"),
    ("rmmood stones", "araw"),
    ("mvpl list lists", "araw"),
    ("rmpl lists", "araw"),
    ("mvimg cover back", "araw"),
    ("rmimg back", "araw"),
    ("mvlyr words text", "araw"),
    ("rmlyr text", "araw"),
    ("rm MUSIC/three.mp3", "araw"),
];

fn words(radio: &Radio<'_>, line: &str) -> Vec<String> {
    let music = radio.music.display().to_string();
    line.split(' ').map(|word| format!("'{}'", word.replace("MUSIC", &music))).collect()
}

fn give(radio: &Radio<'_>, user: &str, line: &str, may: bool) -> Verdict {
    let words = words(radio, line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let finished = radio.ssh(user, &words)?;
    if may {
        ensure_eq!(finished.status, Some(0), "{line} by {user}: {}", finished.error);
    } else {
        ensure_eq!(finished.status, Some(3), "{line} by {user}: {}{}", finished.output, finished.error);
        let told = finished.error.starts_with(&format!("{user} lacks the right "));
        ensure!(told && finished.output.is_empty(), "{line} by {user}: {}{}", finished.output, finished.error);
    }
    Ok(())
}

fn run(context: &Context) -> Verdict {
    let radio = start(context, USERS, &[])?;
    radio.imported()?;
    for (line, allowed) in COMMANDS {
        for (user, _) in USERS {
            // Whoever may, before those who may not: what they try is there.
            if allowed.contains(user) {
                give(&radio, user, line, true)?;
            }
        }
        let forbidden = USERS.iter().map(|(user, _)| *user).find(|user| !allowed.contains(user));
        forbidden.map_or(Ok(()), |user| give(&radio, user, line, false))?;
    }
    for (line, user) in ONCE {
        for other in ["guest", "ar", "vrvw"] {
            give(&radio, other, line, false)?;
        }
        give(&radio, user, line, true)?;
    }
    transport(&radio)?;
    blobs(&radio)?;
    give(&radio, "ar", "term", false)?;
    give(&radio, "vrvw", "term", true)
}

/// What transport does is seen in the status.
fn transport(radio: &Radio<'_>) -> Verdict {
    radio.output("vrvw", &["play"])?;
    ensure_eq!(radio.item("vr", "status")?, "playing", "after play");
    let before = radio.item("vr", "basename")?;
    radio.output("vrvw", &["next"])?;
    ensure!(radio.item("vr", "basename")? != before, "next changes the song");
    radio.output("vrvw", &["pause"])?;
    ensure_eq!(radio.item("vr", "status")?, "paused", "after pause");
    radio.output("vrvw", &["jmp", "50"])?;
    let middle: u64 = radio.item("vr", "offset")?.parse()?;
    ensure!((800..1200).contains(&middle), "jmp 50 of two seconds: {middle} ms");
    radio.output("vrvw", &["ff", "1-"])?;
    let beginning: u64 = radio.item("vr", "offset")?.parse()?;
    ensure!(beginning < 200, "ff 1-: {beginning} ms");
    radio.output("vrvw", &["nomore"])?;
    ensure!(radio.item("vr", "status_flags")?.ends_with('O'), "the flag of nomore");
    radio.output("vrvw", &["stop"])?;
    ensure_eq!(radio.item("vr", "status")?, "stopped", "after stop");
    let nothing = radio.ssh("vrvw", &["jmp", "50"])?;
    ensure_eq!(nothing.status, Some(1), "jmp without a song: {}", nothing.error);
    Ok(())
}

/// Contents come on standard input and go to standard output as they are.
fn blobs(radio: &Radio<'_>) -> Verdict {
    let content = "line\n\u{e4}\0\n".repeat(40_000);
    let added = radio.ssh_with_input("araw", &[], &["addimg", "big"], &content)?;
    ensure_eq!(added.status, Some(0), "addimg: {}", added.error);
    let length = radio.output("ar", &["lsimg", "-l"])?;
    ensure!(length.contains(&content.len().to_string()), "{length}");
    let wrong = radio.ssh_with_input("araw", &[], &["addmood", "wrong"], "titel == 1\n")?;
    ensure_eq!(wrong.status, Some(1), "a wrong mood");
    ensure!(wrong.error.contains("line 1, column 1") && wrong.error.contains("did you mean title?"), "{}", wrong.error);
    for (words, status) in [("", 0), ("nxt", 2), ("jmp x", 2), ("catmood missing", 1)] {
        let finished = radio.ssh_with_input("all", &[], &[words], "")?;
        ensure_eq!(finished.status, Some(status), "{words:?}: {}", finished.error);
    }
    Ok(())
}
