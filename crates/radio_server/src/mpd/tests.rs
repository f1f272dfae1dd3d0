//! The whole front over TCP, with a library of four songs and a real station that sends to nobody.

mod order;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use control::log::Logging;
use radio_library::Library;
use radio_library::import::{ImportOptions, Progress};
use radio_stream::link::{Event, LibraryEnd, Request};
use radio_stream::senders::{SenderSettings, http};
use radio_stream::stream_side::{StreamSettings, StreamSide};
use tokio::sync::watch;

use super::limits::{LINE_BYTES_MAX, LIST_BYTES_MAX};
use super::{Access, serve};
use crate::context::{Context, ContextParts};
use crate::importer::Importer;
use crate::program::Program;
use crate::rights::Rights;
use crate::station::Station;

const READ: Rights = Rights::LIBRARY_READ.and(Rights::STREAM_READ);

/// A radio that MPD clients can reach.
struct Radio {
    address: SocketAddr,
    music: PathBuf,
    library: Arc<Library>,
    link: LibraryEnd,
    access: watch::Sender<Access>,
    stream_side: Option<StreamSide>,
    _runtime: tokio::runtime::Runtime,
    _directory: tempfile::TempDir,
}

impl Drop for Radio {
    fn drop(&mut self) {
        if let Some(stream_side) = self.stream_side.take() {
            stream_side.stop();
        }
    }
}

/// Path below the music, artist, title, album.
const SONGS: [[&str; 4]; 4] = [
    ["blue/1 so what.mp3", "Miles", "So What", "Blue"],
    ["blue/2 all blues.mp3", "Miles", "All Blues", "Blue"],
    ["round/epistrophy.mp3", "Monk", "Epistrophy", "Round"],
    ["round/misterioso.mp3", "Monk", "Misterioso", "Round"],
];

impl Radio {
    fn new() -> Self {
        Self::with(Access::default())
    }

    fn with(access: Access) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let music = directory.path().join("music");
        for (seed, [path, artist, title, album]) in (1..).zip(SONGS) {
            write_song(&music.join(path), [artist, title, album], seed);
        }
        std::fs::write(music.join("blue/cover.jpg"), picture()).unwrap();
        let library = Arc::new(Library::open(&directory.path().join("state")).unwrap());
        let mut observer = |_: Progress<'_>| std::ops::ControlFlow::Continue(());
        library.import(std::slice::from_ref(&music), &ImportOptions::new(1), &mut observer).unwrap();
        let http = http::HttpSettings::new(vec![http::bind("127.0.0.1:0".parse().unwrap()).unwrap()]);
        let senders = SenderSettings { http: Some(http), ..SenderSettings::default() };
        let settings = StreamSettings { senders, ..StreamSettings::default() };
        let stream_side = StreamSide::start(settings).unwrap();
        let (near, far) = UnixStream::pair().unwrap();
        stream_side.attach(near);
        let (status, watched) = watch::channel(None);
        let program: Arc<OnceLock<Arc<Program>>> = Arc::default();
        let hearing = Arc::clone(&program);
        let link = LibraryEnd::start(far, move |event| match event {
            Ok(Event::Status { status: new }) => drop(status.send_replace(Some(Arc::new(*new)))),
            Ok(event) => hearing.wait().happened(event),
            Err(_) => {}
        });
        let link = link.unwrap();
        let started = Program::start(Arc::clone(&library), link.clone(), 1, None).unwrap();
        let _ = program.set(Arc::clone(&started));
        let context = Arc::new(Context::new(ContextParts {
            program: started,
            station: Station::new(link.clone(), watched.clone()),
            import: Importer::new(Arc::clone(&library)),
            logging: Logging::with_console("radio", Box::new(std::io::sink())),
            directories: vec![music.clone()],
            users: watch::channel(Arc::default()).1,
            library: Arc::clone(&library),
        }));
        link.ask(Request::Subscribe).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.block_on(async {
            let mut watched = watched;
            // The station has told how it is, and has been told what is next.
            watched.wait_for(|status| status.as_ref().is_some_and(|status| status.queue_length >= 3)).await.unwrap();
        });
        let (access, watched) = watch::channel(access);
        runtime.spawn(serve(vec![listener].into(), context, watched));
        Self {
            address,
            music,
            library,
            link,
            access,
            stream_side: Some(stream_side),
            _runtime: runtime,
            _directory: directory,
        }
    }

    fn client(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
        let mut client = Client(BufReader::new(stream));
        assert!(client.line().starts_with("OK MPD 0.23"));
        client
    }
}

/// Frames of silence behind an ID3v2.4 tag.
fn write_song(path: &Path, [artist, title, album]: [&str; 3], seed: u8) {
    let mut frames = Vec::new();
    for (name, text) in [("TPE1", artist), ("TIT2", title), ("TALB", album), ("TDRC", "1959")] {
        frames.extend_from_slice(name.as_bytes());
        frames.extend_from_slice(&u32::try_from(text.len() + 1).unwrap().to_be_bytes());
        frames.extend_from_slice(&[0, 0, 3]);
        frames.extend_from_slice(text.as_bytes());
    }
    let length = frames.len();
    assert!(length < 1 << 14, "a length of seven bits a byte");
    let mut file = b"ID3\x04\0\0\0\0".to_vec();
    file.extend([u8::try_from(length >> 7).unwrap(), u8::try_from(length & 0x7f).unwrap()]);
    file.extend(frames);
    // MPEG 1 layer III, 128 kbit/s, 44.1 kHz, without a checksum: 417 bytes a frame, a minute of them.
    let mut frame = vec![0_u8; 417];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0xc4]);
    frame[40] = seed;
    (0..2297).for_each(|_| file.extend_from_slice(&frame));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, file).unwrap();
}

fn picture() -> Vec<u8> {
    (0..20_000_u32).map(|number| u8::try_from(number * 7 % 251).unwrap()).collect()
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Lines up to `OK` or `ACK`, which is the last.
    fn answer(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "closed after {lines:?}");
            let last = line == "OK" || line.starts_with("ACK ");
            lines.push(line);
            if last {
                return lines;
            }
        }
    }

    /// What a command says; it has to be carried out.
    fn say(&mut self, command: &str) -> Vec<String> {
        self.send(&format!("{command}\n"));
        let mut lines = self.answer();
        assert_eq!(lines.pop().unwrap(), "OK", "{command}: {lines:?}");
        lines
    }

    /// Why a command is refused.
    fn refused(&mut self, command: &str) -> String {
        self.send(&format!("{command}\n"));
        let lines = self.answer();
        assert_eq!(lines.len(), 1, "{command}: {lines:?}");
        assert!(lines[0].starts_with("ACK "), "{command} is carried out");
        lines[0].clone()
    }

    /// The values of a name in what a command says.
    fn values(&mut self, command: &str, name: &str) -> Vec<String> {
        let prefix = format!("{name}: ");
        self.say(command).iter().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
    }

    fn value(&mut self, command: &str, name: &str) -> String {
        self.values(command, name).into_iter().next().unwrap_or_default()
    }

    /// Says something until a value is as it should be, and waits for changes in between.
    fn wait_for(&mut self, name: &str, expected: &str) {
        while self.value("status", name) != expected {
            self.say("idle");
        }
    }

    /// Empties the queue of what was chosen, until the mood chooses again.
    fn queue_of(&mut self, files: &[&str]) {
        for file in files {
            self.say(&format!("add \"{file}\""));
        }
    }

    fn closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).is_ok()
    }
}

#[test]
fn commands_that_are_none_are_refused_as_mpd_does() {
    let radio = Radio::new();
    let mut client = radio.client();
    assert!(client.say("ping").is_empty());
    assert_eq!(client.refused("pong"), "ACK [5@0] {} unknown command \"pong\"");
    assert_eq!(client.refused("ping 1"), "ACK [2@0] {ping} wrong number of arguments for \"ping\"");
    assert_eq!(client.refused("addid"), "ACK [2@0] {addid} too few arguments for \"addid\"");
    assert_eq!(client.refused("seek x 1"), "ACK [2@0] {seek} Integer expected: x");
    assert_eq!(client.refused("play \"1"), "ACK [5@0] {} Missing closing '\"'");
    assert_eq!(client.refused("add nothing"), "ACK [50@0] {add} No such directory");
    assert!(client.refused("add ../etc").contains("Malformed path"));
}

#[test]
fn lists_are_carried_out_up_to_the_first_refusal() {
    let radio = Radio::new();
    let mut client = radio.client();
    client.send("command_list_ok_begin\nping\nping\ncommand_list_end\n");
    assert_eq!(client.answer(), ["list_OK", "list_OK", "OK"]);
    client.send("command_list_begin\nping\nsave kept\nplay 999\nsave never\ncommand_list_end\n");
    assert_eq!(client.answer(), ["ACK [2@2] {play} Bad song index"]);
    assert_eq!(client.values("listplaylists", "playlist"), ["kept"]);
}

#[test]
fn passwords_give_rights() {
    let passwords = vec![("secret".to_owned(), Rights::ALL), ("look".to_owned(), READ)];
    let radio = Radio::with(Access { rights: Rights::NONE, passwords });
    let mut client = radio.client();
    assert_eq!(client.refused("status"), "ACK [4@0] {status} you don't have permission for \"status\"");
    assert!(!client.values("commands", "command").contains(&"play".to_owned()));
    assert!(client.values("notcommands", "command").contains(&"play".to_owned()));
    assert_eq!(client.refused("password wrong"), "ACK [3@0] {password} incorrect password");
    client.say("password look");
    client.say("status");
    assert!(client.refused("play").contains("permission"));
    assert!(client.refused("sticker set song \"blue/1 so what.mp3\" a b").contains("permission"));
    client.say("password secret");
    client.say("play");
    assert!(client.values("commands", "command").contains(&"idle".to_owned()));
    assert!(client.values("notcommands", "command").is_empty());
}

#[test]
fn rights_that_change_hold_for_those_who_are_connected() {
    let radio = Radio::with(Access { rights: READ, passwords: vec![("secret".to_owned(), Rights::ALL)] });
    let mut client = radio.client();
    client.say("password secret");
    client.say("play");
    radio.access.send_modify(|access| access.passwords[0].0 = "other".to_owned());
    assert!(client.refused("pause").contains("permission"), "the password is none any more");
    client.say("status");
    radio.access.send_modify(|access| access.rights = Rights::NONE);
    assert!(client.refused("status").contains("permission"));
    client.say("password other");
    client.say("pause");
}

#[test]
fn a_station_is_played_paused_and_sought_in() {
    let radio = Radio::new();
    let mut client = radio.client();
    assert_eq!(client.value("status", "state"), "stop");
    assert!(client.say("currentsong").is_empty());
    client.queue_of(&["round/epistrophy.mp3"]);
    client.say("play");
    client.wait_for("state", "play");
    while client.value("currentsong", "Title") != "Epistrophy" {
        client.say("idle player");
    }
    assert_eq!(client.value("currentsong", "file"), "round/epistrophy.mp3");
    assert_eq!(client.value("currentsong", "Pos"), "0");
    assert_eq!(client.value("currentsong", "Id"), client.value("status", "songid"));
    assert_eq!(client.value("status", "audio"), "44100:*:1");
    assert_eq!(client.value("status", "nextsong"), "1");
    client.say("pause 1");
    client.wait_for("state", "pause");
    client.say("seekcur 30");
    client.say("seekcur +10.5");
    let elapsed: f64 = client.value("status", "elapsed").parse().unwrap();
    assert!((40.0..41.0).contains(&elapsed), "{elapsed}");
    client.say("previous");
    client.say("pause");
    client.wait_for("state", "play");
    let next = client.value("status", "nextsongid");
    client.say("next");
    while client.value("status", "songid") != next {
        client.say("idle");
    }
    client.say("single oneshot");
    client.wait_for("single", "oneshot");
    client.say("single 0");
    client.wait_for("single", "0");
    client.say("stop");
    client.wait_for("state", "stop");
    assert!(client.refused("play 500").contains("Bad song index"));
    assert!(client.refused("playid 500000").starts_with("ACK [50@0] {playid} there is no entry 500000"));
}

#[test]
fn what_a_station_does_not_have_is_refused_with_what_there_is() {
    let radio = Radio::new();
    let mut client = radio.client();
    for (command, there_is) in [
        ("consume 0", "is consumed"),
        ("repeat 1", "mood or playlist goes on"),
        ("single 1", "single oneshot"),
        ("setvol 50", "no mixer"),
        ("crossfade 3", "not decoded"),
        ("mount a b", "over ssh"),
        ("newpartition a", "another service"),
        ("config", "local clients"),
    ] {
        assert!(client.refused(command).contains(there_is), "{command}");
    }
    for command in ["consume 1", "repeat 0", "random 0", "single 0", "crossfade 0", "partition default", "getvol"] {
        client.say(command);
    }
    assert_eq!(client.value("replay_gain_status", "replay_gain_mode"), "off");
    assert_eq!(client.value("listmounts", "storage"), radio.music.display().to_string());
}

#[test]
fn the_queue_is_changed() {
    let radio = Radio::new();
    let mut client = radio.client();
    let version = client.value("status", "playlist");
    client.say("add blue");
    let files = |client: &mut Client| client.values("playlistinfo", "file");
    assert_eq!(files(&mut client)[..2], ["blue/1 so what.mp3", "blue/2 all blues.mp3"]);
    let id = client.value("addid round/misterioso.mp3 1", "Id");
    assert_eq!(files(&mut client)[1], "round/misterioso.mp3");
    assert_eq!(client.value(&format!("playlistid {id}"), "Pos"), "1");
    let changed = client.values(&format!("plchanges {version}"), "file");
    assert!(changed.contains(&"round/misterioso.mp3".to_owned()), "{changed:?}");
    assert!(client.values(&format!("plchangesposid {version}"), "Id").contains(&id));
    client.say(&format!("moveid {id} 0"));
    assert_eq!(files(&mut client)[0], "round/misterioso.mp3");
    client.say("swap 0 2");
    assert_eq!(files(&mut client)[..3], ["blue/2 all blues.mp3", "blue/1 so what.mp3", "round/misterioso.mp3"]);
    client.say("move 0:2 1");
    assert_eq!(files(&mut client)[..3], ["round/misterioso.mp3", "blue/2 all blues.mp3", "blue/1 so what.mp3"]);
    client.say("shuffle 0:3");
    let mut shuffled = files(&mut client)[..3].to_vec();
    shuffled.sort();
    assert_eq!(shuffled, ["blue/1 so what.mp3", "blue/2 all blues.mp3", "round/misterioso.mp3"]);
    assert!(!client.values("playlistsearch title mister", "Id").is_empty());
    client.say(&format!("deleteid {id}"));
    assert!(client.refused(&format!("playlistid {id}")).contains("No such song"));
    assert!(client.refused(&format!("deleteid {id}")).contains("No such song"));
    let length: usize = client.value("status", "playlistlength").parse().unwrap();
    client.say("delete 0:2");
    assert_eq!(client.values("playlist", "0:file").len(), 1);
    let shorter: usize = client.value("status", "playlistlength").parse().unwrap();
    assert!(shorter <= length, "{shorter} of {length}");
    assert!(client.refused("delete 9999").contains("Bad song index"));
    client.say("clear");
    client.say("searchadd artist monk");
    assert_eq!(files(&mut client)[..2], ["round/epistrophy.mp3", "round/misterioso.mp3"]);
}

#[test]
fn the_library_is_asked() {
    let radio = Radio::new();
    let mut client = radio.client();
    assert_eq!(client.values("find artist Miles", "Title"), ["So What", "All Blues"]);
    assert!(client.say("find artist miles").is_empty());
    assert_eq!(client.values("search any BLUE", "Title"), ["So What", "All Blues"]);
    let expression = r#"find "((Artist == \"Monk\") AND (Title starts_with 'Mis'))""#;
    assert_eq!(client.values(expression, "file"), ["round/misterioso.mp3"]);
    assert_eq!(client.values("find artist Monk sort -Title window 0:1", "Title"), ["Misterioso"]);
    assert_eq!(client.values("find base round", "Album"), ["Round", "Round"]);
    assert_eq!(client.say("count artist Miles")[0], "songs: 2");
    assert_eq!(client.values("count \"(file contains 'mp3')\" group artist", "Artist"), ["Miles", "Monk"]);
    assert_eq!(
        client.say("list title group artist group album"),
        [
            "Album: Blue",
            "Artist: Miles",
            "Title: All Blues",
            "Title: So What",
            "Album: Round",
            "Artist: Monk",
            "Title: Epistrophy",
            "Title: Misterioso"
        ]
    );
    assert_eq!(client.say("list album Monk"), ["Album: Round"]);
    assert_eq!(client.values("lsinfo", "directory"), ["blue", "round"]);
    assert_eq!(client.values("listall", "directory"), ["blue", "round"]);
    assert_eq!(client.say("listall blue")[0], "directory: blue");
    assert_eq!(client.say("listall \"blue/1 so what.mp3\""), ["file: blue/1 so what.mp3"]);
    assert_eq!(client.values("lsinfo blue/", "Title"), ["So What", "All Blues"]);
    assert!(client.refused("lsinfo green").contains("No such directory"));
    assert_eq!(
        client.say("listall")[..3],
        ["directory: blue", "file: blue/1 so what.mp3", "file: blue/2 all blues.mp3"]
    );
    assert_eq!(client.values("listallinfo", "Title").len(), 4);
    assert_eq!(client.values("listfiles blue", "file").len(), 3);
    assert_eq!(client.value("stats", "songs"), "4");
    assert_eq!(client.value("readcomments \"blue/1 so what.mp3\"", "Album"), "Blue");
    assert!(client.refused("find colour x").contains("Unknown filter type"));
}

#[test]
fn an_update_finds_what_is_new_and_tells() {
    let radio = Radio::new();
    let (mut client, mut waiting) = (radio.client(), radio.client());
    write_song(&radio.music.join("new.mp3"), ["Ella", "New", "New"], 9);
    waiting.send("idle database\n");
    assert!(!client.value("update", "updating_db").is_empty());
    assert_eq!(waiting.answer(), ["changed: database", "OK"]);
    assert_eq!(client.values("find artist Ella", "file"), ["new.mp3"]);
}

#[test]
fn playlists_are_stored() {
    let radio = Radio::new();
    let mut client = radio.client();
    client.say("playlistadd evening blue");
    client.say("playlistadd evening round/epistrophy.mp3");
    let files = |client: &mut Client| client.values("listplaylist evening", "file");
    assert_eq!(files(&mut client), ["blue/1 so what.mp3", "blue/2 all blues.mp3", "round/epistrophy.mp3"]);
    client.say("playlistmove evening 2 0");
    client.say("playlistdelete evening 1");
    assert_eq!(files(&mut client), ["round/epistrophy.mp3", "blue/2 all blues.mp3"]);
    assert_eq!(client.values("listplaylistinfo evening", "Title"), ["Epistrophy", "All Blues"]);
    assert_eq!(client.values("searchplaylist evening artist mil", "Title"), ["All Blues"]);
    assert_eq!(client.values("searchplaylist evening \"(file contains 'mp3')\" window 0:1", "Title"), ["Epistrophy"]);
    assert!(client.refused("searchplaylist none any x").contains("No such playlist"));
    assert_eq!(client.value("playlistlength evening", "songs"), "2");
    client.say("clear");
    client.say("load evening 1:");
    assert_eq!(client.values("playlistinfo 0", "file"), ["blue/2 all blues.mp3"]);
    client.say("rename evening night");
    client.say("searchaddpl night title misterioso");
    assert_eq!(client.values("listplaylist night", "file").len(), 3);
    assert!(client.refused("load evening").contains("No such playlist"));
    assert!(client.refused("save night").contains("already exists"));
    client.say("save night replace");
    client.say("rm night");
    assert!(client.values("listplaylists", "playlist").is_empty());
    assert!(client.refused("rm night").contains("No such playlist"));
}

#[test]
fn stickers_are_kept() {
    let radio = Radio::new();
    let mut client = radio.client();
    let song = "song \"blue/1 so what.mp3\"";
    client.say(&format!("sticker set {song} rating 8"));
    assert_eq!(client.say(&format!("sticker get {song} rating")), ["sticker: rating=8"]);
    assert_eq!(client.say(&format!("sticker list {song}")), ["sticker: rating=8"]);
    assert_eq!(client.say("sticker find song \"\" rating"), ["file: blue/1 so what.mp3", "sticker: rating=8"]);
    assert_eq!(client.values("sticker find song blue rating gt 7", "file").len(), 1);
    assert!(client.say("sticker find song round rating").is_empty());
    assert!(client.say("sticker find song blue rating lt 7").is_empty());
    client.say(&format!("sticker delete {song} rating"));
    assert!(client.refused(&format!("sticker get {song} rating")).contains("no such sticker"));
    assert!(client.refused("sticker get song x y").contains("No such song"));
}

#[test]
fn pictures_come_in_pieces() {
    let radio = Radio::new();
    let mut client = radio.client();
    client.say("binarylimit 9000");
    let mut received = Vec::new();
    while received.len() < picture().len() {
        client.send(&format!("albumart \"blue/1 so what.mp3\" {}\n", received.len()));
        assert_eq!(client.line(), format!("size: {}", picture().len()));
        let length: usize = client.line().strip_prefix("binary: ").unwrap().parse().unwrap();
        assert!(length <= 9000);
        let mut piece = vec![0; length];
        client.0.read_exact(&mut piece).unwrap();
        received.extend(piece);
        assert_eq!(client.line(), "");
        assert_eq!(client.line(), "OK");
    }
    assert_eq!(received, picture());
    assert!(client.refused("albumart round/epistrophy.mp3 0").contains("No file exists"));
    assert!(client.say("readpicture round/epistrophy.mp3 0").is_empty(), "a song without a picture");
    assert!(client.refused("albumart \"blue/1 so what.mp3\" 20001").contains("Bad file offset"));
    assert!(client.refused("binarylimit 1").contains("too small"));
}

#[test]
fn outputs_are_senders() {
    let radio = Radio::new();
    let (mut client, mut waiting) = (radio.client(), radio.client());
    assert!(client.values("outputs", "outputname").contains(&"http".to_owned()));
    waiting.send("idle output\n");
    client.say("disableoutput 0");
    assert_eq!(waiting.answer(), ["changed: output", "OK"]);
    assert_eq!(client.values("outputs", "outputenabled")[0], "0");
    // What a client has changed it sees, however often.
    for expected in ["1", "0", "1", "0", "1", "0", "1"] {
        client.say("toggleoutput 0");
        assert_eq!(client.values("outputs", "outputenabled")[0], expected);
    }
    assert!(client.refused("enableoutput 99").contains("No such audio output"));
}

#[test]
fn clients_send_each_other_messages() {
    let radio = Radio::new();
    let (mut one, mut other) = (radio.client(), radio.client());
    assert!(one.refused("sendmessage room hello").contains("nobody is subscribed"));
    other.say("subscribe room");
    assert!(other.refused("subscribe room").contains("already subscribed"));
    other.send("idle message\n");
    one.say("sendmessage room \"hello you\"");
    assert_eq!(other.answer(), ["changed: message", "OK"]);
    assert_eq!(other.say("readmessages"), ["channel: room", "message: hello you"]);
    assert_eq!(one.values("channels", "channel"), ["room"]);
    other.say("unsubscribe room");
    assert!(one.say("channels").is_empty());
}

#[test]
fn idle_tells_what_was_missed_and_ends_on_request() {
    let radio = Radio::new();
    let mut client = radio.client();
    client.say("playlistadd a blue");
    assert_eq!(client.say("idle stored_playlist"), ["changed: stored_playlist"]);
    client.send("idle stored_playlist\nnoidle\n");
    assert_eq!(client.answer(), ["OK"]);
    assert!(client.refused("idle nonsense").contains("Unrecognized idle event"));
    client.say("ping");
}

#[test]
fn idle_tells_of_the_station() {
    let radio = Radio::new();
    let (mut client, mut queue, mut player) = (radio.client(), radio.client(), radio.client());
    queue.send("idle playlist\n");
    client.say("add blue");
    assert_eq!(queue.answer(), ["changed: playlist", "OK"]);
    player.send("idle player\n");
    client.say("play");
    assert_eq!(player.answer(), ["changed: player", "OK"]);
    player.send("idle options\n");
    client.say("single oneshot");
    assert_eq!(player.answer(), ["changed: options", "OK"]);
}

#[test]
fn another_directory_of_music_moves_the_base() {
    let radio = Radio::new();
    let mut client = radio.client();
    assert_eq!(client.values("lsinfo", "directory"), ["blue", "round"]);
    let other = radio.music.parent().unwrap().join("more");
    write_song(&other.join("ella.mp3"), ["Ella", "Misty", "Misty"], 9);
    let mut observer = |_: Progress<'_>| std::ops::ControlFlow::Continue(());
    radio.library.import(&[other], &ImportOptions::new(2), &mut observer).unwrap();
    assert_eq!(client.values("lsinfo", "directory"), ["more", "music"]);
    assert_eq!(client.values("find artist Ella", "file"), ["more/ella.mp3"]);
}

#[test]
fn tags_are_told_as_far_as_they_are_wanted() {
    let radio = Radio::new();
    let mut client = radio.client();
    assert!(client.values("tagtypes", "tagtype").contains(&"Artist".to_owned()));
    client.say("tagtypes clear");
    assert!(client.values("lsinfo blue", "Title").is_empty());
    client.say("tagtypes enable Title");
    assert_eq!(client.values("lsinfo blue", "Title").len(), 2);
    assert!(client.values("lsinfo blue", "Artist").is_empty());
    client.say("tagtypes all");
    assert_eq!(client.values("lsinfo blue", "Artist").len(), 2);
    assert!(client.refused("tagtypes enable Colour").contains("Unknown tag type"));
    assert!(client.values("decoders", "mime_type").contains(&"audio/mpeg".to_owned()));
    assert!(client.say("urlhandlers").is_empty());
}

#[test]
fn hostile_clients_are_cut_off_and_others_go_on() {
    let radio = Radio::new();
    let mut friend = radio.client();
    let long = "x".repeat(LINE_BYTES_MAX + 1);
    let line = format!("ping {}\n", "x".repeat(LINE_BYTES_MAX - 10));
    let list = format!("command_list_begin\n{}", line.repeat(LIST_BYTES_MAX / line.len() + 2));
    for bytes in [long.as_bytes(), list.as_bytes(), b"idle\nping\n"] {
        let mut client = radio.client();
        // It may be cut off in the middle.
        let _ = client.0.get_mut().write_all(bytes);
        let _ = client.0.get_mut().shutdown(std::net::Shutdown::Write);
        client.closed();
        friend.say("ping");
    }
    let mut client = radio.client();
    client.0.get_mut().write_all(b"\xff\x00\x01\nGET / HTTP/1.0\n").unwrap();
    assert!(client.answer()[0].starts_with("ACK [2@0]"));
    assert!(client.answer()[0].contains("unknown command"));
}

/// Pieces of what clients send, in any order: see the fuzz targets, which go on from here.
#[test]
#[expect(clippy::print_stderr, reason = "the test runner keeps it and shows it with a failure")]
fn whatever_clients_send_is_understood_or_refused() {
    use std::hash::{BuildHasher, Hasher, RandomState};
    const LINES: &[&str] = &[
        "status\n",
        "idle",
        " player",
        "\n",
        "noidle\n",
        "command_list_begin\n",
        "command_list_ok_begin\n",
        "command_list_end\n",
        "close",
        "add ",
        "\"",
        "\\",
        " ",
        "\r",
        "ä",
        "\0",
        "find artist \"x y\"\n",
    ];
    const FILTERS: &[&str] = &[
        "(",
        ")",
        "!",
        "Artist",
        " == ",
        "'x'",
        "\"y\\\"\"",
        " AND ",
        "=~",
        "'('",
        "base",
        "any",
        "\n",
        "modified-since",
        "'2025'",
        "contains_ci",
        "(Title != 'z')",
    ];
    let given = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    eprintln!("SEED={seed}");
    let mut state = seed | 1;
    let mut below = |bound: usize| {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        usize::try_from(state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % bound
    };
    for _ in 0..3000 {
        let lines: String = (0..below(30)).map(|_| LINES[below(LINES.len())]).collect();
        super::fuzz_input(lines.as_bytes(), 1 + below(9));
        let filter: String = (0..below(20)).map(|_| FILTERS[below(FILTERS.len())]).collect();
        super::fuzz_filter(&filter);
    }
}
