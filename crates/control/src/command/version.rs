//! `version`: which program this is.

use super::Command;
use crate::wire::Answer;

pub(super) fn command(name: &str, version: &str) -> Command {
    let text = format!("{name} (Tidegate) {version}");
    Command::new("version", "", 0..=0, move |_| Ok(Answer::Text(text.clone())))
}
