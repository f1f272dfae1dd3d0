//! The kinds of section that make services: a file beside this one each, and a line in [`KINDS`].

use std::any::Any;
use std::net::TcpListener;

use daemon::service::Service;
use daemon::{Failure, ListenAddress};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::bench::BenchSection;
use super::radio::RadioSection;
use super::service::ServiceSection;
use super::source::{ConfigurationError, Place};
use super::target::TargetSection;

/// Every kind, in the order in which their services are started.
pub(super) const KINDS: &[Kind] =
    &[Kind::of::<TargetSection>("target"), Kind::of::<BenchSection>("bench"), Kind::of::<RadioSection>("radio")];

/// A section that has been read and makes a service.
pub(crate) trait Section: Any {
    /// The service's own name.
    fn name(&self) -> Option<&Spanned<String>>;

    /// The section below it that all services have.
    fn service_section(&self) -> &ServiceSection;

    /// The service that it describes. Nothing is opened yet, but what can be seen to be wrong is found now.
    ///
    /// # Errors
    /// A value that cannot be used, with its line and key.
    fn service(&self, place: &Place<'_>) -> Result<Box<dyn Service>, ConfigurationError>;

    /// How the supervisor binds an address of the service.
    fn bind(&self) -> fn(&ListenAddress) -> Result<TcpListener, Failure>;
}

type Read = fn(Spanned<DeValue<'_>>) -> Result<Box<dyn Section>, toml::de::Error>;

/// A kind of section. A file has none, one (`[key]`) or several (`[[key]]`) of it.
pub(super) struct Kind {
    /// The key of the section, which is the service's name unless it has one of its own.
    pub(super) key: &'static str,
    /// Reads one section of it.
    pub(super) read: Read,
}

impl Kind {
    const fn of<S: Section + DeserializeOwned + 'static>(key: &'static str) -> Self {
        Self { key, read: |value| Ok(Box::new(S::deserialize(ValueDeserializer::from(value))?)) }
    }
}
