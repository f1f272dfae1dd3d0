//! What commands and fronts work on.

use std::sync::Arc;

use control::log::Logging;
use tokio::sync::watch;

use crate::histories::Histories;
use crate::sessions::Sessions;
use crate::station::Station;
use crate::users::Users;

/// Everything that a command may need. One for the process; fronts share it.
#[derive(Debug)]
pub struct Context {
    /// The stream.
    pub station: Station,
    /// Who does what at the moment.
    pub sessions: Sessions,
    /// The log of this process.
    pub logging: Logging,
    users: watch::Receiver<Arc<Users>>,
    pub(crate) histories: Histories,
}

impl Context {
    /// A context for these.
    #[must_use]
    pub fn new(station: Station, users: watch::Receiver<Arc<Users>>, logging: Logging) -> Self {
        Self { station, logging, sessions: Sessions::default(), users, histories: Histories::default() }
    }

    /// Who may log in, and a way to wait for that to change.
    #[must_use]
    pub fn users(&self) -> watch::Receiver<Arc<Users>> {
        self.users.clone()
    }
}
