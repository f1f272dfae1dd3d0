//! The shell: on a terminal with editing, completion, input for commands and Ctrl-C; without one, line by line.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::server::start;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/ssh_shell", needs: &[Need::Program("ssh"), Need::Program("ssh-keygen")], run };

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[("anna", "all")], &[])?;
    radio.imported()?;
    let script = "addatt rock\n# a remark\nlsatt\nnxt\nversion\n";
    let piped = radio.ssh_with_input("anna", &["-T"], &[], script)?;
    ensure_eq!(piped.status, Some(0), "of the last command: {}", piped.error);
    ensure!(piped.output.starts_with("rock\nradio (Tidegate) "), "{}", piped.output);
    ensure!(piped.error.contains("did you mean next?"), "{}", piped.error);

    // A completed name; a mood typed in, with a word erased, and its end; an erased line; the history; the end.
    let keys = "vers\t\raddmood all\rnum_played > 0 no\x7f\x7f\r\x04lsmood\rwrong\x15catmood all\r\x1b[A\rexit\r";
    let typed = radio.ssh_with_input("anna", &["-tt"], &[], keys)?;
    ensure_eq!(typed.status, Some(0), "exit: {}", typed.error);
    ensure!(typed.output.contains("anna@radio> "), "{}", typed.output);
    ensure!(typed.output.contains("radio (Tidegate) "), "the Tab key: {}", typed.output);
    ensure_eq!(typed.output.matches("num_played > 0 \n").count(), 2, "as it was typed: {}", typed.output);
    ensure!(!typed.output.contains("wrong\n"), "{}", typed.output);

    let interrupted = radio.ssh_with_input("anna", &["-tt"], &["stat"], "\x03")?;
    ensure_eq!(interrupted.status, Some(130), "Ctrl-C: {}", interrupted.output);
    Ok(())
}
