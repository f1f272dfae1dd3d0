//! When a pass over the files and the whole job end (`size`, `io_size`, `number_ios`, `loops`, `time_based`).

use super::settings::{Limits, MapPolicy, Mix, Settings};
use crate::direction::Direction;

/// What was done and how much may be.
#[derive(Debug, Clone)]
pub(super) struct Passes {
    limits: Limits,
    mix: Mix,
    /// Bytes of one pass.
    size: u64,
    largest_block: u64,
    /// Bytes that count against the limit: those of `counted`.
    issued_bytes: u64,
    counted: [bool; 3],
    limit: u64,
    number_ios: u64,
    /// All I/Os, verifying ones too.
    ios: u64,
    /// All bytes, verifying ones too.
    bytes: u64,
    failed_ios: u64,
    failed_bytes: u64,
    /// Bytes and failed bytes before this pass.
    before_pass: (u64, u64),
    /// Bytes after which this pass ends.
    pass_limit: u64,
    loops_left: u32,
    any_overwrite: bool,
    /// The job is done, whatever the limits.
    is_ended: bool,
}

impl Passes {
    pub(super) fn new(settings: &Settings, map: MapPolicy, is_random: bool, size: u64) -> Self {
        let limits = settings.limits;
        let loops = u64::from(limits.loops.max(1));
        let limit = if limits.io_size > 0 { limits.io_size } else { size };
        let counted = match settings.mix {
            Mix::Read => [true, false, false],
            Mix::ReadWrite => [true, true, false],
            Mix::Write | Mix::TrimWrite => [false, true, false],
            Mix::Trim => [false, false, true],
        };
        Self {
            limits,
            mix: settings.mix,
            size,
            largest_block: settings.largest_block(),
            issued_bytes: 0,
            counted,
            limit: limit.wrapping_mul(loops),
            number_ios: limits.number_ios,
            ios: 0,
            bytes: 0,
            failed_ios: 0,
            failed_bytes: 0,
            before_pass: (0, 0),
            pass_limit: 0,
            loops_left: limits.loops,
            any_overwrite: settings.mix.has(Direction::Write) && is_random && map == MapPolicy::None,
            is_ended: false,
        }
    }

    /// There is no pass after this one.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
    }

    /// Whether there is another pass. `files_done`: each file came to its end in the last one.
    pub(super) fn another(&mut self, files_done: bool) -> bool {
        if self.is_ended {
            return false;
        }
        if self.limits.time_based {
            return true;
        }
        if self.loops_left > 0 {
            self.loops_left -= 1;
            return true;
        }
        if self.ios_exceeded() {
            return false;
        }
        let limit = if self.limits.io_size > 0 { self.limits.io_size } else { self.size };
        // Files that are done and will be verified were closed for that, which fio takes for not done.
        let verified = self.limits.verify && self.limits.do_verify;
        let has_files = !files_done || verified || self.limits.io_size > 0;
        let done = self.bytes.saturating_sub(self.failed_bytes);
        done < limit && limit - done >= self.largest_block && has_files
    }

    /// Another pass begins.
    pub(super) fn begin(&mut self) {
        self.before_pass = (self.bytes, self.failed_bytes);
        self.pass_limit = self.size;
        if self.any_overwrite {
            self.pass_limit = self.pass_limit.max(self.limits.io_size);
        }
        if self.limits.verify && self.limits.verify_backlog && self.mix.has(Direction::Write) {
            self.pass_limit = self.pass_limit.saturating_add(self.size);
        }
        if self.mix == Mix::TrimWrite {
            // Each byte is trimmed and written. fio doubles the number of I/Os for each pass anew.
            self.pass_limit = self.pass_limit.saturating_add(self.limit);
            self.number_ios = self.number_ios.saturating_mul(2);
        }
    }

    /// Whether the pass goes on.
    #[inline]
    pub(super) fn may_issue(&self) -> bool {
        let ends_here =
            !self.limits.engine_is_synchronous && self.bytes.wrapping_sub(self.before_pass.0) >= self.pass_limit;
        if self.limits.time_based {
            !(ends_here && self.limits.verify)
        } else {
            !ends_here && self.issued_bytes < self.limit && !self.ios_exceeded()
        }
    }

    /// Whether the pass did anything that did not fail.
    pub(super) fn did_anything(&self) -> bool {
        self.bytes.wrapping_sub(self.before_pass.0) > self.failed_bytes.wrapping_sub(self.before_pass.1)
    }

    /// An I/O was issued.
    #[inline]
    pub(super) fn count(&mut self, direction: Direction, bytes: u64) {
        if self.counted[direction.index()] {
            self.issued_bytes = self.issued_bytes.wrapping_add(bytes);
        }
        self.count_any(bytes);
    }

    /// A read for verification was issued.
    #[inline]
    pub(super) fn count_any(&mut self, bytes: u64) {
        self.ios += 1;
        self.bytes = self.bytes.wrapping_add(bytes);
    }

    /// An I/O that was counted failed.
    pub(super) fn discount(&mut self, bytes: u64) {
        self.failed_ios += 1;
        self.failed_bytes = self.failed_bytes.wrapping_add(bytes);
    }

    #[inline]
    fn ios_exceeded(&self) -> bool {
        self.number_ios > 0 && self.number_ios_exceeded()
    }

    fn number_ios_exceeded(&self) -> bool {
        let limit = self.number_ios.saturating_mul(u64::from(self.limits.loops.max(1)));
        self.ios.saturating_sub(self.failed_ios) >= limit
    }
}
