//! The live state tree behind `show [PATH]`.
//!
//! A service implements [`Inspect`]: it writes its values and children into a [`Node`]. Only what lies on the asked path
//! is evaluated, since children are closures: `show target/controllers/3` does not look at the other controllers. The
//! result is a [`State`], printed as indented text or as JSON.
//!
//! ```
//! use control::{Inspect, Node, State};
//!
//! struct Listener { address: &'static str, connections: u32 }
//!
//! impl Inspect for Listener {
//!     fn inspect(&self, node: &mut Node<'_>) {
//!         node.value("address", self.address);
//!         node.value("connections", self.connections);
//!     }
//! }
//!
//! let listener = Listener { address: "127.0.0.1:4420", connections: 3 };
//! assert_eq!(State::of(&listener, "connections").unwrap().to_string(), "3\n");
//! assert!(State::of(&listener, "colour").is_err());
//! ```

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use thiserror::Error;

/// Something with a state worth showing. It is called on the control thread: take locks briefly, never wait.
pub trait Inspect: Send + Sync {
    /// Writes values and children into `node`, in the order in which people should read them.
    fn inspect(&self, node: &mut Node<'_>);
}

impl<F: Fn(&mut Node<'_>) + Send + Sync> Inspect for F {
    fn inspect(&self, node: &mut Node<'_>) {
        self(node);
    }
}

/// A part of the tree, complete.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// A leaf.
    Value(Value),
    /// Named children, in order.
    Children(Vec<(String, Self)>),
}

/// A path that leads nowhere. Says how far it led and what is there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no \"{name}\" {}", place(.parent, .names))]
pub struct UnknownPath {
    /// The first name that does not exist.
    pub name: String,
    /// The path before it, without slashes at its ends; empty for the root.
    pub parent: String,
    /// What does exist there.
    pub names: Vec<String>,
}

fn place(parent: &str, names: &[String]) -> String {
    let parent = if parent.is_empty() { "at the top".to_owned() } else { format!("in \"{parent}\"") };
    if names.is_empty() {
        format!("{parent}: nothing is there")
    } else {
        format!("{parent}: there is {}", names.join(", "))
    }
}

/// Where an [`Inspect`] writes to. It is a place on the way to the asked path, or inside of what was asked for.
#[derive(Debug)]
pub struct Node<'p> {
    /// Names that still have to be followed; empty when this node is to be shown.
    path: &'p [&'p str],
    children: Vec<(String, State)>,
    /// Names of children that are not on the path, to be told when it leads nowhere.
    passed: Vec<String>,
    failure: Option<UnknownPath>,
}

impl<'p> Node<'p> {
    fn new(path: &'p [&'p str]) -> Self {
        Self { path, children: Vec::new(), passed: Vec::new(), failure: None }
    }

    /// A leaf: a number, a string, a truth value, or any JSON value.
    pub fn value(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        match self.enter(name.into()) {
            Some((name, [])) => self.children.push((name, State::Value(value.into()))),
            Some((parent, [name, ..])) => {
                self.failure = Some(UnknownPath { name: (*name).to_owned(), parent, names: Vec::new() });
            }
            None => {}
        }
    }

    /// A child. `inspect` is called only if the child is asked for.
    pub fn child(&mut self, name: impl Into<String>, inspect: impl FnOnce(&mut Node<'_>)) {
        let Some((name, path)) = self.enter(name.into()) else {
            return;
        };
        let mut node = Node::new(path);
        inspect(&mut node);
        match node.finish() {
            Ok(state) => self.children.push((name, state)),
            Err(mut failure) => {
                failure.parent = if failure.parent.is_empty() { name } else { format!("{name}/{}", failure.parent) };
                self.failure = Some(failure);
            }
        }
    }

    /// A name, and the path that remains below it, when it is asked for.
    fn enter(&mut self, name: String) -> Option<(String, &'p [&'p str])> {
        match self.path {
            [] => Some((name, &[])),
            [first, rest @ ..] if *first == name => Some((name, rest)),
            _ => {
                self.passed.push(name);
                None
            }
        }
    }

    fn finish(mut self) -> Result<State, UnknownPath> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        match self.path {
            [] => Ok(State::Children(self.children)),
            [name, ..] => match self.children.pop() {
                Some((_, state)) => Ok(state),
                None => Err(UnknownPath { name: (*name).to_owned(), parent: String::new(), names: self.passed }),
            },
        }
    }
}

impl State {
    /// The part of `root`'s state at `path`: names with slashes between; empty names do not count.
    ///
    /// # Errors
    /// When there is no such place.
    pub fn of(root: &dyn Inspect, path: &str) -> Result<Self, UnknownPath> {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        let mut node = Node::new(&names);
        root.inspect(&mut node);
        node.finish()
    }

    /// The numbers right below `path`; none when there is no such place.
    pub(crate) fn numbers(root: &dyn Inspect, path: &str) -> Vec<(String, u64)> {
        let Ok(Self::Children(children)) = Self::of(root, path) else {
            return Vec::new();
        };
        let number = |(name, state): (String, Self)| match state {
            Self::Value(value) => value.as_u64().map(|number| (name, number)),
            Self::Children(_) => None,
        };
        children.into_iter().filter_map(number).collect()
    }

    fn write_text(&self, formatter: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Value(value) => writeln!(formatter, "{}", Leaf(value)),
            Self::Children(children) => children.iter().try_for_each(|(name, child)| {
                write!(formatter, "{:indent$}{}:", "", name.escape_debug(), indent = 2 * depth)?;
                match child {
                    Self::Value(value) => writeln!(formatter, " {}", Leaf(value)),
                    Self::Children(_) => {
                        writeln!(formatter)?;
                        child.write_text(formatter, depth + 1)
                    }
                }
            }),
        }
    }
}

/// A leaf as text: a string without quotes, control characters escaped, anything else as JSON.
struct Leaf<'a>(&'a Value);

impl fmt::Display for Leaf<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str() {
            Some(text) => text.split('"').enumerate().try_for_each(|(index, part)| {
                if index > 0 {
                    formatter.write_str("\"")?;
                }
                write!(formatter, "{}", part.escape_debug())
            }),
            None => write!(formatter, "{}", self.0),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_text(formatter, 0)
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Children(children) => {
                let mut map = serializer.serialize_map(Some(children.len()))?;
                for (name, child) in children {
                    map.serialize_entry(name, child)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use serde_json::json;

    use super::*;

    struct Tree {
        visits: AtomicU32,
    }

    impl Inspect for Tree {
        fn inspect(&self, node: &mut Node<'_>) {
            node.value("name", "a\"b\nc");
            node.child("controllers", |node| {
                for id in [2_u32, 10] {
                    node.child(id.to_string(), |node| {
                        self.visits.fetch_add(1, Ordering::Relaxed);
                        node.value("queues", id + 1);
                        node.value("ready", true);
                    });
                }
            });
            node.child("nothing", |_| {});
        }
    }

    fn tree() -> Tree {
        Tree { visits: AtomicU32::new(0) }
    }

    #[test]
    fn the_whole_tree_as_text_and_as_json() {
        let state = State::of(&tree(), "").unwrap();
        let text = "name: a\"b\\nc\ncontrollers:\n  2:\n    queues: 3\n    ready: true\n  10:\n    queues: 11\n    \
                    ready: true\nnothing:\n";
        assert_eq!(state.to_string(), text);
        let value = json!({
            "name": "a\"b\nc",
            "controllers": {"2": {"queues": 3, "ready": true}, "10": {"queues": 11, "ready": true}},
            "nothing": {},
        });
        assert_eq!(serde_json::to_value(&state).unwrap(), value);
    }

    #[test]
    fn a_path_evaluates_what_it_names_only() {
        let tree = tree();
        for path in ["controllers/10", "/controllers//10/"] {
            assert_eq!(State::of(&tree, path).unwrap().to_string(), "queues: 11\nready: true\n");
        }
        assert_eq!(tree.visits.load(Ordering::Relaxed), 2);
        assert_eq!(State::of(&tree, "controllers/2/queues").unwrap(), State::Value(json!(3)));
        assert_eq!(State::of(&tree, "nothing").unwrap(), State::Children(vec![]));
    }

    #[test]
    fn a_path_that_leads_nowhere_says_where_and_what_is_there() {
        for (path, text) in [
            ("x", r#"no "x" at the top: there is name, controllers, nothing"#),
            ("controllers/3/queues", r#"no "3" in "controllers": there is 2, 10"#),
            ("controllers/2/x", r#"no "x" in "controllers/2": there is queues, ready"#),
            ("name/x/y", r#"no "x" in "name": nothing is there"#),
            ("nothing/x", r#"no "x" in "nothing": nothing is there"#),
        ] {
            assert_eq!(State::of(&tree(), path).unwrap_err().to_string(), text, "{path}");
        }
    }
}
