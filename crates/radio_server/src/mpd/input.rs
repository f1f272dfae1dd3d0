//! What a client sends, as steps to take: the protocol without sockets.
//!
//! ```text
//! bytes ─ receive ─▶ lines ─▶ one command │ a command list ─▶ Step::Run
//!                             idle, noidle, close           ─▶ Step::Idle, Step::Interrupt, Step::Close
//! ```
//! Commands of a list are collected up to `command_list_end`. While the client idles only `noidle` is accepted. A line or a list that
//! is too long closes the connection, because what follows cannot be understood.

use std::collections::VecDeque;

use super::limits::{LINE_BYTES_MAX, LIST_BYTES_MAX};
use super::line::words;
use super::refusal::{Code, Refusal};

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Commands, one after the other, up to the first that is refused.
    Run(Batch),
    /// Tell of the next change of one of these subsystems; of none: of any.
    Idle(Vec<String>),
    /// The client does not wait any longer.
    Interrupt,
    /// A line that is no command.
    Refuse {
        /// Why.
        refusal: Refusal,
        /// Its name, as far as it has one.
        command: String,
    },
    /// The client is done, or cannot be understood any more.
    Close,
}

/// Commands that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    /// Each command: name and arguments, or what is wrong with its line.
    pub(super) commands: Vec<Result<Vec<String>, Refusal>>,
    /// Whether each command that was carried out is acknowledged (`command_list_ok_begin`).
    pub(super) acknowledge_each: bool,
}

/// The bytes of a client.
#[derive(Debug, Default)]
pub(super) struct Input {
    bytes: VecDeque<u8>,
    /// Bytes at the front that have no newline among them.
    searched: usize,
    list: Option<List>,
    idle: bool,
    closed: bool,
}

#[derive(Debug, Default)]
struct List {
    batch: Vec<Result<Vec<String>, Refusal>>,
    acknowledge_each: bool,
    bytes: usize,
}

impl Input {
    /// Takes bytes that the client has sent.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The client that idled was told of a change.
    pub(super) fn idle_ended(&mut self) {
        self.idle = false;
    }

    /// The next step, as far as the bytes say.
    pub(super) fn next_step(&mut self) -> Option<Step> {
        while !self.closed {
            let line = self.line()?;
            if let Some(step) = self.step(&line) {
                self.closed = step == Step::Close;
                return Some(step);
            }
        }
        None
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let newline = self.bytes.iter().skip(self.searched).position(|byte| *byte == b'\n');
        let Some(length) = newline.map(|at| self.searched + at) else {
            self.searched = self.bytes.len();
            // Too long already: a line that no step accepts stands for it.
            return (self.bytes.len() > LINE_BYTES_MAX).then(|| vec![b' '; LINE_BYTES_MAX + 1]);
        };
        self.searched = 0;
        let line = self.bytes.drain(..length).collect();
        self.bytes.pop_front();
        Some(line)
    }

    fn step(&mut self, line: &[u8]) -> Option<Step> {
        if line.len() > LINE_BYTES_MAX {
            return Some(Step::Close);
        }
        let words = words(line);
        let name = words.as_ref().ok().and_then(|words| words.first()).map_or("", String::as_str);
        if self.idle {
            // Parity: MPD closes the connection of a client that says anything else meanwhile.
            return Some(if name == "noidle" { Step::Interrupt } else { Step::Close }).inspect(|_| self.idle = false);
        }
        if self.list.is_some() {
            return self.in_list(line.len(), words);
        }
        match name {
            "command_list_begin" | "command_list_ok_begin" => {
                let acknowledge_each = name == "command_list_ok_begin";
                self.list = Some(List { acknowledge_each, ..List::default() });
                None
            }
            "command_list_end" => Some(Step::Refuse {
                refusal: Refusal::new(Code::NotList, "no list of commands was begun"),
                command: name.to_owned(),
            }),
            "idle" => {
                self.idle = true;
                Some(Step::Idle(words.map(|words| words[1..].to_vec()).unwrap_or_default()))
            }
            // Too late: the client was told already.
            "noidle" => None,
            "close" => Some(Step::Close),
            _ => Some(match words {
                Ok(words) => Step::Run(Batch { commands: vec![Ok(words)], acknowledge_each: false }),
                Err(refusal) => Step::Refuse { refusal, command: String::new() },
            }),
        }
    }

    fn in_list(&mut self, length: usize, words: Result<Vec<String>, Refusal>) -> Option<Step> {
        let list = self.list.as_mut()?;
        let name = words.as_ref().ok().and_then(|words| words.first()).map_or("", String::as_str);
        if name == "command_list_end" {
            let List { batch, acknowledge_each, .. } = self.list.take()?;
            return Some(Step::Run(Batch { commands: batch, acknowledge_each }));
        }
        list.bytes += length + 1;
        if list.bytes > LIST_BYTES_MAX || name == "close" {
            return Some(Step::Close);
        }
        list.batch.push(words);
        None
    }
}

/// Feeds the bytes in pieces of this size and takes every step; for the fuzz target.
#[doc(hidden)]
pub fn fuzz(bytes: &[u8], piece: usize) {
    let mut input = Input::default();
    let mut all = Input::default();
    all.receive(bytes);
    for piece in bytes.chunks(piece.max(1)) {
        input.receive(piece);
        while let Some(step) = input.next_step() {
            assert_eq!(all.next_step(), Some(step), "however the bytes arrive");
        }
        assert!(input.closed || input.bytes.len() <= LINE_BYTES_MAX, "lines are bounded");
        assert!(input.list.as_ref().is_none_or(|list| list.bytes <= LIST_BYTES_MAX), "lists are bounded");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Vec<Step> {
        let mut input = Input::default();
        input.receive(text.as_bytes());
        std::iter::from_fn(|| input.next_step()).collect()
    }

    fn run(lines: &[&[&str]], acknowledge_each: bool) -> Step {
        let commands = lines.iter().map(|words| Ok(words.iter().map(|word| (*word).to_owned()).collect())).collect();
        Step::Run(Batch { commands, acknowledge_each })
    }

    #[test]
    fn commands_come_one_by_one_and_in_lists() {
        assert_eq!(steps("status\nadd \"a b\"\nsta"), [run(&[&["status"]], false), run(&[&["add", "a b"]], false)]);
        assert_eq!(
            steps("command_list_ok_begin\nstatus\nplay 3\ncommand_list_end\nping\n"),
            [run(&[&["status"], &["play", "3"]], true), run(&[&["ping"]], false)]
        );
        assert_eq!(steps("command_list_begin\ncommand_list_end\n"), [run(&[], false)]);
    }

    #[test]
    fn a_client_that_idles_may_only_stop_idling() {
        assert_eq!(steps("idle player mixer\n"), [Step::Idle(vec!["player".to_owned(), "mixer".to_owned()])]);
        assert_eq!(steps("idle\nnoidle\nping\n")[1..], [Step::Interrupt, run(&[&["ping"]], false)]);
        assert_eq!(steps("idle\nping\nping\n")[1..], [Step::Close]);
        assert_eq!(steps("noidle\n"), [], "it crossed with the answer");
    }

    #[test]
    fn what_is_too_long_closes_the_connection() {
        assert_eq!(steps(&"x".repeat(LINE_BYTES_MAX + 1)), [Step::Close]);
        assert_eq!(steps(&format!("ping {}\nping\n", "x".repeat(LINE_BYTES_MAX))), [Step::Close]);
        let line = format!("ping {}\n", "x".repeat(LINE_BYTES_MAX - 10));
        let list = format!("command_list_begin\n{}", line.repeat(LIST_BYTES_MAX / line.len() + 1));
        assert_eq!(steps(&list), [Step::Close]);
    }

    #[test]
    fn what_is_no_command_is_told_in_its_place() {
        assert!(matches!(&steps("\n")[..], [Step::Refuse { .. }]));
        assert!(matches!(&steps("command_list_end\n")[..], [Step::Refuse { .. }]));
        let [Step::Run(batch)] = &steps("command_list_begin\nping\nadd \"\ncommand_list_end\n")[..] else { panic!() };
        assert!(batch.commands[0].is_ok() && batch.commands[1].is_err());
    }
}
