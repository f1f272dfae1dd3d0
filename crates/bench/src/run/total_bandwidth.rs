//! The bandwidth of all jobs together over time (`--bandwidth-log`): a file for each direction, called as fio calls them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::command_line::PlannedJob;
use crate::direction::Direction;
use crate::statistics::log::{LogKind, LogSample, LogSettings, SampleLog};
use crate::statistics::{Rate, RateSampler};

/// Samples the bandwidth of a run.
#[derive(Debug)]
pub struct TotalBandwidth {
    sampler: RateSampler,
    logs: [SampleLog; 3],
}

impl TotalBandwidth {
    /// The log of a run of these jobs: a sample for each of the shortest window that one of them has (`bwavgtime`).
    #[must_use]
    pub fn new(jobs: &[PlannedJob]) -> Self {
        let windows = jobs.iter().map(|job| job.resolved.options.measurements.bwavgtime);
        let window_ms = u64::from(windows.min().unwrap_or(0).max(1));
        let log = |_| SampleLog::new(LogSettings::new(LogKind::Bandwidth));
        Self { sampler: RateSampler::new(Rate::Bandwidth, window_ms, 0), logs: [(); 3].map(log) }
    }

    /// Looks at the bytes that were moved so far, by direction.
    pub fn look(&mut self, now_ms: u64, bytes: [u64; 3]) {
        let (logs, mut sampled) = (&mut self.logs, [None; 3]);
        let mut is_over = false;
        self.sampler.look(now_ms, bytes, |direction, rate| {
            is_over = true;
            sampled[direction.index()] = Some(rate);
        });
        // Parity: a direction that did nothing has a sample of 0 when others did something.
        for (direction, rate) in Direction::ALL.into_iter().zip(sampled).filter(|_| is_over) {
            let sample = LogSample { value: rate.unwrap_or(0), ..LogSample::default() };
            logs[direction.index()].record(now_ms, direction, sample);
        }
    }

    /// Writes the files.
    ///
    /// # Errors
    /// With the file that cannot be written.
    pub fn write(&mut self, now_ms: u64) -> Result<(), (PathBuf, io::Error)> {
        for (direction, log) in Direction::ALL.into_iter().zip(&mut self.logs) {
            log.finish(now_ms);
            let path = PathBuf::from(format!("agg-{}_bw.log", direction.name()));
            let written = File::create(&path).map(BufWriter::new).and_then(|mut output| {
                log.write(&mut output)?;
                output.flush()
            });
            written.map_err(|error| (path, error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_direction_has_a_sample_of_each_window() {
        let mut total = TotalBandwidth::new(&[]);
        total.sampler = RateSampler::new(Rate::Bandwidth, 500, 0);
        total.look(100, [1 << 20, 0, 0]);
        total.look(500, [1 << 20, 1 << 19, 0]);
        let lines = total.logs.each_mut().map(|log| {
            let mut text = Vec::new();
            log.finish(600);
            log.write(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        });
        assert_eq!(lines, ["500, 2048, 0, 0, 0\n", "500, 1024, 1, 0, 0\n", "500, 0, 2, 0, 0\n"]);
    }
}
