//! One entry of the option table.

use super::JobOptions;
use super::kind::{Argument, Kind, ValueError};

/// When an option of a section of a job file is applied: fio sorts them so, and lists them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Before the others, which depend on it.
    Early,
    /// In the order that they stand in.
    Usual,
    /// After the others, on which it depends.
    Late,
}

/// What the table knows of an option.
pub struct JobOption {
    /// As it is written in a job file, and listed in results.
    pub name: &'static str,
    /// Other names for the same.
    pub aliases: &'static [&'static str],
    /// How its value is read, and where it goes.
    pub kind: &'static dyn Kind,
    /// The text that it has if nobody sets it.
    pub default: Option<&'static str>,
    /// What it does, in one line.
    pub help: &'static str,
    /// The option that this one makes no sense without.
    pub parent: Option<&'static str>,
    /// When it is applied.
    pub order: Order,
}

impl JobOption {
    /// Reads `text` and puts the value into `options`.
    ///
    /// # Errors
    /// See [`ValueError`].
    pub fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        self.kind.set(options, text)
    }

    /// Whether it goes by that name.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }

    /// Its names, the one of results first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Whether it stands on the command line with a value.
    #[must_use]
    pub fn argument(&self) -> Argument {
        self.kind.argument()
    }

    pub(super) const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    pub(super) const fn below(mut self, parent: &'static str) -> Self {
        self.parent = Some(parent);
        self
    }

    pub(super) const fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }
}

impl std::fmt::Debug for JobOption {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("JobOption").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An entry without aliases, default, parent or special order.
pub(super) const fn option(name: &'static str, kind: &'static dyn Kind, help: &'static str) -> JobOption {
    JobOption { name, aliases: &[], kind, default: None, help, parent: None, order: Order::Usual }
}

/// Options that belong together, as the manual of fio groups them.
#[derive(Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// Its options.
    pub options: &'static [JobOption],
}
