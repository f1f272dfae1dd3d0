//! The order at random, priorities, parts of songs, and what is refused because a station has no such thing.

use super::*;

/// Three songs that were asked for, and the numbers of their entries.
fn asked(client: &mut Client) -> Vec<String> {
    client.queue_of(&["blue/1 so what.mp3", "round/epistrophy.mp3", "round/misterioso.mp3"]);
    client.values("playlistinfo 0:3", "Id")
}

#[test]
fn priorities_are_shown_and_told_of() {
    let radio = Radio::new();
    let mut client = radio.client();
    let ids = asked(&mut client);
    assert!(client.values("playlistinfo", "Prio").is_empty(), "0 is not shown");
    let version = client.value("status", "playlist");
    let mut waiting = radio.client();
    waiting.send("idle playlist\n");
    client.say("prio 5 1 2:3");
    assert_eq!(waiting.answer(), ["changed: playlist", "OK"]);
    assert_eq!(client.values("playlistinfo 0:3", "Prio"), ["5", "5"]);
    assert_eq!(client.values(&format!("plchangesposid {version}"), "Id"), ids[1..]);
    client.say(&format!("prioid 255 {} {}", ids[0], ids[2]));
    assert_eq!(client.values("playlistinfo 0:3", "Prio"), ["255", "5", "255"]);
    assert_eq!(client.say(&format!("playlistid {}", ids[0])).last().unwrap(), "Prio: 255");
    client.say("prio 0 0:2");
    assert_eq!(client.values("playlistinfo 0:3", "Prio"), ["255"]);
    assert_eq!(client.value("status", "nextsongid"), ids[0], "the order is not random");
}

#[test]
fn at_random_priorities_decide_what_comes_next() {
    let radio = Radio::new();
    let (mut client, mut waiting) = (radio.client(), radio.client());
    let ids = asked(&mut client);
    waiting.send("idle options\n");
    client.say("random 1");
    assert_eq!(waiting.answer(), ["changed: options", "OK"]);
    assert_eq!(client.value("status", "random"), "1");
    client.say(&format!("prioid 9 {}", ids[1]));
    assert_eq!(
        (client.value("status", "nextsong"), client.value("status", "nextsongid")),
        ("1".into(), ids[1].clone())
    );
    client.say("play");
    while client.value("currentsong", "Id") != ids[1] {
        client.say("idle player");
    }
    assert_eq!((client.value("currentsong", "Pos"), client.value("currentsong", "Prio")), ("0".into(), "9".into()));
    // A song that is raised while another one is prepared is next, and is not when it is lowered.
    for (priority, next) in [(3, 2), (0, 0)] {
        client.say(&format!("prioid 1 {}", ids[0]));
        client.say(&format!("prioid {priority} {}", ids[2]));
        assert_eq!(client.value("status", "nextsongid"), ids[next], "{priority}");
    }
    client.say("next");
    while client.value("currentsong", "Id") != ids[0] {
        client.say("idle player");
    }
    client.say("random 0");
    assert_eq!((client.value("status", "random"), client.value("status", "nextsong")), ("0".into(), "1".into()));
}

#[test]
fn a_station_that_starts_anew_plays_at_random_if_it_did() {
    let radio = Radio::new();
    let mut client = radio.client();
    let start_again = || drop(Program::start(Arc::clone(&radio.library), radio.link.clone(), 1, None).unwrap());
    client.say("random 1");
    radio.link.ask(Request::Random { seed: None }).unwrap();
    assert_eq!(client.value("status", "random"), "0");
    start_again();
    client.wait_for("random", "1");
    client.say("random 0");
    assert_eq!(radio.library.setting("random").unwrap().as_deref(), Some("0"));
}

#[test]
fn a_part_of_a_song_is_shown_and_played() {
    let radio = Radio::new();
    let mut client = radio.client();
    let ids = asked(&mut client);
    let version = client.value("status", "playlist");
    let song = |client: &mut Client| {
        let lines = client.say("playlistinfo 1");
        let of = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        assert!(lines[1].starts_with("Range: ") || of("Range: ").is_empty(), "behind the file: {lines:?}");
        [of("Range: "), of("Time: "), of("duration: ")]
    };
    let whole = song(&mut client);
    for (range, shown) in [
        ("10.5:20", ["10.500-20.000", "10", "9.500"]),
        (":20.0019", ["0.000-20.001", "20", "20.001"]),
        ("60:", ["60.000-", "0", "0.003"]),
        ("30:90", ["30.000-", "30", "30.003"]),
        ("0:0", ["", "60", "60.003"]),
        (":", ["", "60", "60.003"]),
    ] {
        client.say(&format!("rangeid {} {range}", ids[1]));
        assert_eq!(song(&mut client), shown, "{range}");
    }
    assert_eq!(song(&mut client), whole);
    assert_eq!(client.values(&format!("plchangesposid {version}"), "Id"), [ids[1].clone()]);
    client.say(&format!("rangeid {} 10:20", ids[0]));
    client.say(&format!("rangeid {} 59.5:59.7", ids[1]));
    client.say("play");
    client.wait_for("state", "play");
    while client.value("currentsong", "Id") != ids[0] {
        client.say("idle player");
    }
    assert_eq!(client.value("status", "duration"), "10.000");
    let refused = client.refused(&format!("rangeid {} 1:2", ids[0]));
    assert_eq!(refused, "ACK [4@0] {rangeid} Cannot edit the current song");
    client.say("pause 1");
    client.say("seekcur 5");
    let elapsed: f64 = client.value("status", "elapsed").parse().unwrap();
    assert!((4.8..=5.0).contains(&elapsed), "{elapsed}");
    client.say("pause 0");
    // Past the end of the part, and through the short one.
    client.say("seekcur 10.2");
    while client.value("currentsong", "Id") != ids[2] {
        client.say("idle player");
    }
}

#[test]
fn what_there_is_not_is_refused_in_mpds_words() {
    let radio = Radio::new();
    let mut client = radio.client();
    let ids = asked(&mut client);
    let length = client.value("status", "playlistlength");
    client.say(&format!("prio 7 {length}"));
    client.say(&format!("prio 7 {length}:"));
    for (command, expected) in [
        ("prio 1".to_owned(), "[2@0] {prio} too few arguments for \"prio\""),
        ("prio x 0".to_owned(), "[2@0] {prio} Integer expected: x"),
        ("prio 256 0".to_owned(), "[2@0] {prio} Number too large: 256"),
        ("prio -1 0".to_owned(), "[2@0] {prio} Number too large: -1"),
        ("prio 7 999".to_owned(), "[2@0] {prio} Bad song index"),
        ("prio 7 999:".to_owned(), "[2@0] {prio} Bad song index"),
        ("prioid 7 9999".to_owned(), "[50@0] {prioid} No such song"),
        ("prioid 256 0".to_owned(), "[2@0] {prioid} Number too large: 256"),
        ("rangeid 1".to_owned(), "[2@0] {rangeid} wrong number of arguments for \"rangeid\""),
        ("rangeid x 1:2".to_owned(), "[2@0] {rangeid} Integer expected: x"),
        ("rangeid 9999 5".to_owned(), "[2@0] {rangeid} Bad range"),
        ("rangeid 9999 1:2".to_owned(), "[50@0] {rangeid} No such song"),
        (format!("rangeid {} 61:", ids[0]), "[2@0] {rangeid} Invalid start offset"),
        ("addtagid 9999 colour x".to_owned(), "[2@0] {addtagid} Unknown tag type: colour"),
        ("addtagid 9999 title x".to_owned(), "[50@0] {addtagid} No such song"),
        (format!("addtagid {} title x", ids[0]), "[4@0] {addtagid} Cannot edit tags of local file"),
        (format!("cleartagid {}", ids[0]), "[4@0] {cleartagid} Cannot edit tags of local file"),
        (format!("cleartagid {} colour", ids[0]), "[2@0] {cleartagid} Unknown tag type: colour"),
        ("cleartagid 1 title x".to_owned(), "[2@0] {cleartagid} too many arguments for \"cleartagid\""),
        ("outputset 99 a b".to_owned(), "[50@0] {outputset} No such audio output"),
        (
            "outputset 0 a b".to_owned(),
            "[2@0] {outputset} Unsupported attribute; senders are set over ssh: sender NAME help",
        ),
        ("newpartition \"a b\"".to_owned(), "[2@0] {newpartition} bad name"),
        ("newpartition default".to_owned(), "[56@0] {newpartition} name already exists"),
        ("delpartition \"\"".to_owned(), "[2@0] {delpartition} bad name"),
        ("delpartition other".to_owned(), "[50@0] {delpartition} no such partition"),
        ("delpartition default".to_owned(), "[5@0] {delpartition} cannot delete the default partition"),
        ("moveoutput nothing".to_owned(), "[50@0] {moveoutput} No such output"),
        ("mount a/b nfs://x/y".to_owned(), "[2@0] {mount} Bad mount point"),
        ("unmount nothing".to_owned(), "[2@0] {unmount} Not a mount point"),
        ("unmount \"\"".to_owned(), "[2@0] {unmount} Bad mount point"),
        (
            "getfingerprint x.mp3".to_owned(),
            "[52@0] {getfingerprint} Failed to open 'x.mp3': it is no song of the library",
        ),
        (
            "getfingerprint round/epistrophy.mp3".to_owned(),
            "[52@0] {getfingerprint} songs are not decoded, so there are no fingerprints",
        ),
    ] {
        assert_eq!(client.refused(&command), format!("ACK {expected}"), "{command}");
    }
    let behind = client.values("outputs", "outputid").len();
    assert!(client.refused(&format!("outputset {behind} a b")).contains("No such audio output"));
    client.say("moveoutput http");
    assert!(client.values("playlistinfo", "Prio").is_empty(), "nothing was changed");
}
