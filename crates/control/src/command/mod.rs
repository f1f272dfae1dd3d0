//! The commands of a service: a table from name to usage, number of arguments and handler.
//!
//! A command that every service has is one file in this directory and one line in [`CommandTable::new`]; a service adds
//! its own with [`CommandTable::add`].

mod coverage_read_counter;
mod coverage_show;
mod exit;
mod list_commands;
mod memory_show;
mod set_options;
mod show;
mod version;
mod vlog;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::log::Logging;
use crate::state::Inspect;
use crate::wire::{Answer, Format, Request};

/// What a command says in the end: an answer, or the text of an error.
pub type Outcome = Result<Answer, String>;

/// A command.
pub struct Command {
    name: &'static str,
    usage: &'static str,
    arguments: RangeInclusive<usize>,
    listed: bool,
    handler: Handler,
}

enum Handler {
    Immediate(ImmediateHandler),
    Deferred(DeferredHandler),
}

type ImmediateHandler = Box<dyn Fn(&Call<'_>) -> Outcome + Send>;
type DeferredHandler = Box<dyn Fn(&Call<'_>, PendingAnswer) + Send>;

impl Command {
    /// A command that answers at once. `usage` names its arguments, of which it takes as many as `arguments` says. The
    /// handler runs on the control thread and holds up all other commands.
    #[must_use]
    pub fn new(
        name: &'static str,
        usage: &'static str,
        arguments: RangeInclusive<usize>,
        handler: impl Fn(&Call<'_>) -> Outcome + Send + 'static,
    ) -> Self {
        Self { name, usage, arguments, listed: true, handler: Handler::Immediate(Box::new(handler)) }
    }

    /// A command that may answer later, from any thread. Only its own connection waits.
    #[must_use]
    pub fn deferred(
        name: &'static str,
        usage: &'static str,
        arguments: RangeInclusive<usize>,
        handler: impl Fn(&Call<'_>, PendingAnswer) + Send + 'static,
    ) -> Self {
        Self { name, usage, arguments, listed: true, handler: Handler::Deferred(Box::new(handler)) }
    }

    /// The same command, not shown by `list-commands`.
    #[must_use]
    pub fn hidden(self) -> Self {
        Self { listed: false, ..self }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, usage, arguments, .. } = self;
        write!(formatter, "Command({name} {usage}, {arguments:?} arguments)")
    }
}

/// A command being called.
#[derive(Debug)]
pub struct Call<'a> {
    arguments: Vec<&'a str>,
    table: &'a CommandTable,
    format: Cell<Format>,
}

impl Call<'_> {
    /// The arguments, as many as the command takes.
    #[must_use]
    pub fn arguments(&self) -> &[&str] {
        &self.arguments
    }

    /// The argument at `index`, counted from 0.
    #[must_use]
    pub fn argument(&self, index: usize) -> Option<&str> {
        self.arguments.get(index).copied()
    }

    /// How the connection wants its results. A handler may answer accordingly; one that does not care need not look.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format.get()
    }
}

/// The duty to answer a command later. Dropped without an answer, it answers with an error.
pub struct PendingAnswer {
    deliver: Option<Box<dyn FnOnce(Outcome) + Send>>,
}

impl PendingAnswer {
    pub(crate) fn new(deliver: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self { deliver: Some(Box::new(deliver)) }
    }

    /// Answers. That the peer may have gone away meanwhile is no concern of the command's.
    pub fn complete(mut self, outcome: Outcome) {
        if let Some(deliver) = self.deliver.take() {
            deliver(outcome);
        }
    }
}

impl Drop for PendingAnswer {
    fn drop(&mut self) {
        if let Some(deliver) = self.deliver.take() {
            deliver(Err("the command was given up before it was done".to_owned()));
        }
    }
}

impl fmt::Debug for PendingAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PendingAnswer").finish_non_exhaustive()
    }
}

/// What the commands that every service has need to know of it.
pub struct Service {
    /// Its name, as in `RUN/NAME.pid`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its log.
    pub logging: Logging,
    /// Its state. Numbers under `memory` are what `memory/show` prints, numbers under `counters` what `coverage/show`
    /// prints.
    pub state: Arc<dyn Inspect>,
    /// Called on the control thread by `exit`. It asks the service to end and must not wait for that.
    pub exit: Box<dyn Fn() + Send>,
}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, .. } = self;
        formatter.debug_struct("Service").field("name", name).field("version", version).finish_non_exhaustive()
    }
}

/// Every command of a service, by name.
#[derive(Debug)]
pub struct CommandTable {
    logging: Logging,
    commands: BTreeMap<&'static str, Command>,
}

/// What became of a call.
pub(crate) enum Called {
    /// It is done. The format is the connection's from now on.
    Done(Outcome, Format),
    /// The handler has the [`PendingAnswer`].
    Pending,
}

impl CommandTable {
    /// The table of the commands that every service has.
    #[must_use]
    pub fn new(service: Service) -> Self {
        let Service { name, version, logging, state, exit } = service;
        let mut table = Self { logging: logging.clone(), commands: BTreeMap::new() };
        for command in [
            coverage_read_counter::command(Arc::clone(&state)),
            coverage_show::command(Arc::clone(&state)),
            exit::command(exit),
            list_commands::command(),
            memory_show::command(Arc::clone(&state)),
            set_options::command(),
            show::command(state),
            version::command(&name, &version),
        ] {
            table.add(command);
        }
        vlog::commands(&logging).into_iter().for_each(|command| table.add(command));
        table
    }

    /// Adds a command.
    ///
    /// # Panics
    /// When there is one of that name: two parts of a program claim it, which is a fault of the program.
    pub fn add(&mut self, command: Command) {
        let name = command.name;
        let earlier = self.commands.insert(name, command);
        assert!(earlier.is_none(), "there are two commands named {name}");
    }

    /// The log of the service.
    pub(crate) fn logging(&self) -> &Logging {
        &self.logging
    }

    /// The names and usages of the commands that are not hidden, sorted by name.
    pub(crate) fn listed(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.commands.values().filter(|command| command.listed).map(|command| (command.name, command.usage))
    }

    /// Calls the command that a request names. `pending` makes the handle for one that answers later.
    pub(crate) fn call(&self, request: &Request, format: Format, pending: impl FnOnce() -> PendingAnswer) -> Called {
        let (command, arguments) = match self.find(request) {
            Ok(found) => found,
            Err(text) => return Called::Done(Err(text), format),
        };
        let call = Call { arguments, table: self, format: Cell::new(format) };
        match &command.handler {
            Handler::Immediate(handler) => Called::Done(handler(&call), call.format.get()),
            Handler::Deferred(handler) => {
                handler(&call, pending());
                Called::Pending
            }
        }
    }

    fn find<'r>(&self, request: &'r Request) -> Result<(&Command, Vec<&'r str>), String> {
        let Request { method, parameters, .. } = request;
        let Some(command) = self.commands.get(method.as_str()) else {
            return Err(format!(
                "\"{method}\" is not a valid command (use \"list-commands\" to see a list of valid commands)"
            ));
        };
        let (least, most) = command.arguments.clone().into_inner();
        if parameters.len() < least {
            return Err(format!("\"{method}\" command requires at least {least} arguments"));
        }
        if parameters.len() > most {
            return Err(format!("\"{method}\" command takes at most {most} arguments"));
        }
        let arguments = parameters.iter().map(serde_json::Value::as_str).collect::<Option<Vec<_>>>();
        let arguments = arguments.ok_or_else(|| format!("\"{method}\" command has non-string argument"))?;
        Ok((command, arguments))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use serde_json::{Value, json};

    use super::*;
    use crate::Node;

    fn table() -> CommandTable {
        let state = |node: &mut Node<'_>| {
            node.child("memory", |node| {
                node.value("queues", 3);
                node.value("hosts", 1);
            });
            node.child("counters", |node| node.value("accepted", 7));
            node.value("uptime_s", 9);
        };
        let mut table = CommandTable::new(Service {
            name: "target".into(),
            version: "1.2".into(),
            logging: Logging::with_console("target", Box::new(std::io::sink())),
            state: Arc::new(state),
            exit: Box::new(|| {}),
        });
        let echo = |call: &Call<'_>| Ok(Answer::Text(call.argument(0).unwrap_or_default().to_owned()));
        table.add(Command::new("echo", "ARG", 1..=1, echo));
        table.add(Command::new("secret", "", 0..=0, |_| Err("no".into())).hidden());
        table
    }

    fn call_in(format: Format, method: &str, parameters: Value) -> (Outcome, Format) {
        let Value::Array(parameters) = parameters else { unreachable!() };
        let request = Request { id: json!(1), method: method.into(), parameters };
        match table().call(&request, format, || unreachable!()) {
            Called::Done(outcome, format) => (outcome, format),
            Called::Pending => unreachable!(),
        }
    }

    fn call(method: &str, parameters: Value) -> Result<String, String> {
        match call_in(Format::Text, method, parameters).0? {
            Answer::Text(text) => Ok(text),
            Answer::Json(value) => Ok(value.to_string()),
        }
    }

    #[test]
    fn e08_the_texts_of_wrong_calls() {
        for (method, parameters, text) in [
            ("x", json!([]), r#""x" is not a valid command (use "list-commands" to see a list of valid commands)"#),
            ("echo", json!([]), r#""echo" command requires at least 1 arguments"#),
            ("echo", json!(["a", "b"]), r#""echo" command takes at most 1 arguments"#),
            ("echo", json!([1]), r#""echo" command has non-string argument"#),
        ] {
            assert_eq!(call(method, parameters), Err(text.to_owned()));
        }
        assert_eq!(call("echo", json!(["a"])), Ok("a".to_owned()));
    }

    #[test]
    fn e11_list_commands_is_sorted_and_leaves_out_hidden_ones() {
        let text = call("list-commands", json!([])).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("The available commands are:"));
        let names: Vec<_> = lines.map(|line| line.split_whitespace().next().unwrap()).collect();
        assert!(names.is_sorted());
        let expected = [
            "coverage/read-counter",
            "coverage/show",
            "echo",
            "exit",
            "list-commands",
            "memory/show",
            "set-options",
            "show",
            "version",
            "vlog/close",
            "vlog/disable-rate-limit",
            "vlog/enable-rate-limit",
            "vlog/list",
            "vlog/list-pattern",
            "vlog/reopen",
            "vlog/set",
        ];
        assert_eq!(names, expected);
        assert!(text.contains("\n  echo                    ARG\n"), "{text}");
        assert!(text.contains("\n  vlog/list               \n"), "{text}");
        assert_eq!(call("secret", json!([])), Err("no".into()), "hidden, not gone");
        assert_eq!(call("vlog/message", json!(["hello"])), Ok(String::new()));
    }

    #[test]
    fn e11_general_commands() {
        assert_eq!(call("version", json!([])), Ok("target (Tidegate) 1.2".into()));
        assert_eq!(call("memory/show", json!([])), Ok("hosts:1 queues:3".into()));
        assert_eq!(call("coverage/read-counter", json!(["accepted"])), Ok("7".into()));
        assert_eq!(call("coverage/read-counter", json!(["x"])), Err("No such counter".into()));
        assert_eq!(call("coverage/show", json!([])), Ok("accepted                 total: 7\n".into()));
        assert_eq!(call("exit", json!([])), Ok(String::new()));
        assert_eq!(call("show", json!(["uptime_s"])), Ok("9\n".into()));
        assert_eq!(call("show", json!(["x"])), Err("no \"x\" at the top: there is memory, counters, uptime_s".into()));
    }

    #[test]
    fn e11_vlog_commands() {
        assert_eq!(call("vlog/set", json!([])), Ok(String::new()));
        assert_eq!(call("vlog/set", json!(["x"])), Err("no destination, level, or module \"x\"".into()));
        assert_eq!(call("vlog/reopen", json!([])), Err("Logging to file not configured".into()));
        assert_eq!(call("vlog/close", json!([])), Ok(String::new()));
        assert_eq!(call("vlog/disable-rate-limit", json!(["x"])), Err("unknown module".into()));
        assert_eq!(call("vlog/enable-rate-limit", json!(["any", "vlog"])), Ok(String::new()));
        let list = "                 console    syslog    file\n                 -------    ------    ------\n\
                    vlog              INFO       INFO       INFO\n";
        assert_eq!(call("vlog/list", json!([])), Ok(list.into()));
        let patterns = "         prefix                            format\n         ------                            ------\n\
            SYSLOG   none                              tidegate|%05N|%c%T|%p|%m\n\
            CONSOLE  none                              %D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m\n\
            FILE     none                              %D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m\n";
        assert_eq!(call("vlog/list-pattern", json!([])), Ok(patterns.into()));
    }

    #[test]
    fn e14_set_options_chooses_the_format() {
        for (parameters, format) in [
            (json!(["--format", "json"]), Format::Json),
            (json!(["--format=json"]), Format::Json),
            (json!(["--format", "text"]), Format::Text),
        ] {
            assert_eq!(call_in(Format::Text, "set-options", parameters), (Ok(Answer::empty()), format));
        }
        for (parameters, text) in [
            (json!(["--format", "xml"]), "option format has invalid value xml"),
            (json!(["--format"]), "option --format needs a value: text or json"),
            (json!(["--colour", "red"]), "unknown option --colour (expected --format text|json)"),
        ] {
            assert_eq!(call_in(Format::Text, "set-options", parameters), (Err(text.into()), Format::Text));
        }
    }

    #[test]
    fn e14_lists_and_state_are_values_in_json() {
        let (commands, _) = call_in(Format::Json, "list-commands", json!([]));
        let Ok(Answer::Json(commands)) = commands else { panic!("{commands:?}") };
        assert_eq!(commands["echo"], json!("ARG"));
        assert_eq!(commands.get("secret"), None);
        let (state, _) = call_in(Format::Json, "show", json!(["memory"]));
        assert_eq!(state, Ok(Answer::Json(json!({"hosts": 1, "queues": 3}))));
    }

    #[test]
    fn e09_an_answer_that_is_given_up_is_an_error_not_silence() {
        let (sender, receiver) = mpsc::channel();
        let pending = || {
            let sender = sender.clone();
            PendingAnswer::new(move |outcome| sender.send(outcome).unwrap())
        };
        pending().complete(Ok(Answer::empty()));
        assert_eq!(receiver.recv().unwrap(), Ok(Answer::empty()));
        drop(pending());
        assert!(receiver.recv().unwrap().is_err());
        assert!(receiver.try_recv().is_err(), "one answer each");
    }

    #[test]
    #[should_panic(expected = "two commands named echo")]
    fn a_name_is_given_once() {
        table().add(Command::new("echo", "", 0..=0, |_| Ok(Answer::empty())));
    }
}
