//! A job before it runs: its files found and laid out, everything decided that does not need its thread.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use crate::direction::Direction;
use crate::engines::{self, Description, Engine, EngineError, EngineOptions, Visitor};
use crate::files::{Blocks, JobFiles, LayOut, file_names};
use crate::offsets::layout::{FileRange, Layout, LayoutError};
use crate::offsets::settings::Settings;
use crate::options::JobOptions;
use crate::random::Width;
use crate::random::seeds::{Purpose, Seeds};
use crate::verify::Verifier;

use super::calendar;
use super::convert::{self, Shape, proving};
use super::debug::Subjects;
use super::ended::JobFailure;
use super::journal::Journal;
use super::members::Member;
use super::writes::Writes;

/// A job that is ready for its thread.
pub(super) struct JobSetup {
    pub(super) options: Arc<JobOptions>,
    pub(super) member: Member,
    pub(super) description: &'static Description,
    pub(super) engine_options: EngineOptions,
    pub(super) files: JobFiles,
    pub(super) layout: Layout,
    pub(super) lay_out: LayOut,
    pub(super) seeds: Seeds,
    pub(super) offsets: Settings,
    pub(super) verifier: Option<Verifier>,
    /// Laid out already, by the coordinator (`create_serialize`).
    pub(super) is_laid_out: bool,
    /// Nothing may be written.
    pub(super) read_only: bool,
    /// Jobs of the run.
    pub(super) job_count: u32,
    /// What has filled the files that were laid out, if any were: it goes on with the job's writes, which carry other data so.
    pub(super) writes: Option<Writes>,
}

/// What the whole run is told.
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// Whether job files may run programs (`ioengine=exec`, `exec_prerun`, `exec_postrun`).
    pub allow_exec: bool,
    /// Whether nothing may be written (`--readonly`), not even files that jobs read.
    pub read_only: bool,
    /// Where files of the program's own go.
    pub aux_path: Option<PathBuf>,
    /// Whether a device with less bytes than a job says is refused before anything runs. Otherwise it is used up to its end, as fio
    /// does, and that is told.
    pub refuses_small_devices: bool,
    /// What is told of while jobs run (`--debug`).
    pub debug: Subjects,
    /// The only job of which that is told, by its number in the run, from 0; one that is not there is all of them, as with fio.
    pub debug_job: Option<u32>,
    /// The address of the front end that sent the jobs; empty: none.
    pub front_end: String,
}

/// What a target that is no file says about its size.
struct TargetBytes<'t>(&'t Path, &'t EngineOptions);

impl Visitor for TargetBytes<'_> {
    type Output = Result<Option<u64>, EngineError>;

    fn visit<E: Engine>(self) -> Self::Output {
        E::target_bytes(self.0, self.1)
    }
}

impl JobSetup {
    /// Finds the job's files and decides which part of them is used.
    pub(super) fn new(
        member: Member,
        options: Arc<JobOptions>,
        run: &RunSettings,
        job_count: u32,
    ) -> Result<Self, JobFailure> {
        let engine = &options.engine.ioengine;
        let at_once = engines::complete_at_once(engine, options.io_depth.iodepth)?;
        let Some(description) = engines::describe(engine) else {
            unreachable!("the engine is known: it was asked something");
        };
        check(&options, description, run)?;
        let engine_options = convert::engine::options(&options, run.allow_exec);
        let names = file_names(&convert::files::names(&options, &member.section, member.clone_number, &run.front_end))?;
        let mut files = JobFiles::new(convert::files::settings(&options, description.traits), names);
        files.refuse_mounted()?;
        let offsets = convert::offsets::settings(&options, at_once);
        let seeds = convert::offsets::seeds(&options, member.number, member.clone_number > 0, entropy());
        let width = convert::offsets::width(&options);
        let layout = if description.traits.does_io {
            lay_out(&options, &member, &mut files, &engine_options, &offsets, &seeds, width)?
        } else {
            Layout { files: Vec::new(), size: 0 }
        };
        if run.refuses_small_devices
            && let Some(found) = small_device(&layout)
        {
            let option = if options.io_size.filesize.is_some() { "filesize" } else { "size" };
            return Err(JobFailure::SmallDevice {
                option,
                name: found.name.clone(),
                has: found.size,
                asked: end(found),
            });
        }
        let lay_out = files.apply(&layout);
        let verifier = proving::verifier(&options, &offsets.block_sizes)?;
        let is_laid_out = false;
        Ok(Self {
            options,
            member,
            description,
            engine_options,
            files,
            layout,
            lay_out,
            seeds,
            offsets,
            verifier,
            is_laid_out,
            read_only: run.read_only,
            job_count,
            writes: None,
        })
    }

    /// Makes the files that are too short, unless that was done.
    pub(super) fn lay_out(&mut self, stop: &dyn Fn() -> bool, journal: &dyn Journal) -> Result<(), JobFailure> {
        if std::mem::replace(&mut self.is_laid_out, true) || !self.description.traits.does_io {
            return Ok(());
        }
        if let Some(found) = small_device(&self.layout) {
            let (job, asked) = (&self.member.name, end(found));
            let FileRange { name, size, .. } = found;
            journal.complain(&format!(
                "{job}: {name} has {size} bytes: the job ends there, and not at {asked} as its size says"
            ));
        }
        let LayOut { file_count, bytes } = self.lay_out;
        if self.read_only && file_count > 0 {
            let what = "--readonly: a file to read is missing or too short, and is not to be written".to_owned();
            return Err(JobFailure::System { what, source: Errno::NOENT.into() });
        }
        self.files.make_folders()?;
        if file_count == 0 {
            return Ok(());
        }
        let (plural, total) = if file_count > 1 { ("s", "total ") } else { ("", "") };
        journal.note(&format!(
            "{}: Laying out IO file{plural} ({file_count} file{plural} / {total}{}MiB)",
            self.member.name,
            bytes >> 20
        ));
        let mut writes = self.new_writes()?;
        let block_bytes = self.offsets.block_sizes[Direction::Write.index()].maximum;
        let block_bytes = usize::try_from(block_bytes).unwrap_or(usize::MAX);
        let fill = &mut |block: &mut [u8]| writes.fill_laid_out(block);
        self.files.lay_out(&mut Blocks { bytes: block_bytes, fill }, stop)?;
        self.writes = Some(writes);
        Ok(())
    }

    /// What fills the buffers of writes that are not verified.
    pub(super) fn new_writes(&self) -> Result<Writes, JobFailure> {
        let options = &self.options;
        let content = convert::content::content(options).map_err(proving::VerifyError::from)?;
        let refill = convert::content::refill(options, &content);
        let smallest = self.offsets.block_sizes[Direction::Write.index()].minimum;
        let dedupe = convert::content::dedupe(options, self.layout.size, smallest, self.job_count);
        Ok(Writes::new(&content, refill, dedupe, &self.seeds, convert::offsets::width(options), smallest))
    }

    /// Sets the scheduler of the disks below the files (`ioscheduler`).
    pub(super) fn set_schedulers(&self) -> Result<(), JobFailure> {
        let Some(name) = self.options.target_file.ioscheduler.as_ref().filter(|_| self.description.traits.uses_files)
        else {
            return Ok(());
        };
        self.files.files().iter().try_for_each(|file| super::disks::set_scheduler(file.path(), name))
    }

    pub(super) fn shape(&self) -> Shape {
        Shape::of(&self.options)
    }
}

/// The first device that has less than the job says.
fn small_device(layout: &Layout) -> Option<&FileRange> {
    layout.files.iter().find(|range| end(range) > range.size)
}

/// Where the part of a file that was asked for ends.
fn end(range: &FileRange) -> u64 {
    range.first.saturating_add(range.length)
}

fn check(options: &JobOptions, description: &Description, run: &RunSettings) -> Result<(), JobFailure> {
    let shape = Shape::of(options);
    let trims = shape.has(Direction::Trim) || proving::trims_in_run(options);
    if trims && !description.traits.trims {
        return Err(JobFailure::Option(format!("ioengine={} cannot trim", description.name)));
    }
    let largest = convert::offsets::block_sizes(options).iter().map(|size| size.maximum).max().unwrap_or(0);
    if largest > u64::from(u32::MAX >> 1) {
        return Err(JobFailure::Option(format!(
            "a block of {largest} bytes: the system moves less than 2 GiB at once"
        )));
    }
    let clocks = [
        ("job_start_clock_id", options.time.job_start_clock_id),
        ("log_alternate_epoch_clock_id", Some(options.measurements.log_alternate_epoch_clock_id)),
    ];
    for (name, id) in clocks {
        if let Some(id) = id.filter(|&id| calendar::milliseconds(id).is_none()) {
            return Err(JobFailure::Option(format!("{name}={id}: the system has no clock of that number")));
        }
    }
    if options.io_type.end_syncfs && !description.traits.uses_files {
        let name = description.name;
        return Err(JobFailure::Option(format!("ioengine={name} has no file system to sync: leave out end_syncfs")));
    }
    let commands = [&options.threads.exec_prerun, &options.threads.exec_postrun];
    if commands.iter().any(|command| command.is_some()) && !run.allow_exec {
        let text = "exec_prerun and exec_postrun: programs are not run from job files unless --allow-exec is given";
        return Err(JobFailure::Option(text.to_owned()));
    }
    Ok(())
}

fn lay_out(
    options: &JobOptions,
    member: &Member,
    files: &mut JobFiles,
    engine_options: &EngineOptions,
    offsets: &Settings,
    seeds: &Seeds,
    width: Width,
) -> Result<Layout, JobFailure> {
    let engine = &options.engine.ioengine;
    let found = files.found(|path| Ok(engines::start(engine, TargetBytes(path, engine_options))??))?;
    let mut extent = convert::offsets::extent(options, member.clone_number);
    let is_open = options.io_size.size.percent().is_none() && matches!(extent.size, 0 | u64::MAX);
    if options.io_size.fill_device && is_open {
        extent.size = files.free_bytes();
    }
    let mut sizes = seeds.generator(Purpose::FileSize, width);
    let layout = Layout::new(&extent, offsets, &found, &mut sizes).map_err(|error| match error {
        LayoutError::NoSize => JobFailure::Option("you need to specify size=".to_owned()),
        other => other.into(),
    })?;
    // fio does nothing in such a file, and says nothing.
    if let Some(range) = layout.files.iter().find(|range| range.first >= range.size && range.length > 0) {
        let (name, size, offset) = (range.name.clone(), range.size, range.first);
        return Err(LayoutError::OffsetBeyondFile { name, offset, size }.into());
    }
    Ok(layout)
}

/// Random numbers of the system, for runs that are not to repeat.
fn entropy() -> [u64; Purpose::COUNT] {
    let mut values = [0; Purpose::COUNT];
    let mut bytes = [0; 8];
    // Without it, the seeds are those of repeatable runs: nothing depends on their secrecy.
    if let Ok(mut source) = File::open("/dev/urandom") {
        for value in &mut values {
            if source.read_exact(&mut bytes).is_ok() {
                *value = u64::from_ne_bytes(bytes);
            }
        }
    }
    values
}
