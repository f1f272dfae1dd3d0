//! Which engine does the I/O.

use super::JobOptions;
use super::engines;
use super::kind::{ValueError, custom, nearest};
use super::option::{Section, option};

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Engine {
    /// Its name, one of [`engines::ENGINES`].
    pub ioengine: String,
}

pub(super) const SECTION: Section = Section {
    title: "I/O engine",
    options: &[option("ioengine", &custom("the name of an engine; --enghelp lists them", engine), "What does the I/O")
        .default("psync")],
};

fn engine(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    if text.starts_with("external:") {
        return Err(ValueError::Rule("engines of fio that are loaded from a file do not fit into this program"));
    }
    let Some(known) = engines::find(text) else {
        let words: Vec<_> =
            engines::ENGINES.iter().filter(|engine| engine.missing.is_none()).map(|engine| engine.name).collect();
        let nearest = nearest(text, words.iter().copied());
        return Err(ValueError::NoSuchWord { text: text.to_owned(), words, nearest });
    };
    if let Some(reason) = known.missing {
        return Err(ValueError::EngineMissing { engine: known.name, reason });
    }
    text.clone_into(&mut options.engine.ioengine);
    Ok(())
}
