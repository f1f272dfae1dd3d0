//! The modules of the program, and how much each of them says where.
//!
//! A module is named by the first two parts of a `tracing` target, with a dot between: `nvme_target.connection`. To name
//! a whole crate is to name every module in it.

use std::collections::BTreeMap;

use super::{DESTINATIONS, Destination, Level};

/// What a module says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Module {
    /// One level for each destination, in the order of [`DESTINATIONS`].
    pub(super) levels: [Level; DESTINATIONS.len()],
    /// Whether rate limits are in force.
    pub(super) rate_limited: bool,
}

/// Every module that is known, and what one that becomes known later begins with.
#[derive(Debug)]
pub(super) struct Modules {
    initial: Module,
    known: BTreeMap<String, Module>,
}

impl Modules {
    pub(super) fn new() -> Self {
        let initial = Module { levels: [Level::Information; DESTINATIONS.len()], rate_limited: true };
        Self { initial, known: BTreeMap::new() }
    }

    /// Makes a module known. It begins with what its crate has.
    pub(super) fn discover(&mut self, name: &str) {
        if !self.known.contains_key(name) {
            self.known.insert(name.to_owned(), self.of(name));
        }
    }

    /// What a module says, known or not.
    pub(super) fn of(&self, name: &str) -> Module {
        let own = self.known.get(name);
        let inherited = || name.split_once('.').and_then(|(parent, _)| self.known.get(parent));
        *own.or_else(inherited).unwrap_or(&self.initial)
    }

    /// Whether a word names a module or the crate of one.
    pub(super) fn contains(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        self.known.keys().any(|name| is_within(name, &word))
    }

    /// Sets the level of a module, or of all, at a destination, or at all.
    pub(super) fn set_level(&mut self, module: Option<&str>, destination: Option<Destination>, level: Level) {
        self.change(module, |module| match destination {
            Some(destination) => module.levels[destination as usize] = level,
            None => module.levels = [level; DESTINATIONS.len()],
        });
    }

    /// Switches the rate limits of a module, or of all.
    pub(super) fn set_rate_limited(&mut self, module: Option<&str>, rate_limited: bool) {
        self.change(module, |module| module.rate_limited = rate_limited);
    }

    fn change(&mut self, name: Option<&str>, change: impl Fn(&mut Module)) {
        match name {
            None => {
                change(&mut self.initial);
                self.known.values_mut().for_each(change);
            }
            Some(name) => {
                // A crate keeps a setting of its own for the modules of it that become known later.
                self.discover(name);
                self.known
                    .iter_mut()
                    .filter(|(known, _)| is_within(known, name))
                    .for_each(|(_, module)| change(module));
            }
        }
    }

    /// Every module by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Module)> {
        self.known.iter().map(|(name, module)| (name.as_str(), module))
    }
}

fn is_within(name: &str, module: &str) -> bool {
    name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The module that a `tracing` target belongs to.
pub(super) fn module_of(target: &str) -> String {
    let mut parts = target.split("::");
    let mut name = parts.next().unwrap_or_default().to_lowercase();
    if let Some(part) = parts.next() {
        name.push('.');
        name.push_str(&part.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(modules: &Modules, name: &str) -> [Level; 3] {
        modules.of(name).levels
    }

    #[test]
    fn a_target_belongs_to_the_module_of_its_first_two_parts() {
        assert_eq!(module_of("nvme_target::connection::receive"), "nvme_target.connection");
        assert_eq!(module_of("vlog"), "vlog");
        assert_eq!(module_of("Up::A"), "up.a");
    }

    #[test]
    fn f01_levels_are_kept_for_each_module_and_destination() {
        let (info, dbg, off) = (Level::Information, Level::Debug, Level::Off);
        let mut modules = Modules::new();
        modules.discover("a");
        modules.discover("b");
        assert_eq!(levels(&modules, "a"), [info; 3]);
        modules.set_level(Some("a"), Some(Destination::File), dbg);
        modules.set_level(Some("b"), None, off);
        assert_eq!(levels(&modules, "a"), [info, info, dbg]);
        assert_eq!(levels(&modules, "b"), [off; 3]);
        modules.set_level(None, Some(Destination::Console), off);
        assert_eq!(levels(&modules, "a"), [off, info, dbg]);
        assert_eq!(levels(&modules, "unknown"), [off, info, info], "what is set for all holds for later modules too");
    }

    #[test]
    fn a_crate_stands_for_its_modules_now_and_later() {
        let mut modules = Modules::new();
        modules.discover("nvme.queue");
        modules.discover("nvmex");
        assert!(modules.contains("NVMe") && modules.contains("nvme.queue") && !modules.contains("nvm"));
        modules.set_level(Some("nvme"), None, Level::Debug);
        modules.set_rate_limited(Some("nvme"), false);
        modules.discover("nvme.admin");
        for name in ["nvme", "nvme.queue", "nvme.admin"] {
            assert_eq!(modules.of(name), Module { levels: [Level::Debug; 3], rate_limited: false }, "{name}");
        }
        assert_eq!(levels(&modules, "nvmex"), [Level::Information; 3]);
    }
}
