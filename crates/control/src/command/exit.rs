//! `exit`: ends the service in good order.

use super::Command;
use crate::wire::Answer;

pub(super) fn command(exit: Box<dyn Fn() + Send>) -> Command {
    Command::new("exit", "", 0..=0, move |_| {
        exit();
        Ok(Answer::empty())
    })
}
