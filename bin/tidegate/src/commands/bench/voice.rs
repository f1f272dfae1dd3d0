//! Where the words and results of the load generator go.

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use bench::command_line::GeneralOptions;
use bench::output::FormatChoice;
use bench::run::Journal;

use crate::message;

/// The forms of the results that were chosen.
pub(super) fn formats(general: &GeneralOptions) -> FormatChoice {
    let chosen = general.output_formats;
    FormatChoice {
        normal: chosen.normal,
        terse: chosen.terse,
        json: chosen.json || chosen.json_plus,
        bins: chosen.json_plus,
    }
}

/// Where the load generator's words go.
pub(super) struct Voice {
    output: Mutex<Box<dyn Write + Send>>,
    normal: bool,
}

impl Voice {
    pub(super) fn new(general: &GeneralOptions, normal: bool) -> Result<Self, String> {
        let output: Box<dyn Write + Send> = match &general.output {
            None => Box::new(std::io::stdout()),
            Some(path) => {
                let path = general.aux_path.as_ref().map_or_else(|| path.clone(), |folder| folder.join(path));
                Box::new(File::create(&path).map_err(|error| format!("--output={}: {error}", path.display()))?)
            }
        };
        Ok(Self { output: Mutex::new(output), normal })
    }

    pub(super) fn with_output<T>(&self, write: impl FnOnce(&mut dyn Write) -> T) -> T {
        write(&mut **self.output.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes what belongs to the normal output only. A reader that has gone away is told at the end.
    pub(super) fn write_normal(&self, text: &str) {
        if self.normal {
            let _ = self.with_output(|output| output.write_all(text.as_bytes()).and_then(|()| output.flush()));
        }
    }
}

impl Journal for Voice {
    fn note(&self, line: &str) {
        self.write_normal(&format!("{line}\n"));
    }

    fn complain(&self, line: &str) {
        message::verbatim_error(line);
    }
}
