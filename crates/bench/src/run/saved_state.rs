//! The state that a job leaves for a later run that verifies (`verify_state_save`, `verify_state_load`): its file.
//!
//! The file is that of fio 3.33, name and bytes, so that a state saved by one is loaded by the other; states of later releases
//! are loaded, too. One difference: where a job is stopped before it verifies, the state of its random generator is one number
//! ahead of fio's; nobody reads it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::ended::JobFailure;
use super::journal::Journal;
use super::members::Member;
use super::proof::SavedWrites;
use super::setup::JobSetup;
use crate::direction::Direction;
use crate::offsets::Offsets;
use crate::options::JobOptions;
use crate::random::Generator;
use crate::random::seeds::Purpose;
use crate::verify::{CompletedWrites, EarlierState, GeneratorState, STATE_FILE_MAXIMUM, StateFile, state_file_name};

use super::convert::{offsets as offset_options, proving};

/// Bytes of a job's name that the file keeps, and that its name has.
const NAME_MAX: usize = 63;

fn depth(options: &JobOptions) -> u32 {
    options.io_depth.iodepth.max(1)
}

/// What is remembered of each file; nothing if no state is saved.
///
/// Parity: fio saves one also with `verify_only`, in place of that of the run that did write.
pub(super) fn completed(options: &JobOptions, file_count: usize) -> Vec<CompletedWrites> {
    if is_saved(options) { vec![CompletedWrites::new(depth(options) as usize); file_count] } else { Vec::new() }
}

/// Whether the job leaves a state.
pub(super) fn is_saved(options: &JobOptions) -> bool {
    let verification = &options.verification;
    let writes = super::convert::Shape::of(options).has(Direction::Write) && !verification.verify_only;
    verification.verify_state_save && proving::is_wanted(options) && writes
}

fn path(aux_path: Option<&Path>, name: &str, number: u32) -> PathBuf {
    let mut kept = name.len().min(NAME_MAX);
    while !name.is_char_boundary(kept) {
        kept -= 1;
    }
    let folder = aux_path.map(Path::to_string_lossy);
    state_file_name(folder.as_deref(), &name[..kept], index(number)).into()
}

fn index(number: u32) -> u64 {
    u64::from(number.saturating_sub(1))
}

/// The state that an earlier run of the job left, if the job asks for it.
pub(super) fn load(
    options: &JobOptions,
    member: &Member,
    aux_path: Option<&Path>,
    journal: &dyn Journal,
) -> Result<Option<EarlierState>, JobFailure> {
    if !options.verification.verify_state_load {
        return Ok(None);
    }
    let path = path(aux_path, &member.name, member.number);
    let failed = |source| JobFailure::System { what: format!("verify_state_load: {}", path.display()), source };
    let bytes = journal.earlier_state(&member.name, index(member.number)).unwrap_or_else(|| {
        let mut bytes = Vec::new();
        File::open(&path)?.take(STATE_FILE_MAXIMUM).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = bytes.map_err(failed)?;
    let state = EarlierState::decode(&bytes);
    state.map(Some).map_err(|error| JobFailure::Option(format!("{}: {error}", path.display())))
}

/// What is known of a job before it runs, for the state that it leaves.
pub(super) struct Progress {
    path: PathBuf,
    name: String,
    number: u32,
    depth: u32,
    file_count: u32,
    random: bool,
    /// The generator of offsets as the verification begins, where that starts anew.
    fresh: Option<Generator>,
}

impl Progress {
    pub(super) fn new(setup: &JobSetup, aux_path: Option<&Path>) -> Self {
        let (options, member) = (&setup.options, &setup.member);
        let anew = setup.seeds.is_repeatable() && options.verification.do_verify;
        Self {
            path: path(aux_path, &member.name, member.number),
            name: member.name.clone(),
            number: member.number,
            depth: depth(options),
            file_count: u32::try_from(setup.files.files().len()).unwrap_or(u32::MAX),
            random: setup.shape().random,
            fresh: anew.then(|| setup.seeds.generator(Purpose::Block, offset_options::width(options))),
        }
    }

    /// Tells the journal, and writes the file. `count` writes are over, unless what is saved says otherwise.
    pub(super) fn save(
        self,
        saved: SavedWrites,
        count: u64,
        offsets: &Offsets,
        journal: &dyn Journal,
    ) -> Result<(), JobFailure> {
        let state = StateFile {
            completed: saved.completed,
            depth: self.depth,
            file_count: self.file_count,
            writes: saved.issued.unwrap_or(count),
            index: index(self.number),
            generator: if self.random {
                state_of(self.fresh.as_ref().unwrap_or_else(|| offsets.block_generator()))
            } else {
                GeneratorState::Narrow([0; 3])
            },
            name: self.name,
        };
        journal.state_left(&state);
        let failed =
            |source| JobFailure::System { what: format!("verify_state_save: {}", self.path.display()), source };
        fs::write(&self.path, state.encode()).map_err(failed)
    }
}

fn state_of(generator: &Generator) -> GeneratorState {
    match generator {
        Generator::Bits32(narrow) => GeneratorState::Narrow(narrow.state()),
        Generator::Bits64(wide) => GeneratorState::Wide(wide.state()),
    }
}
