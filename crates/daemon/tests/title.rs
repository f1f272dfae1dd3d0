//! What process lists show of a real process, numbered as the behaviour it stands for: C is the monitor's section.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

fn start(text: &str, name: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_start_fixture"));
    // No room to write a title into: that is what would cut it.
    command.args(["title", text, name]).env_clear().env("TIDEGATE_MARK", "kept").env("PATH", "/usr/bin:/bin");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "shown\n");
    (child, output)
}

fn proc(child: &Child, file: &str) -> Vec<u8> {
    std::fs::read(format!("/proc/{}/{file}", child.id())).unwrap()
}

#[test]
fn c02_the_title_is_shown_whole_and_the_environment_stays() {
    for text in ["tidegate: monitoring pid 4711 (healthy)", "", &"crash, ".repeat(1000)] {
        let (mut child, mut output) = start(text, "monitor");
        assert_eq!(proc(&child, "cmdline"), format!("{text}\0").as_bytes());
        assert_eq!(proc(&child, "comm"), b"monitor\n");
        let environment = String::from_utf8(proc(&child, "environ")).unwrap();
        assert!(environment.split('\0').any(|variable| variable == "TIDEGATE_MARK=kept"), "{environment}");
        drop(child.stdin.take());
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "1000 Ok(\"kept\")\nSome(\"title\")\nkept\n");
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn c02_a_long_command_name_is_cut_between_characters() {
    let (child, _output) = start("title", "fourteen bytesé");
    assert_eq!(proc(&child, "comm"), b"fourteen bytes\n");
    end(child);
}

fn end(mut child: Child) {
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
