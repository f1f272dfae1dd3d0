//! M.A.L.P. (Android): what it asks when it connects, and every command that it can send, in its own spelling (double spaces, quotes, lists
//! of commands); each answer has the names that its parser looks for. What a station does not have is refused, and it goes on.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::mpd_station::{Client, address, start};

pub(super) const SCENARIO: Scenario = Scenario { name: "radio/mpd_malp", needs: &[], run };

/// What its list of albums asks for with each, for the tags that the server says it has.
const ALBUM_GROUPS: &str = "group albumartist group albumartistsort group musicbrainz_albumid group date";

/// What it looks for in a song.
const SONG: &[&str] = &["file", "Last-Modified", "Artist", "Album", "Title", "Date", "Time"];

/// What it looks for in a song of the queue.
const QUEUED: &[&str] = &["file", "Artist", "Album", "Title", "Time", "Pos", "Id"];

/// What it looks for in the status while a song plays.
const STATUS: &[&str] = &[
    "repeat",
    "random",
    "single",
    "consume",
    "playlist",
    "playlistlength",
    "state",
    "song",
    "nextsong",
    "time",
    "elapsed",
    "bitrate",
    "audio",
];

/// Commands without a part of their own, in an order in which each has something to work on, and the names that have to be in the answer.
const FIXED: &[(&str, &[&str])] = &[
    ("list artist", &["Artist"]),
    ("list artist group MUSICBRAINZ_ARTISTID", &["Artist"]),
    ("list albumartist", &["AlbumArtist"]),
    ("list albumartist group MUSICBRAINZ_ARTISTID", &["AlbumArtist"]),
    ("list artistsort", &["ArtistSort"]),
    ("list artistsort group MUSICBRAINZ_ARTISTID", &["ArtistSort"]),
    ("list albumartistsort", &["AlbumArtistSort"]),
    ("list albumartistsort group MUSICBRAINZ_ARTISTID", &["AlbumArtistSort"]),
    ("find album \"Blue\"", SONG),
    ("listallinfo", &["directory", "file", "Title", "Time"]),
    ("lsinfo \"\"", &["directory", "Last-Modified", "file"]),
    ("lsinfo \"jazz\"", SONG),
    ("stats", &["uptime", "playtime", "artists", "albums", "songs", "db_playtime", "db_update"]),
    ("search title \"so wh\"", SONG),
    ("search album \"blu\"", SONG),
    ("search artist \"mil\"", SONG),
    ("search file \"misterioso\"", SONG),
    ("search any \"mis\"", SONG),
    ("clear", &[]),
    ("add \"misterioso.mp3\"", &[]),
    ("add \"jazz\"", &[]),
    ("addid \"jazz/so what.mp3\"  0", &["Id"]),
    ("searchadd title \"so wh\"", &[]),
    ("searchadd album \"blu\"", &[]),
    ("searchadd artist \"mil\"", &[]),
    ("searchadd file \"misterioso\"", &[]),
    ("searchadd any \"mis\"", &[]),
    ("command_list_begin\nadd \"jazz/so what.mp3\"\nadd \"jazz/all blues.mp3\"\ncommand_list_end", &[]),
    ("playlistinfo", QUEUED),
    ("playlistinfo 0:2", QUEUED),
    ("playlistfind file \"misterioso.mp3\"", QUEUED),
    ("move 1 2", &[]),
    ("delete 3", &[]),
    ("delete 3:5", &[]),
    ("shuffle", &[]),
    ("play 0", &[]),
    ("status", STATUS),
    ("currentsong", QUEUED),
    ("seek 0 10", &[]),
    ("seekcur 12", &[]),
    ("pause 1", &[]),
    ("pause 0", &[]),
    ("next", &[]),
    ("previous", &[]),
    ("save \"evening\"", &[]),
    ("listplaylists", &["playlist", "Last-Modified"]),
    ("playlistadd \"evening\" \"misterioso.mp3\"", &[]),
    ("listplaylistinfo \"evening\"", SONG),
    ("playlistdelete \"evening\" 0", &[]),
    ("load \"evening\"", &[]),
    ("rm \"evening\"", &[]),
    ("random 1", &[]),
    ("random 0", &[]),
    ("repeat 0", &[]),
    ("single 0", &[]),
    ("consume 1", &[]),
    ("outputs", &["outputid", "outputname", "outputenabled"]),
    ("toggleoutput 0", &[]),
    ("enableoutput 0", &[]),
    ("disableoutput 1", &[]),
    ("enableoutput 1", &[]),
    ("update", &["updating_db"]),
    ("update \"jazz\"", &["updating_db"]),
    ("stop", &[]),
    ("status", &["state", "playlistlength"]),
];

/// Every command, the lists of albums first.
fn script() -> Vec<(String, &'static [&'static str])> {
    let albums = format!("list album {ALBUM_GROUPS}");
    let of = |kind: &str, name: &str| format!("list album {kind} \"{name}\" {ALBUM_GROUPS}");
    let rows: Vec<(String, &'static [&'static str])> = vec![
        (albums, &["Album", "AlbumArtist", "Date"]),
        (of("artist", "Miles"), &["Album"]),
        (of("artistsort", "Miles"), &["Album"]),
        (of("albumartist", "Miles"), &["Album"]),
        (of("albumartistsort", "Miles"), &["Album"]),
        (of("base", "jazz"), &["Album"]),
    ];
    rows.into_iter().chain(FIXED.iter().map(|(command, names)| ((*command).to_owned(), *names))).collect()
}

/// What a station does not have.
const REFUSED: [&str; 4] = ["repeat 1", "single 1", "consume 0", "setvol 50"];

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[])?;
    radio.imported()?;
    let mut client = Client::connect(address(&radio)?)?;
    capabilities(&mut client)?;
    for (command, names) in script() {
        let reply = client.done(&command)?;
        for name in names {
            ensure!(reply.value(name).is_some(), "{command}: no {name} in {:?}", reply.pairs);
        }
        idle(&mut client)?;
    }
    for command in REFUSED {
        let reply = client.ask(command)?;
        ensure!(reply.refusal.starts_with("ACK ["), "{command}: {reply:?}");
    }
    client.done("ping")?;
    client.send("close")?;
    ensure!(client.line().is_err(), "it is still connected");
    let refused = Client::connect(address(&radio)?)?.ask("password \"wrong\"")?;
    ensure_eq!(refused.refusal, "ACK [3@0] {password} incorrect password", "a password that is none");
    Ok(())
}

/// What it asks first, and what it makes of the answers: without these it leaves parts of itself out.
fn capabilities(client: &mut Client) -> Verdict {
    let commands = client.done("commands")?;
    for needed in ["idle", "searchadd", "playlistfind", "albumart", "readpicture"] {
        ensure!(commands.values("command").contains(&needed), "{needed} in {:?}", commands.pairs);
    }
    let tags = client.done("tagtypes")?;
    let tags: Vec<String> = tags.values("tagtype").iter().map(|tag| tag.to_lowercase()).collect();
    for needed in
        ["albumartist", "artistsort", "albumartistsort", "date", "musicbrainz_artistid", "musicbrainz_albumid"]
    {
        ensure!(tags.iter().any(|tag| tag == needed), "{needed} in {tags:?}");
    }
    Ok(())
}

/// Between its commands it waits for changes, and breaks that off before the next.
fn idle(client: &mut Client) -> Verdict {
    client.send("idle")?;
    client.send("noidle")?;
    loop {
        let line = client.line()?;
        if line == "OK" {
            return Ok(());
        }
        ensure!(line.starts_with("changed: "), "idle: {line:?}");
    }
}
