//! `[radio]`: directories of music, played to everybody who listens.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use control::log::LogOptions;
use daemon::service::Service;
use daemon::supervision::RestartPolicy;
use daemon::{Failure, ListenAddress, Options};
use radio_library::choice::Selection;
use radio_server::mpd::Access;
use radio_server::renewal::ReadAgain;
use radio_server::rights::Rights;
use radio_server::service::{HttpOptions, RadioService, RadioSettings, SYNTHESIS, UdpOptions};
use radio_stream::senders::access::{AccessList, Network};
use radio_stream::senders::udp::{Multicast, PORT_DEFAULT, WrittenTarget};
use reactor::clock::Duration;
use serde::Deserialize;
use toml::Spanned;

use super::Loaded;
use super::section::Section;
use super::service::{Seconds, ServiceSection};
use super::source::{ConfigurationError, Place};
use crate::commands::radio::serve::{ANNOUNCE_MS_DEFAULT, HTTP_DEFAULT, MPD_DEFAULT, NAME, SSH_DEFAULT, bind};
use crate::commands::radio::state;
use crate::{log_options, service_options};

/// `[radio]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RadioSection {
    /// The service's name.
    name: Option<Spanned<String>>,
    /// Directories of music; `synthesis:` makes a few seconds itself.
    library: Vec<Spanned<PathBuf>>,
    /// Where the database and the ssh host key are. Default: `NAME` in `$TIDEGATE_STATEDIR`, or as [`state::default`] has it.
    state: Option<PathBuf>,
    /// Where listeners come, one or several; `none`: nowhere.
    #[serde(default = "default_http")]
    http: Addresses,
    /// Where MPD's clients come, likewise.
    #[serde(default = "default_mpd")]
    mpd: Addresses,
    /// What MPD's clients may do without a password, as in the users file. Default: everything.
    mpd_rights: Option<Spanned<String>>,
    /// What they may do with one: a password and rights each.
    #[serde(default)]
    mpd_passwords: BTreeMap<String, Spanned<String>>,
    /// Where commands come by ssh, likewise.
    #[serde(default = "default_ssh")]
    ssh: Addresses,
    /// The file of those who may log in over ssh.
    users: Option<PathBuf>,
    /// Plays without being told.
    #[serde(default)]
    autoplay: bool,
    /// Seconds to wait before that.
    autoplay_delay_s: Option<Seconds>,
    /// Milliseconds from announcing a stream to its first chunk. Default 300.
    announce_time_ms: Option<u64>,
    /// Selected, if nothing was selected before: `m/NAME` or `p/NAME`.
    initial_mode: Option<Spanned<String>>,
    /// Makes choices reproducible.
    seed: Option<u64>,
    /// Whether changes of the directories are followed.
    #[serde(default = "yes")]
    watch: bool,
    /// What players show as the station's name.
    station_name: Option<String>,
    /// The http sender.
    #[serde(default)]
    http_sender: HttpSection,
    /// The udp sender.
    #[serde(default)]
    udp_sender: UdpSection,
    /// How it is kept alive.
    #[serde(default)]
    service: ServiceSection,
}

/// `[radio.http_sender]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpSection {
    /// Waits for `sender http on`.
    #[serde(default)]
    no_autostart: bool,
    /// Nobody may listen but the networks of `access`.
    #[serde(default)]
    default_deny: bool,
    /// Networks that may not listen, or, with `default_deny`, may.
    #[serde(default)]
    access: Vec<Spanned<String>>,
    /// Most listeners at a time.
    max_clients: Option<u32>,
}

/// `[radio.udp_sender]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UdpSection {
    /// Waits for `sender udp on`.
    #[serde(default)]
    no_autostart: bool,
    /// Where to: `HOST[:PORT][/BYTES:K:N]`.
    #[serde(default)]
    targets: Vec<Spanned<String>>,
    /// The interface that multicast leaves by.
    mcast_iface: Option<String>,
    /// Routers that multicast may pass.
    ttl: Option<u8>,
    /// How often the header of a stream is sent again.
    header_interval_ms: Option<u64>,
}

/// Addresses, or none.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "OneOrMany")]
struct Addresses(Vec<SocketAddr>);

/// An address as it is written.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected ADDR:PORT, such as \"127.0.0.1:8000\", a list of them, or \"none\"")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl TryFrom<OneOrMany> for Addresses {
    type Error = String;

    fn try_from(written: OneOrMany) -> Result<Self, Self::Error> {
        let texts = match written {
            OneOrMany::One(text) if text == "none" => Vec::new(),
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        };
        let address = |text: String| {
            text.parse().map_err(|_| format!("{text:?}: expected ADDR:PORT, such as 127.0.0.1:8000, or none"))
        };
        texts.into_iter().map(address).collect::<Result<_, _>>().map(Self)
    }
}

fn default_http() -> Addresses {
    Addresses(HTTP_DEFAULT.parse().into_iter().collect())
}

fn default_mpd() -> Addresses {
    Addresses(MPD_DEFAULT.parse().into_iter().collect())
}

fn default_ssh() -> Addresses {
    Addresses(SSH_DEFAULT.parse().into_iter().collect())
}

fn yes() -> bool {
    true
}

impl Section for RadioSection {
    fn name(&self) -> Option<&Spanned<String>> {
        self.name.as_ref()
    }

    fn service_section(&self) -> &ServiceSection {
        &self.service
    }

    fn service(&self, place: &Place<'_>) -> Result<Box<dyn Service>, ConfigurationError> {
        let read_again = read_again(place, self.own_name(), Life::of(self, place)?);
        Ok(Box::new(RadioService::new(self.settings(place)?).renewed_by(read_again)))
    }

    fn bind(&self) -> fn(&ListenAddress) -> Result<TcpListener, Failure> {
        bind
    }
}

/// How its process lives, which is decided at its start. When it is started again is the supervisor's affair.
#[derive(PartialEq)]
struct Life {
    options: Options,
    log: LogOptions,
}

impl Life {
    fn of(section: &RadioSection, place: &Place<'_>) -> Result<Self, ConfigurationError> {
        let (service, name) = (section.service_section(), section.own_name());
        let options = service_options::from_section(place, service, name)?;
        let log = log_options::from_section(place, service)?;
        Ok(Self { options: Options { restart: RestartPolicy::default(), ..options }, log })
    }
}

/// What a running radio makes of another configuration.
fn read_again(place: &Place<'_>, name: &str, life: Life) -> ReadAgain {
    let (path, name) = (place.source.path.clone(), name.to_owned());
    Box::new(move |text| {
        let wrong = |error: ConfigurationError| error.to_string();
        let loaded = Loaded::parse(&path, text.to_owned()).map_err(wrong)?;
        let (section, place) =
            loaded.section::<RadioSection>(&name).ok_or_else(|| format!("{} has no {name}", path.display()))?;
        if Life::of(section, &place).map_err(wrong)? != life {
            return Err("what is new in service takes one".to_owned());
        }
        section.settings(&place).map_err(wrong)
    })
}

impl RadioSection {
    fn own_name(&self) -> &str {
        self.name.as_ref().map_or(NAME, |name| name.get_ref().as_str())
    }

    fn settings(&self, place: &Place<'_>) -> Result<RadioSettings, ConfigurationError> {
        let name = self.own_name();
        if self.library.is_empty() {
            return Err(place.at_section("library", "is empty; name a directory of music"));
        }
        let is_synthesis = |library: &&Spanned<PathBuf>| library.get_ref().as_os_str() == SYNTHESIS;
        if let Some(missing) = self.library.iter().find(|library| !is_synthesis(library) && !library.get_ref().is_dir())
        {
            let problem = format_args!("{} is no directory", missing.get_ref().display());
            return Err(place.at(missing, "library", problem));
        }
        let default_deny = self.http_sender.default_deny;
        let mut access = AccessList::new(default_deny);
        for network in &self.http_sender.access {
            let wrong = |error: &dyn Display| place.at(network, "http_sender.access", error);
            let parsed: Network = network.get_ref().parse().map_err(|error| wrong(&error))?;
            access.set(parsed, default_deny).map_err(|error| wrong(&error))?;
        }
        let mut targets = Vec::new();
        for target in &self.udp_sender.targets {
            let parsed = WrittenTarget::parse(target.get_ref(), PORT_DEFAULT);
            targets.push(parsed.map_err(|error| place.at(target, "udp_sender.targets", error))?);
        }
        let state = match &self.state {
            Some(path) => Some(path.clone()),
            None if self.library.iter().all(|library| is_synthesis(&library)) => None,
            None => Some(state::default(name).map_err(|error| place.at_section("state", error))?),
        };
        let milliseconds = self.announce_time_ms.unwrap_or(ANNOUNCE_MS_DEFAULT);
        let delay = self.autoplay_delay_s.map_or(Duration::ZERO, |Seconds(delay)| delay);
        Ok(RadioSettings {
            name: name.to_owned(),
            libraries: self.library.iter().map(|library| library.get_ref().clone()).collect(),
            state,
            http: self.http.0.clone(),
            mpd: self.mpd.0.clone(),
            mpd_access: self.mpd_access(place)?,
            ssh: self.ssh.0.clone(),
            users: self.users.clone(),
            initial_mode: self.initial_mode(place)?,
            seed: self.seed,
            watch: self.watch,
            autoplay: self.autoplay.then_some(delay),
            announce: Duration::from_millis(milliseconds),
            http_sender: HttpOptions {
                off: self.http_sender.no_autostart,
                access,
                clients_max: self.http_sender.max_clients,
                station_name: self.station_name.clone().unwrap_or_else(|| name.to_owned()),
            },
            udp_sender: UdpOptions {
                off: self.udp_sender.no_autostart,
                targets,
                multicast: Multicast { ttl: self.udp_sender.ttl, interface: self.udp_sender.mcast_iface.clone() },
                header_interval: self.udp_sender.header_interval_ms.map(Duration::from_millis),
            },
        })
    }

    fn initial_mode(&self, place: &Place<'_>) -> Result<Option<String>, ConfigurationError> {
        let Some(mode) = &self.initial_mode else { return Ok(None) };
        let selection: Selection = mode.get_ref().parse().map_err(|error| place.at(mode, "initial_mode", error))?;
        Ok(Some(selection.to_string()))
    }

    fn mpd_access(&self, place: &Place<'_>) -> Result<Access, ConfigurationError> {
        let checked =
            |text: &Spanned<String>, key| text.get_ref().parse::<Rights>().map_err(|error| place.at(text, key, error));
        let mut access = Access::default();
        if let Some(rights) = &self.mpd_rights {
            access.rights = checked(rights, "mpd_rights")?;
        }
        for (password, rights) in &self.mpd_passwords {
            access.passwords.push((password.clone(), checked(rights, "mpd_passwords")?));
        }
        Ok(access)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{error, services};
    use super::*;

    #[test]
    fn a_minimal_radio_has_the_documented_addresses() {
        let found = services("[radio]\nlibrary = [\"/\"]\nstate = \"/x\"\n").unwrap();
        let addresses: Vec<String> = found[0].service.addresses().iter().map(ToString::to_string).collect();
        assert_eq!(found[0].name, "radio");
        assert_eq!(
            addresses,
            [format!("http {HTTP_DEFAULT}"), format!("mpd {MPD_DEFAULT}"), format!("ssh {SSH_DEFAULT}")]
        );
        let found = services("[radio]\nlibrary = [\"synthesis:\"]\nmpd = \"none\"\nssh = \"none\"\n").unwrap();
        assert_eq!(found[0].service.addresses().len(), 1);
        let two =
            "[radio]\nlibrary = [\"synthesis:\"]\nmpd = \"none\"\nhttp = []\nssh = [\"127.0.0.1:1\", \"[::1]:2\"]\n";
        let found = services(two).unwrap();
        let addresses: Vec<String> = found[0].service.addresses().iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["ssh 127.0.0.1:1", "ssh [::1]:2"]);
    }

    #[test]
    fn a_radio_that_cannot_be_is_pointed_at_by_line_and_key() {
        for (text, expected) in [
            ("[radio]\nlibrary = []\n", "t.toml:1: radio.library: is empty"),
            (
                "[radio]\nlibrary = [\n\"/nowhere/at/all\"]\n",
                "t.toml:3: radio.library: /nowhere/at/all is no directory",
            ),
            ("[radio]\nlibrary = [\"/\"]\nhttp = \"8000\"\n", "t.toml:3: \"8000\": expected ADDR:PORT"),
            ("[radio]\nlibrary = [\"/\"]\nhttp = 8000\n", "t.toml:3: expected ADDR:PORT"),
            ("[radio]\nlibrary = [\"/\"]\nssh = [\"[::1]:1\", \"x\"]\n", "t.toml:3: \"x\": expected ADDR:PORT"),
            (
                "[radio]\nlibrary = [\"/\"]\nstate = \"/x\"\n[radio.http_sender]\naccess = [\"10.0.0\"]\n",
                "t.toml:5: radio.http_sender.access: ",
            ),
            (
                "[radio]\nlibrary = [\"/\"]\nstate = \"/x\"\ninitial_mode = \"jazz\"\n",
                "t.toml:4: radio.initial_mode: \"jazz\" is neither m/NAME",
            ),
        ] {
            let found = error(text);
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
