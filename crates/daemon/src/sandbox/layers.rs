//! The layers of the sandbox, and switching them off by name.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// One of the kernel's means of confinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// No program that this process executes can have more rights than it has.
    NoNewPrivileges,
    /// Files and ports.
    Landlock,
    /// System calls.
    Seccomp,
}

/// Every layer with its name, in the order in which they are applied.
const LAYERS: [(Layer, &str); 3] =
    [(Layer::NoNewPrivileges, "no-new-privileges"), (Layer::Landlock, "landlock"), (Layer::Seccomp, "seccomp")];

/// The word that means every layer.
const ALL: &str = "all";

impl Layer {
    /// Every layer, in the order in which they are applied.
    pub fn all() -> impl Iterator<Item = Self> {
        LAYERS.into_iter().map(|(layer, _)| layer)
    }

    /// The name by which it is switched off.
    #[must_use]
    pub fn name(self) -> &'static str {
        match LAYERS.iter().find(|(layer, _)| *layer == self) {
            Some((_, name)) => name,
            None => unreachable!("every layer is in the table"),
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that is no layer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no sandbox layer {0:?} (known are no-new-privileges, landlock, seccomp, and all for all of them)")]
pub struct UnknownLayer(String);

/// Which layers are wanted. Each is, unless it is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layers {
    off: Vec<Layer>,
}

impl Layers {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// None of them.
    #[must_use]
    pub fn none() -> Self {
        Self { off: Layer::all().collect() }
    }

    /// All but those that `--no-sandbox=NAME,…` names; `all` names all of them.
    ///
    /// # Errors
    /// For a name that is none, the empty one among them.
    pub fn without(names: &str) -> Result<Self, UnknownLayer> {
        let mut off = Vec::new();
        for name in names.split(',').map(str::trim) {
            match LAYERS.iter().find(|(_, known)| *known == name) {
                Some((layer, _)) if off.contains(layer) => {}
                Some((layer, _)) => off.push(*layer),
                None if name == ALL => off = Layer::all().collect(),
                None => return Err(UnknownLayer(name.to_owned())),
            }
        }
        Ok(Self { off })
    }

    /// Whether a layer is wanted.
    #[must_use]
    pub fn wants(&self, layer: Layer) -> bool {
        !self.off.contains(&layer)
    }
}

impl FromStr for Layers {
    type Err = UnknownLayer;

    /// As [`Layers::without`].
    fn from_str(names: &str) -> Result<Self, UnknownLayer> {
        Self::without(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_switched_off_by_name() {
        let wanted = |names: &str| Layer::all().filter(|layer| Layers::without(names).unwrap().wants(*layer)).count();
        assert_eq!(Layer::all().filter(|layer| Layers::all().wants(*layer)).count(), 3);
        assert_eq!(wanted("landlock"), 2);
        assert_eq!(wanted("landlock, seccomp,landlock"), 1);
        assert_eq!(wanted("all"), 0);
        assert_eq!(Layers::without("seccomp,all").unwrap(), Layers::none());
        assert!(!Layers::without("no-new-privileges").unwrap().wants(Layer::NoNewPrivileges));
    }

    #[test]
    fn an_unknown_layer_is_refused_with_the_known_ones() {
        for name in ["apparmor", "", "Landlock", "landlock,"] {
            let text = Layers::without(name).unwrap_err().to_string();
            assert!(Layer::all().all(|layer| text.contains(layer.name())), "{text}");
        }
    }
}
