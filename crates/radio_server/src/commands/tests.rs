//! What each command does, to whom, and what it says when it does not.

use radio_stream::link::Request;

use super::*;
use crate::testing::{Bench, Ran};

/// What paraslash's server has, with the rights that it asks for. Source: its list of server commands.
const PARASLASH: &[(&str, &str)] = &[
    ("add", "AR,AW"),
    ("addatt", "AR,AW"),
    ("addimg", "AR,AW"),
    ("addlyr", "AR,AW"),
    ("addmood", "AR,AW"),
    ("addpl", "AR,AW"),
    ("catimg", "AR"),
    ("catlyr", "AR"),
    ("catmood", "AR"),
    ("catpl", "AR"),
    ("check", "AR"),
    ("cpsi", "AR,AW"),
    ("ff", "VR,VW"),
    ("help", "none"),
    ("hup", "VW"),
    ("init", "AR,AW"),
    ("jmp", "VR,VW"),
    ("ll", "none"),
    ("ls", "AR"),
    ("lsatt", "AR"),
    ("lsimg", "AR"),
    ("lslyr", "AR"),
    ("lsmood", "AR"),
    ("lspl", "AR"),
    ("mvatt", "AR,AW"),
    ("mvimg", "AR,AW"),
    ("mvlyr", "AR,AW"),
    ("mvmood", "AR,AW"),
    ("mvpl", "AR,AW"),
    ("next", "VR,VW"),
    ("nomore", "VR,VW"),
    ("pause", "VR,VW"),
    ("play", "VR,VW"),
    ("rm", "AR,AW"),
    ("rmatt", "AR,AW"),
    ("rmimg", "AR,AW"),
    ("rmlyr", "AR,AW"),
    ("rmmood", "AR,AW"),
    ("rmpl", "AR,AW"),
    ("select", "AR,AW"),
    ("sender", "VR,VW"),
    ("setatt", "AR,AW"),
    ("si", "none"),
    ("stat", "VR"),
    ("stop", "VR,VW"),
    ("tasks", "none"),
    ("term", "VR,VW"),
    ("touch", "AR,AW"),
    ("version", "none"),
];

#[test]
fn every_command_of_paraslash_is_there_with_its_rights() {
    for (name, rights) in PARASLASH {
        let entry = find(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(entry.rights.to_string(), *rights, "{name}");
    }
}

#[test]
fn every_command_is_there_once_and_describes_itself() {
    let names: std::collections::BTreeSet<_> = TABLE.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), TABLE.len());
    for entry in TABLE {
        entry.command().debug_assert();
        assert!(entry.command().get_about().is_some(), "{}", entry.name);
        let help = entry.help();
        assert!(help.contains("Usage: ") && help.ends_with(&format!("Rights: {}\n", entry.rights)), "{help}");
    }
}

#[test]
fn a_command_needs_each_of_its_rights_and_no_other() {
    let bench = Bench::new();
    for entry in TABLE {
        let line = format!("{} --help", entry.name);
        assert_eq!(bench.run_as(entry.rights, &line, "").status, 0, "{}", entry.name);
        for right in [Rights::LIBRARY_READ, Rights::LIBRARY_WRITE, Rights::STREAM_READ, Rights::STREAM_WRITE] {
            if entry.rights.include(right) {
                let others = right.lacking(Rights::ALL);
                let Ran { status, error, .. } = bench.run_as(others, &line, "");
                assert_eq!(status, 3, "{}", entry.name);
                assert_eq!(error, format!("anna lacks the right {right} for {}\n", entry.name));
            }
        }
    }
    assert!(bench.asked().is_empty(), "nothing reached the station");
}

#[test]
fn wrong_usage_is_one_line_with_what_would_be_accepted() {
    let bench = Bench::new();
    for (line, part) in [
        ("nxt", "there is no command \"nxt\"; did you mean next? (help lists all)"),
        ("frobnicate", "there is no command \"frobnicate\"; help lists all"),
        ("jmp", "jmp: the following required arguments were not provided: <PERCENT>"),
        ("jmp 101", "jmp: \"101\": expected 0 to 100"),
        ("ff x", "ff: \"x\": expected seconds, such as 30 or 30-"),
        ("next now", "next: unexpected argument 'now' found"),
        ("ls -s=x", "invalid value 'x' for '--sort <KEY>'"),
        ("select jazz", "select: \"jazz\" is neither m/NAME"),
        ("setatt rock", "setatt"),
        ("add music", "add: music: expected an absolute path"),
    ] {
        let Ran { status, output, error } = bench.run(line);
        assert_eq!((status, output.as_str()), (2, ""), "{line}: {error}");
        assert!(error.contains(part), "{line}: {error}");
        assert_eq!(error.lines().count(), 1, "{line}: {error}");
    }
}

#[test]
fn transport_reaches_the_station() {
    let bench = Bench::new();
    for (line, request) in [
        ("play", Request::Play),
        ("pause", Request::Pause),
        ("stop", Request::Stop),
        ("next", Request::Next),
        ("nomore", Request::NoMore),
        ("jmp 50", Request::Jump { percent: 50 }),
        ("jmp 50%", Request::Jump { percent: 50 }),
        ("ff 30", Request::FastForward { delta_ms: 30_000 }),
        ("ff 30-", Request::FastForward { delta_ms: -30_000 }),
        ("hup", Request::Service { words: vec!["reload".to_owned()] }),
        ("term", Request::Service { words: vec!["end".to_owned()] }),
    ] {
        assert_eq!(bench.run(line).printed(), "", "{line}");
        assert_eq!(bench.asked(), [request], "{line}");
    }
    assert_eq!(bench.run("sender udp add ff00::1 -x").printed(), "udp add ff00::1 -x\n");
}

#[test]
fn attributes_are_added_given_listed_renamed_and_removed() {
    let bench = Bench::with_songs();
    bench.run("addatt rock sick").printed();
    assert_eq!(bench.run("addatt rock").error, "rock is there already\n");
    bench.run(&format!("setatt rock+ sick+ {}", bench.song("t*"))).printed();
    bench.run(&format!("setatt sick- {}", bench.song("two"))).printed();
    assert_eq!(bench.run("lsatt").printed(), "rock\nsick\n");
    assert_eq!(bench.run("lsatt -r s*").printed(), "sick\n");
    let long = bench.run("lsatt -l").printed();
    let counts: Vec<_> = long.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(counts, ["2", "1"], "{long}");
    bench.run("mvatt sick ill").printed();
    assert!(bench.run(&format!("ls -l=v {}", bench.song("three"))).printed().contains("attributes_txt: rock ill\n"));
    assert_eq!(bench.run("rmatt r*").error, "removed rock\n");
    assert_eq!(bench.run("mvatt rock roll").status, 1);
}

#[test]
fn blobs_of_each_kind_can_do_the_same() {
    let bench = Bench::new();
    for noun in ["img", "lyr", "mood", "pl"] {
        let content = if noun == "mood" { "artist =~ /monk/i" } else { "/a\n/b\n" };
        assert_eq!(bench.run_as(Rights::ALL, &format!("add{noun} first"), content).status, 0, "{noun}");
        bench.run(&format!("add{noun} second -c '{content}'")).printed();
        assert_eq!(bench.run(&format!("cat{noun} first")).printed(), content);
        assert_eq!(bench.run(&format!("ls{noun}")).printed(), "first\nsecond\n");
        assert_eq!(bench.run(&format!("ls{noun} -i -r")).printed(), "second\nfirst\n");
        let long = bench.run(&format!("ls{noun} -l f*")).printed();
        assert!(long.ends_with(" first\n") && long.contains(&content.len().to_string()), "{long}");
        bench.run(&format!("mv{noun} first third")).printed();
        assert_eq!(bench.run(&format!("rm{noun} s*")).error, "removed second\n");
        assert_eq!(bench.run(&format!("ls{noun}")).printed(), "third\n");
        let missing = bench.run(&format!("cat{noun} first"));
        assert_eq!(missing.status, 1, "{missing:?}");
    }
}

#[test]
fn a_wrong_mood_is_refused_with_line_and_column() {
    let bench = Bench::new();
    let Ran { status, error, .. } = bench.run_as(Rights::ALL, "addmood x", "accept if\ntitel == 1");
    assert_eq!(status, 1);
    assert!(error.starts_with("addmood: line "), "{error}");
    assert_eq!(bench.run("lsmood").printed(), "");
}

#[test]
fn selecting_changes_what_is_admissible_and_why() {
    let bench = Bench::with_songs();
    assert_eq!(bench.run("ls -a").printed().lines().count(), 3);
    bench.run("addmood t -c 'path =| \"*/music/t*\"'").printed();
    assert_eq!(bench.run("select -v m/t").printed(), "2 songs are admissible\n");
    assert_eq!(bench.run("ls -a").printed().lines().count(), 2);
    assert_eq!(bench.run("ls -A -b").printed(), "one.mp3\n");
    let why = bench.run("why").printed();
    assert!(why.starts_with("choosing from m/t\n") && why.contains(" = mood 0 + plays "), "{why}");
    assert!(bench.run(&format!("why {}", bench.song("one"))).printed().contains("never: not admissible"));
    let list = format!("{}\n{}\n", bench.song("two"), bench.song("one"));
    assert_eq!(bench.run_as(Rights::ALL, "addpl l", &list).status, 0);
    bench.run("select p/l").printed();
    assert_eq!(bench.run("ls -a -b").printed(), "two.mp3\none.mp3\n");
    assert_eq!(bench.run("select m/none").status, 1);
    assert!(bench.run("si").printed().contains("afs_mode: p/l\n"));
    bench.run("select dummy").printed();
    let ahead = bench.asked();
    assert!(ahead.iter().all(|request| matches!(request, Request::Ahead { replace: true, .. })), "{ahead:?}");
}

#[test]
fn songs_are_listed_in_every_mode_and_order() {
    let bench = Bench::with_songs();
    bench.run(&format!("touch -n 5 -l 1000000000 -a 7 {}", bench.song("two"))).printed();
    assert_eq!(bench.run("ls -b").printed(), "one.mp3\nthree.mp3\ntwo.mp3\n");
    assert_eq!(bench.run("ls -b -s n").printed(), "one.mp3\nthree.mp3\ntwo.mp3\n");
    assert_eq!(bench.run("ls -b -s numplayed -r").printed(), "two.mp3\nthree.mp3\none.mp3\n");
    for key in ["p", "s", "l", "f", "c", "i", "y", "b", "d", "a", "h"] {
        assert_eq!(bench.run(&format!("ls -s {key}")).printed().lines().count(), 3, "{key}");
    }
    let long = bench.run(&format!("ls -l -d {}", bench.song("two"))).printed();
    assert!(long.contains(" 5 ") && long.contains(" 1000000000 ") && long.contains("0:01 mp3"), "{long}");
    let friendly = bench.run(&format!("ls -l=p {}", bench.song("two"))).printed();
    assert!(friendly.contains("\n000d:num_played: 5\n"), "{friendly}");
    assert!(friendly.contains("amplification: 7\n"), "{friendly}");
    let mbox = bench.run("ls --listing-mode=mbox").printed();
    assert_eq!(mbox.lines().filter(|line| line.starts_with("From ")).count(), 3);
    let chunks = bench.run(&format!("ls -l=c {}", bench.song("one"))).printed();
    assert!(chunks.starts_with(&format!("# {}: ", bench.song("one"))), "{chunks}");
    assert!(chunks.contains("\n0.000000 0 "), "{chunks}");
    assert_eq!(bench.run("ls /nowhere").status, 1);
}

#[test]
fn what_is_known_is_touched_copied_and_removed() {
    let bench = Bench::with_songs();
    let (one, two) = (bench.song("one"), bench.song("two"));
    bench.run("addatt rock").printed();
    bench.run(&format!("setatt rock+ {one}")).printed();
    bench.run(&format!("touch -n 9 {one}")).printed();
    assert_eq!(bench.run(&format!("cpsi -v -n {one} {two}")).printed(), format!("copied to {two}\n"));
    let items = bench.run(&format!("ls -l=v {two}")).printed();
    assert!(items.contains("num_played: 9\n") && items.contains("attributes_txt: \n"), "{items}");
    bench.run(&format!("cpsi {one} {two}")).printed();
    assert!(bench.run(&format!("ls -l=v {two}")).printed().contains("attributes_txt: rock\n"));
    bench.run(&format!("touch {two}")).printed();
    assert!(bench.run(&format!("ls -l=v {two}")).printed().contains("num_played: 10\n"));
    assert_eq!(bench.run(&format!("rm -v {one}")).printed(), format!("removed {one}\n"));
    assert_eq!(bench.run(&format!("rm {one}")).status, 1);
    bench.run(&format!("rm -f {one}")).printed();
    assert_eq!(bench.run("search TWO").printed(), format!("{two}\n"));
    assert_eq!(bench.run("search nothing like it").status, 1);
    assert!(bench.run("init").printed().contains("1 recordings without a file are forgotten"));
}

#[test]
fn files_are_added_lazily_forcibly_and_with_their_fate() {
    let bench = Bench::with_songs();
    bench.put_song("four", 4);
    let directory = bench.music.display().to_string();
    let added = bench.run(&format!("add -v {directory}")).printed();
    assert!(added.contains(&format!("added {}\n", bench.song("four"))), "{added}");
    assert!(added.contains("1 added"), "{added}");
    std::fs::write(bench.music.join("noise.mp3"), "no audio at all").unwrap();
    let noise = bench.run(&format!("add {directory}"));
    assert!(noise.error.contains("noise.mp3: "), "{noise:?}");
    std::fs::remove_file(bench.song("four")).unwrap();
    assert!(bench.run(&format!("add -v {directory}")).output.contains("removed "));
    assert_eq!(bench.run("add /nowhere/at/all").status, 1);
    let contradiction = bench.run(&format!("add -l -f {directory}"));
    assert_eq!(contradiction.status, 2, "{contradiction:?}");
}

#[test]
fn information_is_there_for_everybody() {
    let bench = Bench::new();
    let none = Rights::NONE;
    let help = bench.run_as(none, "help", "").printed();
    assert_eq!(help.lines().count(), TABLE.len());
    assert!(help.contains("\n!next ") && help.contains("\n version "), "{help}");
    assert!(bench.run_as(none, "help next", "").printed().contains("Rights: VR,VW\n"));
    assert!(bench.run_as(none, "version -v", "").printed().contains("running on Linux"));
    assert!(bench.run_as(none, "si", "").printed().contains("songs: 0\n"));
    assert!(bench.run_as(none, "tasks", "").printed().contains(" anna "));
    assert_eq!(bench.run_as(none, "ll", "").printed(), "log\n");
    assert_eq!(bench.run_as(none, "ll debug", "").status, 3);
    assert_eq!(bench.run("ll debug").printed(), "log dbg\n");
    assert_eq!(bench.run("ll deafening").status, 2);
}

#[test]
fn the_status_is_told_once_and_in_both_forms() {
    let bench = Bench::new();
    let plain = bench.run("stat -n 1").printed();
    assert!(plain.starts_with("status: stopped\nstatus_flags: ____\n"), "{plain}");
    let friendly = bench.run("stat -n 1 -p").printed();
    assert!(friendly.starts_with("000f:status: stopped\n"), "{friendly}");
}

#[test]
fn moods_are_translated_and_what_is_lost_is_told() {
    let bench = Bench::new();
    let old = "deny if is_set sick\naccept with score 5 if artist_matches ^Miles\n";
    let translated = bench.run_as(Rights::ALL, "translate", old);
    assert_eq!(translated.status, 0, "{translated:?}");
    assert!(translated.output.contains("is_set(\"sick\")"), "{translated:?}");
    assert!(!translated.error.is_empty(), "the score is lost");
    assert_eq!(bench.run_as(Rights::ALL, "addmood m", old).status, 0);
    assert_eq!(bench.run("translate -r m").status, 0);
    assert_eq!(bench.run("catmood m").printed(), translated.output);
}

#[test]
fn a_file_that_is_known_to_be_no_song_is_told_every_time() {
    let bench = Bench::with_songs();
    let path = bench.music.join("noise.mp3");
    std::fs::write(&path, "noise").unwrap();
    for time in ["read", "known"] {
        let ran = bench.run(&format!("add {}", path.display()));
        assert_eq!((ran.status, ran.error.matches("noise.mp3: ").count()), (1, 1), "{time}: {}", ran.error);
    }
    assert_eq!(bench.run(&format!("add {}", bench.music.display())).status, 0, "what lies about is nobody's mistake");
}
