//! Which file is next (`file_service_type`, `openfiles`).

use super::file::FileState;
use super::settings::FileService;
use crate::random::normal::Normal;
use crate::random::pareto::Pareto;
use crate::random::seeds::{Purpose, Seeds};
use crate::random::zipf::{Placement, Zipf};
use crate::random::{Generator, Width, low_half};

/// Skewed draws are made over 2¹⁰ times as many places as there are files.
const PLACES_SHIFT: u32 = 10;

/// Files in a row that have nothing to give before the job gives up, where files start over.
const FAILURES_MAX: u32 = 10_000;

#[derive(Debug, Clone)]
enum Draw {
    InTurn,
    Uniform(Generator),
    Zipf(Zipf),
    Pareto(Pareto),
    Normal(Normal),
}

/// The choice and its state.
#[derive(Debug, Clone)]
pub(super) struct FileChoice {
    service: FileService,
    draw: Draw,
    /// I/Os on a file before the next choice.
    count: u32,
    left: u32,
    current: Option<usize>,
    next_in_turn: usize,
    open: usize,
    open_max: usize,
    done: usize,
}

impl FileChoice {
    pub(super) fn new(service: FileService, open_max: usize, files: usize) -> Self {
        let count = match service {
            FileService::Random { count } | FileService::RoundRobin { count } => count,
            _ => 1,
        };
        let open_max = if open_max == 0 { files } else { open_max.min(files) };
        Self { service, draw: Draw::InTurn, count, left: 0, current: None, next_in_turn: 0, open: 0, open_max, done: 0 }
    }

    /// Starts the draws from their seed.
    pub(super) fn seed(&mut self, seeds: &Seeds, width: Width, files: usize) {
        let places = (files as u64) << PLACES_SHIFT;
        let seed = low_half(seeds.seed(Purpose::File));
        let placement = |center| Placement { center, spread: false };
        self.draw = match self.service {
            FileService::RoundRobin { .. } | FileService::Sequential => Draw::InTurn,
            FileService::Random { .. } => Draw::Uniform(seeds.generator(Purpose::File, width)),
            FileService::Zipf { theta, center } => Draw::Zipf(Zipf::new(places, theta, placement(center), seed)),
            FileService::Pareto { h, center } => Draw::Pareto(Pareto::new(places, h, placement(center), seed)),
            FileService::Normal { deviation, center } => {
                Draw::Normal(Normal::new(places, deviation, placement(center), seed))
            }
        };
    }

    /// The next file, open; `None`: all are done.
    #[inline]
    pub(super) fn choose(&mut self, files: &mut [FileState], block_seed: u64) -> Option<usize> {
        if let [only] = files
            && only.is_open
        {
            // Whoever chooses, and whatever it would draw, it is this one.
            return Some(0);
        }
        self.choose_among(files, block_seed)
    }

    fn choose_among(&mut self, files: &mut [FileState], block_seed: u64) -> Option<usize> {
        if self.done >= files.len() {
            return None;
        }
        if let Some(current) = self.current
            && files[current].is_open
        {
            if matches!(self.service, FileService::Sequential) {
                return Some(current);
            }
            if self.left > 0 {
                self.left -= 1;
                return Some(current);
            }
        }
        let chosen = match self.draw {
            Draw::InTurn => self.in_turn(files),
            _ => self.drawn(files),
        };
        if let Some(chosen) = chosen
            && !files[chosen].is_open
        {
            self.open += 1;
            files[chosen].is_open = true;
            files[chosen].reset(block_seed);
        }
        self.current = chosen;
        self.left = self.count.wrapping_sub(1);
        chosen
    }

    /// The next one that is not done and that is open or may be opened.
    fn in_turn(&mut self, files: &[FileState]) -> Option<usize> {
        for _ in 0..files.len() {
            let candidate = self.next_in_turn;
            self.next_in_turn = if candidate + 1 < files.len() { candidate + 1 } else { 0 };
            if self.may_serve(&files[candidate]) {
                return Some(candidate);
            }
        }
        None
    }

    /// Draws until it is one that can be served.
    fn drawn(&mut self, files: &[FileState]) -> Option<usize> {
        if !files.iter().any(|file| self.may_serve(file)) {
            return None;
        }
        loop {
            let drawn = match &mut self.draw {
                Draw::InTurn => return None,
                Draw::Uniform(generator) => generator.below(files.len() as u64),
                Draw::Zipf(draws) => draws.next_item() >> PLACES_SHIFT,
                Draw::Pareto(draws) => draws.next_item() >> PLACES_SHIFT,
                Draw::Normal(draws) => draws.next_item() >> PLACES_SHIFT,
            };
            let Ok(candidate) = usize::try_from(drawn) else { continue };
            if files.get(candidate).is_some_and(|file| self.may_serve(file)) {
                return Some(candidate);
            }
        }
    }

    fn may_serve(&self, file: &FileState) -> bool {
        !file.is_done && (file.is_open || self.open < self.open_max)
    }

    /// Closes a file that had nothing to give, the last of `failures` in a row. Where files start over it gets another
    /// chance, as often as a skewed draw may miss; fio goes on for ever when nothing fits at all.
    pub(super) fn leave(&mut self, file: &mut FileState, block_seed: u64, failures: u32) {
        file.is_open = false;
        self.open -= 1;
        if self.service.starts_over() && failures < FAILURES_MAX {
            file.reset(block_seed);
        } else {
            file.is_done = true;
            self.done += 1;
        }
    }

    /// Closes all files for another pass. `forget_done`: those that are done count as not done again.
    pub(super) fn restart(&mut self, files: &mut [FileState], forget_done: bool) {
        for file in files {
            file.is_open = false;
            file.is_done = false;
            file.first = file.start;
        }
        self.open = 0;
        if forget_done {
            self.done = 0;
        }
    }
}
