//! `[target]`: devices served over NVMe/TCP.

use std::net::{SocketAddr, TcpListener};

use block::Backend;
use daemon::service::Service;
use daemon::{Failure, ListenAddress};
use nvme::fabrics::Nqn;
use nvme_target::{ServiceOptions, SocketOptions};
use reactor::IdlePolicy;
use reactor::clock::Duration;
use serde::Deserialize;
use toml::Spanned;

use super::section::Section;
use super::service::ServiceSection;
use super::source::{ConfigurationError, Place};
use crate::commands::target::{
    DISCOVERY_DEFAULT, LISTEN_DEFAULT, NQN_DEFAULT, TargetService, backend, bind, placement,
};
use crate::message;

/// `[target]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetSection {
    /// The service's name.
    name: Option<Spanned<String>>,
    /// Addresses of the I/O controllers.
    #[serde(default = "default_listen")]
    listen: Vec<SocketAddr>,
    /// Addresses of the discovery service. Empty: it is reached at `listen` only.
    #[serde(default = "default_discovery")]
    discovery: Vec<SocketAddr>,
    /// The subsystem's NQN.
    nqn: Option<Spanned<String>>,
    /// The namespaces' devices; the first is namespace 1.
    devices: Vec<Spanned<String>>,
    /// Cores to bind a thread to each. Absent: a thread for each core, not bound.
    #[serde(default)]
    cores: Vec<usize>,
    /// Microseconds that an idle thread looks for work before it sleeps.
    spin_us: Option<u64>,
    /// Send buffer of each connection, in bytes.
    send_buffer_bytes: Option<usize>,
    /// Congestion control of each connection.
    congestion_control: Option<String>,
    /// How files and disks are read and written: `auto`, `io-uring` or `threads`. Default: `auto`.
    file_backend: Option<Spanned<String>>,
    /// How it is kept alive.
    #[serde(default)]
    service: ServiceSection,
}

fn default_listen() -> Vec<SocketAddr> {
    LISTEN_DEFAULT.parse().into_iter().collect()
}

fn default_discovery() -> Vec<SocketAddr> {
    DISCOVERY_DEFAULT.parse().into_iter().collect()
}

impl Section for TargetSection {
    fn name(&self) -> Option<&Spanned<String>> {
        self.name.as_ref()
    }

    fn service_section(&self) -> &ServiceSection {
        &self.service
    }

    fn service(&self, place: &Place<'_>) -> Result<Box<dyn Service>, ConfigurationError> {
        if self.listen.is_empty() {
            let hint = format_args!("is empty; name at least one address, such as \"{LISTEN_DEFAULT}\"");
            return Err(place.at_section("listen", hint));
        }
        let nqn = match &self.nqn {
            Some(text) => Nqn::parse(text.get_ref()).map_err(|error| place.at(text, "nqn", error))?,
            None => Nqn::parse(NQN_DEFAULT).unwrap_or_else(|_| unreachable!("the default NQN is well-formed")),
        };
        let backend = match &self.file_backend {
            None => Backend::Auto,
            Some(text) => backend(text.get_ref()).map_err(|error| place.at(text, "file_backend", error))?,
        };
        let options = ServiceOptions {
            listen: self.listen.clone(),
            discovery: self.discovery.clone(),
            placement: placement(self.cores.clone()),
            idle: self.spin_us.map_or(IdlePolicy::DEFAULT, |spin| IdlePolicy { spin: Duration::from_micros(spin) }),
            socket: SocketOptions {
                send_buffer_bytes: self.send_buffer_bytes,
                congestion_control: self.congestion_control.clone(),
            },
            backend,
        };
        let devices = self.devices.iter().map(|specification| specification.get_ref().clone()).collect();
        let target = TargetService::new(nqn, devices, options);
        match target.check() {
            Ok(()) => Ok(Box::new(target)),
            Err((index, error)) => Err(place.at(&self.devices[index], "devices", message::chain(&error))),
        }
    }

    fn bind(&self) -> fn(&ListenAddress) -> Result<TcpListener, Failure> {
        bind
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{error, services};
    use super::*;

    #[test]
    fn a_minimal_target_has_the_documented_addresses() {
        let found = services("[target]\ndevices = [\"memory:1M\"]\n").unwrap();
        let addresses: Vec<String> = found[0].service.addresses().iter().map(ToString::to_string).collect();
        assert_eq!(found[0].name, "target");
        assert_eq!(addresses, [format!("io {LISTEN_DEFAULT}"), format!("discovery {DISCOVERY_DEFAULT}")]);
    }

    #[test]
    fn a_target_that_cannot_be_is_pointed_at_by_line_and_key() {
        let text = error("[target]\ndevices = []\nlisten = []\n");
        assert!(text.starts_with("t.toml:1: target.listen: "), "{text}");
        let text = error("[target]\n\nlisten = [\"localhost\"]\ndevices = []\n");
        assert!(text.starts_with("t.toml:3: "), "{text}");
        let text = error("[target]\ndevices = [\n  \"memory:1M\",\n  \"memory:x\",\n]\n");
        assert!(text.starts_with("t.toml:4: target.devices: "), "{text}");
        let text = error("[target]\ndevices = []\nfile_backend = \"aio\"\n");
        assert_eq!(text, "t.toml:3: target.file_backend: \"aio\" is none of auto, io-uring, threads");
        let text = error("[target]\ndevices = []\nnqn = \"x\"\n");
        assert!(text.starts_with("t.toml:3: target.nqn: "), "{text}");
    }
}
