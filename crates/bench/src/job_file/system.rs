//! What job files ask of the system: files, the environment, and what keywords stand for.

use std::io::{self, Read};
use std::path::Path;

use super::STANDARD_INPUT;
use crate::options::cpu_list::CpuList;

/// What is outside of a job file.
pub trait System {
    /// The contents of a file, or of standard input for `-`; at most `limit` bytes of it.
    ///
    /// # Errors
    /// As opening and reading fail.
    fn read(&mut self, path: &Path, limit: usize) -> io::Result<Vec<u8>>;

    /// Whether there is such a file.
    fn exists(&self, path: &Path) -> bool;

    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;

    /// `$pagesize`: bytes of a page of memory.
    fn page_size(&self) -> u64;

    /// `$mb_memory`: memory in units of 1024 × 1024 bytes.
    fn memory_mib(&self) -> u64;

    /// `$ncpus`: CPUs of the system, those included that are off.
    fn cpus(&self) -> u64;
}

/// The system that the program runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Host;

impl System for Host {
    fn read(&mut self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        if path == Path::new(STANDARD_INPUT) {
            io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
        } else {
            std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn page_size(&self) -> u64 {
        rustix::param::page_size() as u64
    }

    fn memory_mib(&self) -> u64 {
        let memory = rustix::system::sysinfo();
        (memory.totalram * u64::from(memory.mem_unit)) >> 20
    }

    fn cpus(&self) -> u64 {
        let possible = std::fs::read_to_string("/sys/devices/system/cpu/possible").ok();
        let list = possible.and_then(|text| CpuList::parse(text.trim()).ok());
        list.map_or(1, |list| list.as_slice().len() as u64)
    }
}
