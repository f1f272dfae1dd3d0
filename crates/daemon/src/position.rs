//! Where in the chain of processes this one stands: started by a person, or by a supervisor.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::process::Command;

use rustix::net::SocketType;

use crate::channel::Channel;
use crate::failure::Failure;
use crate::hello::Hello;
use crate::streams;

/// The variable that names the channel's descriptor and the supervisor's process id: `FD:PID`. With the id, a process further
/// down that has inherited the variable does not take some descriptor of its own for the channel.
const VARIABLE: &str = "TIDEGATE_CHANNEL";

/// Where this process stands.
#[derive(Debug)]
pub struct Position {
    pub(crate) supervised: Option<Supervised>,
    /// Descriptors that the caller has left open, and that nobody has named to this process.
    pub(crate) strangers: Vec<RawFd>,
}

/// What a supervisor gave.
#[derive(Debug)]
pub(crate) struct Supervised {
    pub(crate) channel: Channel,
    pub(crate) hello: Hello,
}

impl Position {
    /// Finds out, and goes to the directory in which the supervisor was started, so that relative paths mean the same in
    /// every instance. To be called first, before any descriptor is opened.
    ///
    /// # Errors
    /// When a supervisor started this process, but cannot be heard.
    pub fn of_this_process() -> Result<Self, Failure> {
        let strangers = streams::inherited().unwrap_or_default();
        let Some(channel) = inherited_channel() else {
            return Ok(Self { supervised: None, strangers });
        };
        let hello = Hello::receive(&channel)
            .map_err(|error| Failure::running(format_args!("cannot hear the supervisor ({error})")))?;
        if let Some(directory) = &hello.directory {
            std::env::set_current_dir(directory).map_err(|error| {
                Failure::running(format_args!("{}: cannot go back to this directory ({error})", directory.display()))
            })?;
        }
        Ok(Self { supervised: Some(Supervised { channel, hello }), strangers: Vec::new() })
    }

    /// Whether a supervisor started this process.
    #[must_use]
    pub fn is_supervised(&self) -> bool {
        self.supervised.is_some()
    }

    /// The configuration that the supervisor has checked and wants to be used.
    #[must_use]
    pub fn configuration(&self) -> Option<&str> {
        self.supervised.as_ref()?.hello.configuration.as_deref()
    }
}

/// Makes `command` start a process that finds its channel in `descriptor`.
pub(crate) fn pass_channel(command: &mut Command, descriptor: i32) {
    command.env(VARIABLE, format!("{descriptor}:{}", std::process::id()));
}

fn inherited_channel() -> Option<Channel> {
    let text = std::env::var(VARIABLE).ok()?;
    let (descriptor, parent) = text.split_once(':')?;
    let parent: i32 = parent.parse().ok()?;
    if rustix::process::getppid()?.as_raw_nonzero().get() != parent {
        return None;
    }
    take_socket(descriptor.parse().ok()?).ok().map(Channel::from_descriptor)
}

/// Owns an inherited descriptor if it is a socket that keeps messages apart.
fn take_socket(number: i32) -> io::Result<OwnedFd> {
    streams::close_on_exec(number)?;
    // SAFETY: the descriptor is open (its flags could be set), and the supervisor gave it to this process alone by naming
    // its number and our parent: nothing else in this process owns it.
    #[expect(unsafe_code, reason = "an inherited descriptor has no owner yet")]
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    match rustix::net::sockopt::socket_type(&descriptor) {
        Ok(SocketType::SEQPACKET) => Ok(descriptor),
        _ => {
            // It is somebody else's after all.
            std::mem::forget(descriptor);
            Err(io::Error::other("not a channel"))
        }
    }
}
