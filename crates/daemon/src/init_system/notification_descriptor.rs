//! Readiness as s6 and its relatives want it: a newline on a descriptor that the service was told of, then its end.
//!
//! Parity: the file `notification-fd` of an s6 service directory; here `--notification-fd=N`.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::sync::{Mutex, PoisonError};

use super::descriptor::{self, DescriptorError};

/// The descriptor, until readiness has been announced.
#[derive(Debug)]
pub struct NotificationDescriptor(Mutex<Option<File>>);

impl NotificationDescriptor {
    /// Takes over a descriptor by its number, once.
    ///
    /// # Errors
    /// For the standard streams, and for one that is not open.
    pub fn take(number: RawFd) -> Result<Self, DescriptorError> {
        Ok(Self(Mutex::new(Some(descriptor::take(number)?.into()))))
    }

    /// Announces readiness. After the first time there is nothing more to say.
    pub(super) fn announce_ready(&self) -> io::Result<()> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(mut file) => file.write_all(b"\n"),
            None => Ok(()),
        }
    }
}
