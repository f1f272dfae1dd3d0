//! The configuration file: what `up` runs and `check` examines.
//!
//! TOML, a section per service; a section that is an array (`[[target]]`) makes several services, told apart by `name`.
//! Unknown keys are errors: a misspelt key that is ignored is a service that does something else than its owner thinks.
//! Each error names file, line and key.
//!
//! A kind of section is a file of this folder with what its keys mean, and a line in [`section`]. What is here goes over
//! all kinds: no code beside those files names a service.

mod bench;
mod radio;
mod section;
mod service;
mod source;
mod target;
mod up;

use std::any::Any;
use std::net::TcpListener;
use std::ops::Range;
use std::path::Path;

use control::log::LogOptions;
use daemon::service::Service;
use daemon::{Failure, ListenAddress, Options};
use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use self::section::{KINDS, Kind, Section};
pub(crate) use self::service::{Seconds, ServiceSection};
use self::source::Source;
pub(crate) use self::source::{ConfigurationError, Place};
use self::up::UpSection;
use crate::commands::UP_NAME;
use crate::{log_options, service_options};

/// A configuration whose syntax is right.
pub(crate) struct Loaded {
    source: Source,
    up: UpSection,
    sections: Vec<Named>,
}

/// The section of one service.
struct Named {
    name: String,
    key: &'static str,
    span: Range<usize>,
    section: Box<dyn Section>,
    /// The section without its comments and its place in the file.
    fingerprint: String,
}

/// A service as a configuration describes it.
pub(crate) struct ConfiguredService {
    pub(crate) name: String,
    pub(crate) options: Options,
    pub(crate) log: LogOptions,
    pub(crate) service: Box<dyn Service>,
    /// How the supervisor binds its addresses.
    pub(crate) bind: fn(&ListenAddress) -> Result<TcpListener, Failure>,
    /// What is written about it, by which a change is noticed.
    pub(crate) fingerprint: String,
}

impl Loaded {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// When the file cannot be read, is no TOML, has an unknown key or a value of the wrong type.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigurationError> {
        Self::parse_source(Source::read(path)?)
    }

    /// Parses a text that was read from `path`, now or by the supervisor; the path is for errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn parse(path: &Path, text: String) -> Result<Self, ConfigurationError> {
        Self::parse_source(Source { path: path.to_owned(), text })
    }

    fn parse_source(source: Source) -> Result<Self, ConfigurationError> {
        let (up, sections) = sections(&source)?;
        if sections.is_empty() {
            let keys: Vec<String> = KINDS.iter().map(|kind| format!("[{}]", kind.key)).collect();
            let hint = format_args!("no service is configured; add a section {}", keys.join(" or "));
            return Err(source.error(None, hint));
        }
        Ok(Self { source, up, sections })
    }

    /// `[up]`.
    pub(crate) fn up(&self) -> &UpSection {
        &self.up
    }

    /// The services, in the order in which they are started.
    ///
    /// # Errors
    /// A value that cannot be used, with its line and key.
    pub(crate) fn services(&self) -> Result<Vec<ConfiguredService>, ConfigurationError> {
        self.sections.iter().map(|named| self.service(named)).collect()
    }

    fn service(&self, named: &Named) -> Result<ConfiguredService, ConfigurationError> {
        let place = Place { source: &self.source, key: named.key, span: named.span.clone() };
        let section = named.section.service_section();
        let mut options = service_options::from_section(&place, section, &named.name)?;
        options.orphans = self.up.orphans;
        Ok(ConfiguredService {
            name: named.name.clone(),
            options,
            log: log_options::from_section(&place, section)?,
            service: named.section.service(&place)?,
            bind: named.section.bind(),
            fingerprint: named.fingerprint.clone(),
        })
    }

    /// A service's own section, and its place, if there is one of this name and kind.
    fn section<S: Section>(&self, name: &str) -> Option<(&S, Place<'_>)> {
        let named = self.sections.iter().find(|named| named.name == name)?;
        let section: &dyn Any = named.section.as_ref();
        let place = Place { source: &self.source, key: named.key, span: named.span.clone() };
        Some((section.downcast_ref()?, place))
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.source.text
    }
}

/// `[up]` and the sections of services, in the order of [`KINDS`].
fn sections(source: &Source) -> Result<(UpSection, Vec<Named>), ConfigurationError> {
    let unreadable = |error: toml::de::Error| source.unreadable(&error);
    let mut table = DeTable::parse(&source.text).map_err(unreadable)?.into_inner();
    let values: toml::Table = toml::from_str(&source.text).map_err(unreadable)?;
    let up = match table.remove(UP_NAME) {
        Some(value) => UpSection::deserialize(ValueDeserializer::from(value)).map_err(unreadable)?,
        None => UpSection::default(),
    };
    let mut found = Vec::new();
    for kind in KINDS {
        let Some(value) = table.remove(kind.key) else { continue };
        for (index, value) in one_or_many(value).into_iter().enumerate() {
            let written = values.get(kind.key).map(|value| value.get(index).unwrap_or(value));
            let fingerprint = written.map(ToString::to_string).unwrap_or_default();
            found.push(read_section(source, kind, value, fingerprint, &found)?);
        }
    }
    match table.iter().min_by_key(|(key, _)| key.span().start) {
        None => Ok((up, found)),
        Some((key, _)) => {
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.key).chain([UP_NAME]).collect();
            let problem = format_args!("unknown section {:?}; known: {}", key.get_ref(), known.join(", "));
            Err(source.error(Some(key.span()), problem))
        }
    }
}

/// `[key]` is one section, `[[key]]` are many. Anything else is one, and found wrong when it is read.
fn one_or_many(value: Spanned<DeValue<'_>>) -> Vec<Spanned<DeValue<'_>>> {
    let span = value.span();
    match value.into_inner() {
        DeValue::Array(many) => many.into_iter().collect(),
        one => vec![Spanned::new(span, one)],
    }
}

fn read_section(
    source: &Source,
    kind: &Kind,
    value: Spanned<DeValue<'_>>,
    fingerprint: String,
    before: &[Named],
) -> Result<Named, ConfigurationError> {
    let place = Place { source, key: kind.key, span: value.span() };
    let section = (kind.read)(value).map_err(|error| source.unreadable(&error))?;
    let name = name_of(section.as_ref(), &place, before)?;
    Ok(Named { name, key: kind.key, span: place.span, section, fingerprint })
}

fn name_of(section: &dyn Section, place: &Place<'_>, before: &[Named]) -> Result<String, ConfigurationError> {
    let name = section.name().map_or(place.key, |name| name.get_ref().as_str());
    let error = |problem: String| match section.name() {
        Some(name) => place.at(name, "name", problem),
        None => place.at_section("name", problem),
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || !name.bytes().all(fits) {
        return Err(error(format!("{name:?} is no name; expected letters, digits, - and _")));
    }
    if name == UP_NAME || before.iter().any(|other| other.name == name) {
        return Err(error(format!("there is another service named {name:?}; give this one a name of its own")));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Loaded, String> {
        Loaded::parse(Path::new("t.toml"), text.to_owned()).map_err(|error| error.to_string())
    }

    /// The services of a file `t.toml`.
    pub(super) fn services(text: &str) -> Result<Vec<ConfiguredService>, String> {
        parse(text)?.services().map_err(|error| error.to_string())
    }

    /// What is said of a file `t.toml` that cannot be used.
    pub(super) fn error(text: &str) -> String {
        match services(text) {
            Ok(_) => panic!("it is taken: {text}"),
            Err(error) => error,
        }
    }

    #[test]
    fn mistakes_are_named_with_file_line_and_key() {
        assert!(error("").starts_with("t.toml: no service is configured; add a section [target]"), "{}", error(""));
        let text = error("[target]\ndevices = []\nlisen = [\"127.0.0.1:1\"]\n");
        assert!(text.starts_with("t.toml:3: ") && text.contains("lisen") && text.contains("listen"), "{text}");
        let text = error("[target]\ndevices = [\n");
        assert!(text.starts_with("t.toml:"), "{text}");
        let text = error("[target]\ndevices = []\n[target.service]\nwatchdog_s = -1\n");
        assert!(text.starts_with("t.toml:4: ") && text.contains("0 or more"), "{text}");
        let text = error("[target]\ndevices = []\n[target.service.restart]\nsignals = [\"X\"]\n");
        assert!(text.starts_with("t.toml:4: target.service.restart.signals: "), "{text}");
        let text = error("[up]\norphans = \"die\"\n[target]\ndevices = []\n");
        assert!(text.starts_with("t.toml:2: ") && text.contains("stop") && text.contains("keep"), "{text}");
    }

    #[test]
    fn sections_that_make_no_service_are_named() {
        let text = error("[target]\ndevices = []\n\n[tarjet]\ndevices = []\n");
        assert!(text.starts_with("t.toml:4: unknown section \"tarjet\"; known: target, "), "{text}");
        let text = error("target = 3\n");
        assert!(text.starts_with("t.toml:1: "), "{text}");
        let text = error("up = 3\n[target]\ndevices = []\n");
        assert!(text.starts_with("t.toml:1: "), "{text}");
        let text = error("[[target]]\ndevices = []\n[[target]]\nname = \"b\"\n");
        assert!(text.starts_with("t.toml:3: ") && text.contains("devices"), "{text}");
    }

    #[test]
    fn several_services_of_a_kind_have_names_of_their_own() {
        let two = "[[target]]\ndevices = []\n[[target]]\nname = \"b\"\ndevices = []\n";
        let names: Vec<String> = services(two).unwrap().into_iter().map(|service| service.name).collect();
        assert_eq!(names, ["target", "b"]);
        let text = error("[[target]]\ndevices = []\n[[target]]\ndevices = []\n");
        assert!(text.starts_with("t.toml:3: target.name: ") && text.contains("\"target\""), "{text}");
        for name in ["", "a/b", "a b", "up"] {
            let text = error(&format!("[target]\nname = {name:?}\ndevices = []\n"));
            assert!(text.starts_with("t.toml:2: target.name: "), "{text}");
        }
    }

    #[test]
    fn a_change_shows_in_the_fingerprint_of_its_service_only() {
        let text =
            |spin: u32| format!("[[target]]\ndevices = []\nspin_us = {spin}\n[[target]]\nname = \"b\"\ndevices = []\n");
        let (before, after) = (services(&text(1)).unwrap(), services(&text(200)).unwrap());
        assert_ne!(before[0].fingerprint, after[0].fingerprint);
        assert_eq!(before[1].fingerprint, after[1].fingerprint);
        let commented = services(&format!("# why\n{}", text(1))).unwrap();
        assert_eq!(before[0].fingerprint, commented[0].fingerprint);
    }

    #[test]
    fn what_happens_to_orphans_holds_for_every_service() {
        let found = services("[up]\norphans = \"keep\"\n[target]\ndevices = []\n").unwrap();
        assert_eq!(found[0].options.orphans, daemon::Orphans::Keep);
        assert_eq!(services("[target]\ndevices = []\n").unwrap()[0].options.orphans, daemon::Orphans::Stop);
    }

    /// The example that packages install.
    const EXAMPLE: &str = include_str!("../../../../packaging/tidegate.toml");

    #[test]
    fn the_example_is_a_configuration_with_and_without_its_remarks() {
        let names =
            |text: &str| -> Vec<String> { services(text).unwrap().into_iter().map(|service| service.name).collect() };
        assert_eq!(names(EXAMPLE), ["target", "bench", "radio"]);
        let uncommented =
            |line: &'static str| line.strip_prefix('#').filter(|key| !key.starts_with(' ')).unwrap_or(line);
        let whole: Vec<&str> = EXAMPLE.lines().map(uncommented).collect();
        assert_eq!(names(&whole.join("\n")), ["target", "bench", "radio"]);
    }

    #[test]
    fn the_example_has_every_key() {
        for (section, before) in [
            ("up", ""),
            ("target", "devices = []\n"),
            ("target.service", "[target]\ndevices = []\n"),
            ("target.service.restart", "[target]\ndevices = []\n"),
            ("bench", ""),
            ("radio", "library = []\n"),
            ("radio.http_sender", "[radio]\nlibrary = []\n"),
            ("radio.udp_sender", "[radio]\nlibrary = []\n"),
        ] {
            let own = if before.starts_with('[') {
                format!("{before}[{section}]\n")
            } else {
                format!("[{section}]\n{before}")
            };
            let known = error(&format!("{own}no_such_key = 1\n"));
            let (_, keys) = known.split_once("expected ").unwrap_or_else(|| panic!("{known}"));
            let (_, part) = EXAMPLE.split_once(&format!("\n[{section}]\n")).unwrap_or_else(|| panic!("no [{section}]"));
            let part = part.split("\n[").next().unwrap_or(part);
            for key in keys.split('`').skip(1).step_by(2) {
                let stands = part.lines().any(|line| line.trim_start_matches('#').starts_with(&format!("{key} = ")));
                let has_a_section =
                    EXAMPLE.contains(&format!("\n[{section}.{key}]\n")) || (key == "service" && section != "target");
                assert!(stands || has_a_section, "{section}.{key} is missing");
            }
        }
    }

    #[test]
    fn every_kind_stands_once() {
        for (index, kind) in KINDS.iter().enumerate() {
            assert!(KINDS[..index].iter().all(|other| other.key != kind.key) && kind.key != UP_NAME, "{}", kind.key);
        }
    }
}
