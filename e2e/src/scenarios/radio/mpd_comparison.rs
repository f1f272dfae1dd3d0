//! MPD itself, beside the radio, on the same directory: answers to commands that only look have the same names in the same order, and
//! wrong arguments are refused with the same code. What is different is written down here.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::Process;
use e2e::scenario::Scenario;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};

use super::mpd_station::{Client, Reply, address, start};

pub(super) const SCENARIO: Scenario = Scenario { name: "radio/mpd_comparison", needs: &[Need::Program("mpd")], run };

/// Commands whose answers have the same names and values, but for those in [`OWN`] and [`UNEQUAL`].
const SAME: &[&str] = &[
    "lsinfo",
    "lsinfo \"jazz\"",
    "lsinfo \"misterioso.mp3\"",
    "listall",
    "listall \"jazz\"",
    "listallinfo",
    "listfiles \"jazz\"",
    "find artist Miles",
    "find \"(Artist == 'Miles')\" sort Title",
    "find \"((Artist == 'Miles') AND (Title != 'So What'))\"",
    "find \"(base 'jazz')\" sort -Title window 0:1",
    "search title mister",
    "search any miles",
    "search \"(Title =~ '^So')\"",
    "count artist Miles",
    "count group artist",
    "list artist",
    "list album artist Miles",
    "list album group artist",
    "list album group albumartist group date",
    "list title \"(Album == 'Blue')\"",
    "currentsong",
    "playlistinfo 0:3",
    "playlistinfo 1",
    "plchanges 0 0:3",
    "listplaylists",
    "binarylimit 4096",
    "getvol",
    "ping",
    // `/` is the base, and of a path only what is below the base counts.
    "lsinfo \"/\"",
    "listall \"/\"",
    "find \"(file =~ '^jazz/')\"",
    "search \"(file =~ '^JAZZ/S')\"",
    "find \"(file contains 'music')\"",
    "search file music",
    "search file SO sort Title",
    "find file \"jazz/so what.mp3\"",
    "search any music",
    "find \"(AudioFormat =~ '44100:*:*')\" sort Title",
    "find \"(AudioFormat =~ '*:*:1')\" sort Title",
    "find \"(AudioFormat =~ '48000:*:*')\"",
    "find \"(!(Artist == 'Miles'))\"",
    "find \"(Title != '')\" sort Title",
    "find artist Miles window 5:9",
    "list file artist Miles",
    "count \"(base 'jazz')\" group album",
    "plchanges -1 0:3",
    "mixrampdb -17",
    "mixrampdelay nan",
    "tagtypes clear",
    "lsinfo \"misterioso.mp3\"",
    "tagtypes enable Title Album",
    "lsinfo \"misterioso.mp3\"",
    "tagtypes disable Album",
    "find artist Monk",
    "tagtypes all",
    "playlistadd mine misterioso.mp3",
    "playlistadd mine \"jazz/so what.mp3\"",
    "playlistadd mine \"jazz/all blues.mp3\" 0",
    "playlistmove mine 0 2",
    "listplaylist mine",
    "listplaylistinfo mine",
    "playlistdelete mine 1",
    "searchaddpl mine artist monk",
    "listplaylist mine",
    "rename mine yours",
    "listplaylists",
    "lsinfo",
    "load yours 0:1",
    "rm yours",
    "sticker set song misterioso.mp3 rating 5",
    "sticker set song misterioso.mp3 rating 6",
    "sticker set song \"jazz/so what.mp3\" rating 10",
    "sticker get song misterioso.mp3 rating",
    "sticker list song misterioso.mp3",
    "sticker list song \"jazz/all blues.mp3\"",
    "sticker find song \"\" rating",
    "sticker find song jazz rating",
    "sticker find song \"\" rating = 6",
    "sticker find song \"\" rating < 6",
    "sticker delete song misterioso.mp3 rating",
    "sticker list song misterioso.mp3",
    "subscribe a.b:c-d_e",
    "channels",
    "sendmessage a.b:c-d_e \"hello \\\"you\\\"\"",
    "readmessages",
    "readmessages",
    "unsubscribe a.b:c-d_e",
    "command_list_begin\nping\nlsinfo \"jazz\"\ncommand_list_end",
];

/// Names that only one of them has: what MPD 0.23 does not tell yet, and what a station without a decoder cannot.
const OWN: [&str; 2] = ["Added", "Format"];

/// Names whose values are each one's own.
const UNEQUAL: [&str; 8] = ["Id", "duration", "Time", "playtime", "Last-Modified", "size", "Date", "encoder"];

/// Wrong commands, which are refused with the same code.
const WRONG: &[&str] = &[
    "nonsense",
    "status extra",
    "add",
    "add nowhere.mp3",
    "play x",
    "play 999",
    "playid 999999",
    "delete 999",
    "delete 5:1",
    "move 900 1",
    "seek 0",
    "seekcur x",
    "find",
    "find artist",
    "find \"(Artist == \"",
    "find \"(Nothing == 'x')\"",
    "list",
    "list nothing",
    "lsinfo nowhere",
    "listall nowhere",
    "readcomments nowhere.mp3",
    "albumart nowhere.mp3 0",
    "readpicture nowhere.mp3 0",
    "load nothing",
    "rm nothing",
    "listplaylist nothing",
    "playlistdelete nothing 0",
    "rename nothing something",
    "save \"a/b\"",
    "password wrong",
    "enableoutput 99",
    "single maybe",
    "random 2",
    "crossfade x",
    "tagtypes nonsense",
    "idle nonsense",
    "binarylimit 1",
    "sticker get song nowhere.mp3 rating",
    "sendmessage",
    "sendmessage nobody hello",
    "subscribe \"a b\"",
    "unsubscribe nothing",
    "partition nothing",
    "command_list_begin\nping\nnonsense\ncommand_list_end",
    "command_list_begin\nping\nplay x\nping\ncommand_list_end",
    "previous",
    "seekcur 1",
    "seekcur +1",
    "seekid 99999 1",
    "playlistinfo x",
    "playlistinfo 3:1",
    "playlistinfo 99:",
    "plchanges x",
    "swap 0 99",
    "shuffle x",
    "deleteid 99999",
    "moveid 99999 0",
    "addid nowhere",
    "addid misterioso.mp3 99",
    "addid jazz",
    "find \"(AudioFormat == 'x')\"",
    "find \"(AudioFormat =~ '44100:2')\"",
    "find artist \"Miles",
    "find artist \"Miles\"x",
    "find artist Mi\"les",
    "find \"(Artist == 'Miles') x\"",
    "find \"(Artist == Miles)\"",
    "find \"((Artist == 'Miles') OR (Album == 'Blue'))\"",
    "find \"(Title =~ '[')\"",
    "find \"(modified-since 'x')\"",
    "find artist Miles sort nothing",
    "find artist Miles window 2:1",
    "list album group nothing",
    "list album group album",
    "list artist Miles",
    "count group nothing",
    "mixrampdb x",
    "mixrampdelay x",
    "setvol x",
    "setvol 101",
    "volume x",
    "volume -300",
    "consume 2",
    "tagtypes all x",
    "tagtypes clear x",
    "tagtypes enable",
    "tagtypes disable nonsense",
    "sticker find song \"\" rating x 5",
    "sticker set song misterioso.mp3 rating",
    "sticker delete song misterioso.mp3 nothing",
    "sticker frobnicate song misterioso.mp3 x",
    "playlistadd \"\" misterioso.mp3",
    "playlistadd \"a/b\" misterioso.mp3",
    "playlistadd mine nowhere.mp3",
    "playlistmove nothing 0 1",
    "searchaddpl mine artist",
    "save \"\"",
    "sendmessage \"a b\" hello",
    "subscribe \"\"",
    "readmessages x",
    "albumart misterioso.mp3",
    "binarylimit x",
];

/// Commands about the three songs that were added, whose entries are `ID0` to `ID2`: answers and refusals are the same to the letter.
const ENTRIES: &[&str] = &[
    "prio 7 0:2",
    "playlistinfo 0:3",
    "prio 255 1 2",
    "plchanges -1 0:3",
    "prioid 9 ID0 ID2",
    "playlistid ID2",
    "prio 0 0:3",
    "playlistinfo 0:3",
    "prio",
    "prio 1",
    "prio x 0",
    "prio 256 0",
    "prio -1 0",
    "prio 7 999",
    "prio 7 999:",
    "prio 7 0 999",
    "playlistinfo 0",
    "prio 0 0",
    "prioid 7",
    "prioid 7 x",
    "prioid 7 999999",
    "prioid 256 ID0",
    "rangeid ID0",
    "rangeid x 1:2",
    "rangeid 999999 x",
    "rangeid 999999 1:2",
    "rangeid ID0 1:2",
    "playlistinfo 0",
    "rangeid ID0 1.2345:7.9999",
    "playlistinfo 0",
    "rangeid ID0 1.5:",
    "playlistinfo 0",
    "rangeid ID0 :4.25",
    "playlistinfo 0",
    "rangeid ID0 2:3600",
    "playlistinfo 0",
    "rangeid ID0 0:0",
    "playlistinfo 0",
    "rangeid ID0 5:0",
    "playlistinfo 0",
    "rangeid ID0 :",
    "playlistinfo 0",
    "rangeid ID0 5",
    "rangeid ID0 5:5",
    "rangeid ID0 5:4",
    "rangeid ID0 -1:4",
    "rangeid ID0 1:2x",
    "rangeid ID0 1:2:3",
    "rangeid ID0 3600:",
    "rangeid ID0 3600:1",
    "addtagid ID0 artist",
    "addtagid x artist x",
    "addtagid 999999 nonsense x",
    "addtagid 999999 artist x",
    "addtagid ID0 artist x",
    "cleartagid",
    "cleartagid x",
    "cleartagid 999999",
    "cleartagid ID0",
    "cleartagid ID0 nonsense",
    "cleartagid ID0 artist",
    "cleartagid ID0 artist x",
    "outputset 0 a",
    "outputset x a b",
    "outputset 99 a b",
    "newpartition",
    "newpartition \"\"",
    "newpartition \"a b\"",
    "newpartition default",
    "delpartition nothing",
    "delpartition \"a b\"",
    "delpartition default",
    "moveoutput nothing",
    "mount nothing",
    "mount \"\" nfs://x/y",
    "mount a/b nfs://x/y",
    "unmount \"\"",
    "unmount nothing",
    "random 1",
    "random 1",
    "random x",
    // The third song is to come first.
    "prioid 20 ID2",
    "play",
];

/// Commands that both refuse with the same code, and the radio with more words.
const ENTRIES_WRONG: &[&str] =
    &["outputset 0 a b", "mount nothing xyz://a", "getfingerprint nowhere.mp3", "prio 7 x", "prio 7 3:1"];

/// While the third song plays at random: priorities of the others, and the one that comes next then.
const RAISED: &[(&str, usize)] =
    &[("prioid 5 ID0", 0), ("prioid 6 ID1", 1), ("prioid 7 ID0", 0), ("prioid 0 ID0", 1), ("prioid 255 ID2", 1)];

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[])?;
    radio.imported()?;
    let (_process, theirs) = mpd(context)?;
    let mut radio = Client::connect(address(&radio)?)?;
    let mut mpd = Client::connect(theirs)?;
    eventually("MPD's own import", || Ok((mpd.done("stats")?.value("songs") == Some("3")).then_some(())))?;
    radio.done("clear")?;
    for client in [&mut radio, &mut mpd] {
        client.done("add misterioso.mp3")?;
        client.done("add jazz")?;
    }
    for command in SAME {
        compare(command, &radio.done(command)?, &mpd.done(command)?)?;
    }
    for command in WRONG {
        let (ours, theirs) = (radio.ask(command)?, mpd.ask(command)?);
        ensure_eq!(code(&ours), code(&theirs), "{command:?}: {:?}, and MPD {:?}", ours.refusal, theirs.refusal);
    }
    status(&radio.done("status")?, &mpd.done("status")?)?;
    entries(&mut radio, &mut mpd)?;
    let (ours, theirs) = (radio.done("tagtypes")?, mpd.done("tagtypes")?);
    let missing: Vec<_> =
        theirs.values("tagtype").into_iter().filter(|tag| !ours.values("tagtype").contains(tag)).collect();
    ensure!(missing.is_empty(), "tags that only MPD has: {missing:?}");
    let (ours, theirs) = (radio.done("commands")?, mpd.done("commands")?);
    let known: BTreeSet<_> = ours.values("command").into_iter().collect();
    let missing: Vec<_> = theirs.values("command").into_iter().filter(|command| !known.contains(command)).collect();
    ensure!(missing.is_empty(), "commands that only MPD has: {missing:?}");
    Ok(())
}

/// MPD on the same directory, with its database in memory of its own.
fn mpd(context: &Context) -> Result<(Process, SocketAddr), Failure> {
    let scratch = context.scratch().path();
    std::fs::create_dir_all(scratch.join("playlists"))?;
    // MPD takes no port 0: a port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let configuration = format!(
        "music_directory \"{0}/music\"\nplaylist_directory \"{0}/playlists\"\ndb_file \"{0}/mpd.db\"\n\
         sticker_file \"{0}/sticker.db\"\n\
         bind_to_address \"127.0.0.1\"\nport \"{1}\"\nauto_update \"no\"\nzeroconf_enabled \"no\"\n\
         audio_output {{\n type \"null\"\n name \"nowhere\"\n mixer_type \"none\"\n}}\n",
        scratch.display(),
        address.port(),
    );
    std::fs::write(scratch.join("mpd.conf"), configuration)?;
    let mut command = Command::new("mpd");
    command.args(["--no-daemon", "--stderr"]).arg(scratch.join("mpd.conf"));
    let process = context.start("mpd", command)?;
    eventually("MPD", || Ok(std::net::TcpStream::connect(address).ok()))?;
    Client::connect(address)?.done("update")?;
    Ok((process, address))
}

/// The entries of the queue.
fn entries(radio: &mut Client, mpd: &mut Client) -> Verdict {
    let mut clients = [radio, mpd];
    let mut ids: Vec<Vec<String>> = Vec::new();
    for client in &mut clients {
        client.done("clear")?;
        client.done("add misterioso.mp3")?;
        client.done("add \"jazz/so what.mp3\"")?;
        client.done("add \"jazz/all blues.mp3\"")?;
        ids.push(client.done("playlistinfo 0:3")?.values("Id").iter().map(ToString::to_string).collect());
    }
    let mut ask = |command: &str| -> Result<[Reply; 2], Failure> {
        let mut replies = Vec::new();
        for (client, ids) in clients.iter_mut().zip(&ids) {
            let named = (0..3).fold(command.to_owned(), |text, at| text.replace(&format!("ID{at}"), &ids[at]));
            replies.push(client.ask(&named)?);
        }
        replies.try_into().map_err(|_| Failure::new("two were asked"))
    };
    for command in ENTRIES {
        let [ours, theirs] = ask(command)?;
        ensure_eq!(ours.refusal, theirs.refusal, "{command:?}");
        compare(command, &ours, &theirs)?;
        let is_part = |reply: &Reply| reply.value("Range").is_some_and(|range| !range.ends_with('-'));
        if is_part(&theirs) {
            ensure_eq!(ours.value("duration"), theirs.value("duration"), "{command:?}");
            ensure_eq!(ours.value("Time"), theirs.value("Time"), "{command:?}");
        }
    }
    for command in ENTRIES_WRONG {
        let [ours, theirs] = ask(command)?;
        ensure_eq!(code(&ours), code(&theirs), "{command:?}: {:?}, and MPD {:?}", ours.refusal, theirs.refusal);
    }
    for (command, next) in RAISED {
        ask(command)?;
        let named = ask("status")?.map(|status| status.value("nextsongid").map(str::to_owned));
        for (named, ids) in named.iter().zip(&ids) {
            ensure_eq!(named.as_deref(), Some(ids[*next].as_str()), "{command:?}: what comes next of {ids:?}");
        }
    }
    for client in clients {
        // At random, MPD 0.23 confuses places in the order with those in the queue.
        for command in ["stop", "random 0", "clear", "add misterioso.mp3", "play"] {
            client.done(command)?;
        }
        let id = client.done("currentsong")?.value("Id").unwrap_or_default().to_owned();
        let refused = client.ask(&format!("rangeid {id} 1:2"))?.refusal;
        ensure_eq!(refused, "ACK [4@0] {rangeid} Cannot edit the current song", "the current song");
        client.done("stop")?;
    }
    Ok(())
}

fn compare(command: &str, ours: &Reply, theirs: &Reply) -> Verdict {
    let (mut ours, mut theirs) = (records(ours), records(theirs));
    // Of a directory MPD tells the songs first, in no order; the radio the directories, in that of their names.
    if command.starts_with("ls") || command.starts_with("list") {
        ours.sort();
        theirs.sort();
    }
    ensure_eq!(ours, theirs, "{command:?}");
    Ok(())
}

/// What is told of each file, directory and playlist. A song's tags come in the order of its file from MPD, in one of their own from
/// the radio.
fn records(reply: &Reply) -> Vec<Vec<String>> {
    let mut records: Vec<Vec<String>> = Vec::new();
    for (name, value) in reply.pairs.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
        let line = if UNEQUAL.contains(&name.as_str()) { name.clone() } else { format!("{name}: {value}") };
        match records.last_mut() {
            Some(record) if !["file", "directory", "playlist"].contains(&name.as_str()) => record.push(line),
            _ => records.push(vec![line]),
        }
    }
    for record in &mut records {
        if record[0].starts_with("file: ") {
            record[1..].sort();
        }
    }
    records
}

/// The number in `ACK [NUMBER@PLACE]`, and the place; none: it was done.
fn code(reply: &Reply) -> Option<&str> {
    reply.refusal.strip_prefix("ACK [")?.split(']').next()
}

/// Everything that MPD tells of a stopped player is told.
fn status(ours: &Reply, theirs: &Reply) -> Verdict {
    for (name, _) in &theirs.pairs {
        // What was selected but is not played is a thing of MPD's queue.
        let is_of_mpd = ["song", "songid", "nextsong", "nextsongid", "volume"].contains(&name.as_str());
        ensure!(is_of_mpd || ours.value(name).is_some(), "status: no {name} in {:?}", ours.pairs);
    }
    Ok(())
}
