//! Asynchronous events: requests that wait for something to happen, and what has happened.
//!
//! A notice is sent at most once until the host has read the log page that belongs to it, as the specification masks
//! further events of a kind until then. Spec: NVMe Base 2.0 §5.2.
//!
//! Invariants: no more than [`ASYNC_EVENT_REQUESTS_MAXIMUM`] requests wait; a request that came in is answered exactly
//! once, through [`EventReporter::poll_response`].

use std::collections::VecDeque;

use nvme::base::async_event::{AsyncEvent, AsyncEvents};
use nvme::base::status::Status;
use nvme::tcp::{CommandTag, Response};

use crate::failure::Failure;
use crate::limits::ASYNC_EVENT_REQUESTS_MAXIMUM;

/// An event that a controller can report, with the log page that says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Namespaces came or went: the Changed Namespace List.
    NamespaceAttribute,
    /// The Discovery log page is no longer what it was.
    DiscoveryLogChange,
}

impl Notice {
    const ALL: [Self; 2] = [Self::NamespaceAttribute, Self::DiscoveryLogChange];

    fn event(self) -> AsyncEvent {
        match self {
            Self::NamespaceAttribute => AsyncEvent::NAMESPACE_ATTRIBUTE_CHANGED,
            Self::DiscoveryLogChange => AsyncEvent::DISCOVERY_LOG_PAGE_CHANGED,
        }
    }

    fn configuration(self) -> AsyncEvents {
        match self {
            Self::NamespaceAttribute => AsyncEvents::NAMESPACE_ATTRIBUTE,
            Self::DiscoveryLogChange => AsyncEvents::DISCOVERY_LOG_PAGE,
        }
    }
}

/// How far the reporting of a notice has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Progress {
    /// Nothing has happened since the log page was read.
    #[default]
    Quiet,
    /// Something has happened; no request has been there to say so.
    Pending,
    /// The host has been told, and has not read the log page since.
    Reported,
}

#[derive(Debug, Clone, Copy)]
struct WaitingRequest {
    tag: CommandTag,
    command_id: u16,
}

/// Reports a controller's asynchronous events.
#[derive(Debug, Default)]
pub(crate) struct EventReporter {
    enabled: AsyncEvents,
    waiting: VecDeque<WaitingRequest>,
    ready: VecDeque<(CommandTag, Response)>,
    progress: [Progress; Notice::ALL.len()],
}

impl EventReporter {
    /// What the host wants to be told of.
    pub(crate) fn configuration(&self) -> AsyncEvents {
        self.enabled
    }

    pub(crate) fn configure(&mut self, enabled: AsyncEvents) {
        self.enabled = enabled;
    }

    /// Takes in a request. It is answered through [`poll_response`](Self::poll_response).
    ///
    /// # Errors
    /// When as many as the controller holds are waiting.
    pub(crate) fn request(&mut self, tag: CommandTag, command_id: u16) -> Result<(), Failure> {
        if self.waiting.len() >= usize::from(ASYNC_EVENT_REQUESTS_MAXIMUM) {
            return Err(Failure::passing(Status::ASYNC_EVENT_REQUEST_LIMIT_EXCEEDED));
        }
        self.waiting.push_back(WaitingRequest { tag, command_id });
        self.report();
        Ok(())
    }

    /// Notes that something has happened. Returns whether a response is ready that was not before.
    pub(crate) fn notify(&mut self, notice: Notice) -> bool {
        let wanted = self.enabled.contains(notice.configuration());
        let progress = &mut self.progress[notice as usize];
        if !wanted || *progress != Progress::Quiet {
            return false;
        }
        *progress = Progress::Pending;
        self.report()
    }

    /// Notes that the host has read the log page of a notice and wants to be told of the next change.
    pub(crate) fn acknowledge(&mut self, notice: Notice) {
        self.progress[notice as usize] = Progress::Quiet;
    }

    /// Answers a waiting request with "Command Abort Requested". `false`: none has this command identifier.
    pub(crate) fn abort(&mut self, command_id: u16) -> bool {
        let Some(index) = self.waiting.iter().position(|request| request.command_id == command_id) else {
            return false;
        };
        if let Some(request) = self.waiting.remove(index) {
            self.answer(request, Response { result: 0, status: Status::ABORTED_BY_REQUEST });
        }
        true
    }

    /// Forgets what the host had configured, and answers what waits: the controller is reset.
    pub(crate) fn reset(&mut self) {
        while let Some(request) = self.waiting.pop_front() {
            self.answer(request, Response { result: 0, status: Status::ABORTED_SQ_DELETION });
        }
        self.enabled = AsyncEvents::default();
        self.progress = Default::default();
    }

    /// The next response to a request, if there is one.
    pub(crate) fn poll_response(&mut self) -> Option<(CommandTag, Response)> {
        self.ready.pop_front()
    }

    /// Tells waiting requests of what is pending. Returns whether there was any.
    fn report(&mut self) -> bool {
        let mut reported = false;
        for notice in Notice::ALL {
            if self.progress[notice as usize] == Progress::Pending
                && let Some(request) = self.waiting.pop_front()
            {
                self.progress[notice as usize] = Progress::Reported;
                let result = notice.event().to_dword0().into();
                self.answer(request, Response { result, status: Status::SUCCESS });
                reported = true;
            }
        }
        reported
    }

    fn answer(&mut self, request: WaitingRequest, response: Response) {
        self.ready.push_back((request.tag, response));
    }
}
