//! When a job starts and ends, and which clock it reads.

use std::time::Duration;

use super::JobOptions;
use super::kind::{Between, ValueError, between_times, choice, custom, flag, number, seconds, word};
use super::option::{Section, option};

/// The clock that latencies are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockSource {
    /// What is best here.
    #[default]
    Automatic,
    /// `gettimeofday`.
    GetTimeOfDay,
    /// `clock_gettime`.
    ClockGetTime,
    /// The processor's counter.
    Cpu,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Time {
    /// The job ends after this time; 0 is never.
    pub runtime: Duration,
    /// The job goes on until `runtime`, again from the start if need be.
    pub time_based: bool,
    /// The job waits for a time between these before it starts.
    pub startdelay: Between<Duration>,
    /// The job runs for this time before anything is counted.
    pub ramp_time: Duration,
    /// The job, or its group with `group_reporting`, moves so many bytes before anything is counted; 0 is none.
    pub ramp_size: u64,
    /// The clock that latencies are taken from.
    pub clocksource: ClockSource,
    /// Latencies and bandwidth over time are not measured.
    pub gtod_reduce: bool,
    /// The CPU of fio's thread that reads the clock for all. Nothing follows from it: see [`Warning::NoClockThread`].
    ///
    /// [`Warning::NoClockThread`]: super::resolve::Warning::NoClockThread
    pub gtod_cpu: Option<u32>,
    /// The clock of `job_start` in results in JSON, as `clock_gettime` numbers them. Only when set is there a `job_start`.
    pub job_start_clock_id: Option<u32>,
}

pub(super) const SECTION: Section = Section {
    title: "Time",
    options: &[
        option("runtime", &seconds(|options| &mut options.time.runtime), "End the job after this time; 0 is never")
            .aliases(&["timeout"])
            .default("0"),
        option(
            "time_based",
            &flag(|options| &mut options.time.time_based),
            "Run until runtime is over, again from the start if all is done before",
        ),
        option(
            "startdelay",
            &between_times(|options| &mut options.time.startdelay),
            "Wait this long before the start, or for a time drawn between two",
        )
        .default("0"),
        option(
            "ramp_time",
            &seconds(|options| &mut options.time.ramp_time),
            "Run this long before anything is counted",
        ),
        option(
            "ramp_size",
            &number(|options| &mut options.time.ramp_size).at_least(1),
            "Move so many bytes before anything is counted; with group_reporting the jobs of the group together",
        ),
        option(
            "clocksource",
            &choice(
                |options| &mut options.time.clocksource,
                &[
                    word("gettimeofday", ClockSource::GetTimeOfDay, "gettimeofday(2)"),
                    word("clock_gettime", ClockSource::ClockGetTime, "clock_gettime(2)"),
                    word("cpu", ClockSource::Cpu, "the processor's own counter"),
                ],
            ),
            "The clock that latencies are taken from",
        ),
        option(
            "gtod_reduce",
            &custom("0 or 1", gtod_reduce),
            "Do without latencies and bandwidth over time, and with few readings of the clock",
        )
        .default("0"),
        option(
            "gtod_cpu",
            &number(|options| &mut options.time.gtod_cpu),
            "CPU of a thread that reads the clock for all; not needed here, no thread is bound to it",
        ),
        option(
            "job_start_clock_id",
            &number(|options| &mut options.time.job_start_clock_id),
            "Tell in JSON when the job began, by this clock as clock_gettime(2) numbers them",
        ),
    ],
};

/// Switches off what needs the clock; what comes after it can switch some of it on again. `0` leaves all as it is.
fn gtod_reduce(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    options.time.gtod_reduce = match text {
        "0" => false,
        "1" => true,
        _ => return Err(ValueError::malformed(text, "0 or 1")),
    };
    if options.time.gtod_reduce {
        let measurements = &mut options.measurements;
        measurements.disable_lat = true;
        measurements.disable_clat = true;
        measurements.disable_slat = true;
        measurements.disable_bw_measurement = true;
        measurements.clat_percentiles = false;
        measurements.lat_percentiles = false;
        measurements.slat_percentiles = false;
    }
    Ok(())
}
