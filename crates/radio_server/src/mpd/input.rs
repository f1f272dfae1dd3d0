//! What a client sends, as steps to take: the protocol without sockets.
//!
//! ```text
//! bytes ─ receive ─▶ lines ─▶ one command │ a command list ─▶ Step::Run
//!                             idle, noidle, close           ─▶ Step::Idle, Step::Interrupt, Step::Close
//! ```
//! Commands of a list are collected up to `command_list_end`, as the bytes that they are: taken apart, a line of one byte would be a
//! hundred. While the client idles only `noidle` is accepted. A line or a list that
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
    /// The lines, each with its newline.
    lines: Vec<u8>,
    /// Whether each command that was carried out is acknowledged (`command_list_ok_begin`).
    pub(super) acknowledge_each: bool,
}

impl Batch {
    /// Each command: name and arguments, or what is wrong with its line.
    pub(super) fn commands(&self) -> impl Iterator<Item = Result<Vec<String>, Refusal>> + '_ {
        self.lines.split_inclusive(|byte| *byte == b'\n').map(|line| words(line.strip_suffix(b"\n").unwrap_or(line)))
    }
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
    lines: Vec<u8>,
    acknowledge_each: bool,
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
            return self.in_list(line, name);
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
                Ok(_) => Step::Run(Batch { lines: [line, b"\n"].concat(), acknowledge_each: false }),
                Err(refusal) => Step::Refuse { refusal, command: String::new() },
            }),
        }
    }

    fn in_list(&mut self, line: &[u8], name: &str) -> Option<Step> {
        let list = self.list.as_mut()?;
        if name == "command_list_end" {
            let List { lines, acknowledge_each } = self.list.take()?;
            return Some(Step::Run(Batch { lines, acknowledge_each }));
        }
        if list.lines.len() + line.len() + 1 > LIST_BYTES_MAX || name == "close" {
            return Some(Step::Close);
        }
        list.lines.extend_from_slice(line);
        list.lines.push(b'\n');
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
        assert!(input.list.as_ref().is_none_or(|list| list.lines.len() <= LIST_BYTES_MAX), "lists are bounded");
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

    fn run(lines: &[&str], acknowledge_each: bool) -> Step {
        let lines = lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect();
        Step::Run(Batch { lines, acknowledge_each })
    }

    #[test]
    fn commands_come_one_by_one_and_in_lists() {
        assert_eq!(steps("status\nadd \"a b\"\nsta"), [run(&["status"], false), run(&["add \"a b\""], false)]);
        assert_eq!(
            steps("command_list_ok_begin\nstatus\nplay 3\ncommand_list_end\nping\n"),
            [run(&["status", "play 3"], true), run(&["ping"], false)]
        );
        assert_eq!(steps("command_list_begin\ncommand_list_end\n"), [run(&[], false)]);
    }

    #[test]
    fn a_client_that_idles_may_only_stop_idling() {
        assert_eq!(steps("idle player mixer\n"), [Step::Idle(vec!["player".to_owned(), "mixer".to_owned()])]);
        assert_eq!(steps("idle\nnoidle\nping\n")[1..], [Step::Interrupt, run(&["ping"], false)]);
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
    fn a_client_is_understood_the_same_however_its_bytes_arrive() {
        let script = "status\ncommand_list_ok_begin\nadd \"a \\\"b\"\nping\ncommand_list_end\nidle player\nnoidle\r\n\nadd \"x\n\
                      command_list_end\nping\nclose\nping\nhalf a li";
        let whole = steps(script);
        assert_eq!((whole.len(), whole.last()), (9, Some(&Step::Close)));
        for place in 0..=script.len() {
            let (mut input, mut taken) = (Input::default(), Vec::new());
            for part in [&script[..place], &script[place..]] {
                input.receive(part.as_bytes());
                taken.extend(std::iter::from_fn(|| input.next_step()));
            }
            assert_eq!(taken, whole, "split at {place}");
        }
        for piece in 1..8 {
            fuzz(script.as_bytes(), piece);
        }
        assert_eq!(steps("ping\nhalf a li"), [run(&["ping"], false)], "a line that does not end is none");
    }

    #[test]
    fn a_list_of_short_lines_is_no_larger_than_what_was_sent() {
        let mut input = Input::default();
        input.receive(b"command_list_begin\n");
        input.receive(&b"\n".repeat(LIST_BYTES_MAX));
        assert_eq!(input.next_step(), None);
        let list = input.list.as_ref().unwrap();
        assert!(list.lines.len() == LIST_BYTES_MAX && list.lines.capacity() <= 2 * LIST_BYTES_MAX);
        input.receive(b"\n");
        assert_eq!(input.next_step(), Some(Step::Close));
    }

    #[test]
    fn what_is_no_command_is_told_in_its_place() {
        assert!(matches!(&steps("\n")[..], [Step::Refuse { .. }]));
        assert!(matches!(&steps("command_list_end\n")[..], [Step::Refuse { .. }]));
        let [Step::Run(batch)] = &steps("command_list_begin\nping\nadd \"\ncommand_list_end\n")[..] else { panic!() };
        let commands: Vec<_> = batch.commands().collect();
        assert_eq!(commands.len(), 2);
        assert!(commands[0].as_ref().is_ok_and(|words| words == &["ping"]) && commands[1].is_err());
    }
}
