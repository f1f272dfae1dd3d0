//! A job file made of any bytes, with a file that it may include: it is read and planned, or refused with one line.

#![no_main]

use std::ffi::OsString;
use std::io;
use std::path::Path;

use bench::command_line::{Outcome, parse};
use bench::job_file::System;
use libfuzzer_sys::fuzz_target;

/// The first file is the job file; the second has every other name.
struct Files<'a>(&'a [u8], &'a [u8]);

impl System for Files<'_> {
    fn read(&mut self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let bytes = if path == Path::new("jobs.fio") { self.0 } else { self.1 };
        Ok(bytes[..bytes.len().min(limit)].to_vec())
    }

    fn exists(&self, _: &Path) -> bool {
        true
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    fn page_size(&self) -> u64 {
        4096
    }

    fn memory_mib(&self) -> u64 {
        1024
    }

    fn cpus(&self) -> u64 {
        2
    }
}

fuzz_target!(|files: (&[u8], &[u8])| {
    if let Ok(Outcome::Run(invocation)) = parse(vec![OsString::from("jobs.fio")], &mut Files(files.0, files.1)) {
        let _ = invocation.plan();
    }
});
