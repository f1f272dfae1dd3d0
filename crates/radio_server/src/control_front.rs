//! Commands that came on the control socket, carried out with all rights: who may write to that socket owns the service.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use radio_stream::link::LibraryEnd;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::commands::{CONTROL_FRONT, Origin};
use crate::context::Context;
use crate::running::RunningCommand;
use crate::users::User;

/// The commands under way.
#[derive(Debug)]
pub(crate) struct ControlFront {
    context: Arc<Context>,
    link: LibraryEnd,
    runtime: Handle,
    calls: Arc<Mutex<HashMap<u64, oneshot::Sender<()>>>>,
}

impl ControlFront {
    /// No commands yet.
    pub(crate) fn new(context: Arc<Context>, link: LibraryEnd, runtime: Handle) -> Self {
        Self { context, link, runtime, calls: Arc::default() }
    }

    /// Starts a command.
    pub(crate) fn begin(&self, call: u64, words: Vec<String>) {
        let (cancel, cancelled) = oneshot::channel();
        lock(&self.calls).insert(call, cancel);
        let (context, link, calls) = (Arc::clone(&self.context), self.link.clone(), Arc::clone(&self.calls));
        self.runtime.spawn(async move {
            let status = run(context, &link, call, words, cancelled).await;
            lock(&calls).remove(&call);
            // If the link is gone, so is whoever asked.
            let _ = link.command_ended(call, status);
        });
    }

    /// Ends a command that nobody waits for any more.
    pub(crate) fn cancel(&self, call: u64) {
        lock(&self.calls).remove(&call);
    }
}

async fn run(
    context: Arc<Context>,
    link: &LibraryEnd,
    call: u64,
    words: Vec<String>,
    mut cancelled: oneshot::Receiver<()>,
) -> u8 {
    let origin = Origin { user: User::owner(), front: CONTROL_FRONT, peer: String::new() };
    let mut command = RunningCommand::start(context, origin, words);
    command.end_input();
    loop {
        tokio::select! {
            output = command.output() => match output {
                Some((_, bytes)) => {
                    let _ = link.command_output(call, String::from_utf8_lossy(&bytes).into_owned());
                }
                None => return command.status().await,
            },
            _ = &mut cancelled => {
                command.interrupt();
                return command.status().await;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
