#![allow(missing_docs, dead_code, unused)]
use crate::channel::Channel;
use crate::notification::{Notification, encode};
pub(crate) struct Upstream { supervisor: Option<Channel>, launcher: Option<Channel> }
impl Upstream {
    pub(crate) fn of_this_process(_: Option<i32>) -> Result<Self, std::io::Error> { Ok(Self { supervisor: None, launcher: None }) }
    pub(crate) fn to_supervisor(channel: Channel) -> Self { Self { supervisor: Some(channel), launcher: None } }
    pub(crate) fn with_launcher(mut self, channel: Channel) -> Self { self.launcher = Some(channel); self }
    pub(crate) fn release_launcher(&mut self) { self.launcher = None }
    pub(crate) fn release_channel(&mut self) { self.supervisor = None }
    pub(crate) fn replace_channel(&mut self, c: Channel) { self.supervisor = Some(c) }
    pub(crate) fn channel(&self) -> Option<&Channel> { self.supervisor.as_ref() }
    pub(crate) fn crash_sink<T>(&self, _: T) -> crate::crash::CrashSink { crate::crash::CrashSink }
    pub(crate) fn notify(&mut self, n: &[Notification]) -> std::io::Result<()> {
        for c in [&self.supervisor, &self.launcher].into_iter().flatten() { c.send(&encode(n))?; } Ok(())
    }
}
pub(crate) fn watchdog() -> Option<std::time::Duration> { None }
pub(crate) fn monotonic_us() -> u64 { 0 }
pub(crate) mod activation { pub(crate) fn take() -> std::io::Result<Vec<crate::listening::ListeningSocket>> { Ok(Vec::new()) } }
