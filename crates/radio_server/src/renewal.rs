//! Another configuration while a radio runs: what takes a restart, and what becomes of the rest.
//!
//! Listeners, people who are logged in and the song that is playing notice nothing. A part that has changed takes the place of what it
//! said before *and* of what was told to it since (`sender http deny`); a part that has not is left as it is. `autoplay`,
//! `initial_mode` and `no_autostart` are about a start, and are remembered for the next one.

use std::path::{Path, PathBuf};

use radio_stream::senders::SenderChanges;
use radio_stream::senders::http::{Description, HttpChanges};
use radio_stream::senders::udp::{Target, UdpChanges, UdpSettings, WrittenTarget};

use crate::service::{HttpOptions, RadioSettings, UdpOptions};

/// Reads the service's settings out of the text of a configuration.
///
/// What it returns as an error takes a restart, and why.
pub type ReadAgain = Box<dyn Fn(&str) -> Result<RadioSettings, String> + Send>;

/// What cannot be changed while it runs: its key, and whether it differs.
type Fixed = (&'static str, fn(&RadioSettings, &RadioSettings) -> bool);

/// All of it: what is bound, opened or allowed at the start.
const FIXED: [Fixed; 8] = [
    ("library", |old, new| old.libraries != new.libraries),
    ("state", |old, new| old.state != new.state),
    ("http", |old, new| old.http != new.http),
    ("mpd", |old, new| old.mpd != new.mpd),
    ("ssh", |old, new| old.ssh != new.ssh),
    ("users", |old, new| !same_directory(old.users.as_deref(), new.users.as_deref())),
    ("seed", |old, new| old.seed != new.seed),
    ("watch", |old, new| old.watch != new.watch),
];

/// What of the differences between two settings takes a restart; `None`: nothing.
pub(crate) fn what_takes_a_restart(old: &RadioSettings, new: &RadioSettings) -> Option<String> {
    let keys: Vec<&str> = FIXED.iter().filter(|(_, differs)| differs(old, new)).map(|(key, _)| *key).collect();
    (!keys.is_empty()).then(|| format!("what is new in {} takes one", keys.join(", ")))
}

/// A users file elsewhere could not be read: the sandbox has been told where it is.
fn same_directory(old: Option<&Path>, new: Option<&Path>) -> bool {
    old == new || old.zip(new).is_some_and(|(old, new)| old.parent() == new.parent())
}

/// The users file, which lies in the directory of the old one.
pub(crate) fn users(old: Option<&Path>, new: Option<&Path>) -> Option<PathBuf> {
    let directory = old?.parent()?;
    Some(directory.join(new?.file_name()?))
}

/// Targets whose addresses are known, each as it was written.
pub(crate) type Resolved = Vec<(WrittenTarget, Target)>;

/// The targets of `new` whose addresses are known without looking a name up.
pub(crate) fn resolved(new: &UdpOptions, before: &Resolved) -> Resolved {
    let address = |target: &WrittenTarget| {
        let known = before.iter().find(|(written, _)| written == target).map(|(_, address)| *address);
        known.or_else(|| target.numeric())
    };
    new.targets.iter().filter_map(|target| Some((target.clone(), address(target)?))).collect()
}

/// What the senders are told.
pub(crate) fn of_senders(old: &RadioSettings, new: &RadioSettings, resolved: &Resolved) -> SenderChanges {
    SenderChanges {
        http: (old.http_sender != new.http_sender).then(|| of_http(&new.http_sender)),
        udp: (old.udp_sender != new.udp_sender).then(|| of_udp(&new.udp_sender, resolved)),
    }
}

fn of_http(new: &HttpOptions) -> HttpChanges {
    HttpChanges {
        access: new.access.clone(),
        clients_max: new.clients_max,
        description: Description { name: new.station_name.clone(), ..Description::default() },
    }
}

fn of_udp(new: &UdpOptions, resolved: &Resolved) -> UdpChanges {
    let is_known = |target: &&WrittenTarget| resolved.iter().any(|(written, _)| written == *target);
    UdpChanges {
        targets: resolved.iter().map(|(_, target)| *target).collect(),
        named: new.targets.iter().filter(|target| !is_known(target)).cloned().collect(),
        multicast: new.multicast.clone(),
        header_interval: new.header_interval.unwrap_or(UdpSettings::default().header_interval),
    }
}

#[cfg(test)]
mod tests {
    use radio_stream::senders::access::AccessList;
    use radio_stream::senders::udp::PORT_DEFAULT;
    use reactor::clock::Duration;

    use super::*;
    use crate::mpd;
    use crate::rights::Rights;

    fn settings() -> RadioSettings {
        RadioSettings {
            name: "radio".to_owned(),
            libraries: vec!["/music".into()],
            state: None,
            http: vec!["127.0.0.1:8000".parse().unwrap()],
            mpd: Vec::new(),
            mpd_access: mpd::Access::default(),
            ssh: Vec::new(),
            users: Some("/etc/tidegate/users".into()),
            initial_mode: None,
            seed: None,
            watch: true,
            autoplay: None,
            announce: Duration::from_millis(300),
            http_sender: HttpOptions::default(),
            udp_sender: UdpOptions::default(),
        }
    }

    fn changed(change: impl FnOnce(&mut RadioSettings)) -> RadioSettings {
        let mut settings = settings();
        change(&mut settings);
        settings
    }

    #[test]
    fn what_is_bound_opened_or_allowed_at_the_start_takes_a_restart() {
        for (key, new) in [
            ("library", changed(|new| new.libraries.push("/more".into()))),
            ("state", changed(|new| new.state = Some("/state".into()))),
            ("http", changed(|new| new.http.clear())),
            ("mpd", changed(|new| new.mpd.clone_from(&new.http))),
            ("ssh", changed(|new| new.ssh.clone_from(&new.http))),
            ("users", changed(|new| new.users = Some("/srv/users".into()))),
            ("users", changed(|new| new.users = None)),
            ("seed", changed(|new| new.seed = Some(1))),
            ("watch", changed(|new| new.watch = false)),
        ] {
            let reason = what_takes_a_restart(&settings(), &new).unwrap();
            assert_eq!(reason, format!("what is new in {key} takes one"));
        }
    }

    #[test]
    fn what_is_told_to_somebody_takes_none() {
        for new in [
            settings(),
            changed(|new| new.users = Some("/etc/tidegate/others".into())),
            changed(|new| new.mpd_access.rights = Rights::NONE),
            changed(|new| new.initial_mode = Some("m/all".to_owned())),
            changed(|new| new.autoplay = Some(Duration::ZERO)),
            changed(|new| new.announce = Duration::ZERO),
            changed(|new| new.http_sender.clients_max = Some(1)),
            changed(|new| new.udp_sender.header_interval = Some(Duration::ZERO)),
        ] {
            assert_eq!(what_takes_a_restart(&settings(), &new), None);
        }
        let users = users(Some(Path::new("/etc/tidegate/users")), Some(Path::new("others")));
        assert_eq!(users, Some("/etc/tidegate/others".into()));
    }

    #[test]
    fn a_sender_is_told_of_its_own_changes_only() {
        let untouched = of_senders(&settings(), &settings(), &Vec::new());
        assert!(untouched.http.is_none() && untouched.udp.is_none());
        let access = AccessList::new(true);
        let new = changed(|new| new.http_sender = HttpOptions { access: access.clone(), ..HttpOptions::default() });
        let changes = of_senders(&settings(), &new, &Vec::new());
        assert_eq!(changes.http.map(|http| http.access), Some(access));
        assert!(changes.udp.is_none());
    }

    #[test]
    fn targets_that_were_known_are_not_looked_up_again() {
        let target = |text| WrittenTarget::parse(text, PORT_DEFAULT).unwrap();
        let numeric = target("10.0.0.1").numeric().unwrap();
        let found = Target { address: "10.0.0.7:8000".parse().unwrap(), ..numeric };
        let before = vec![(target("kitchen.lan"), found)];
        let wanted = vec![target("kitchen.lan"), target("attic.lan"), target("10.0.0.1")];
        let new = changed(|new| new.udp_sender.targets.clone_from(&wanted));
        let known = resolved(&new.udp_sender, &before);
        let changes = of_senders(&settings(), &new, &known).udp.unwrap();
        assert_eq!(changes.targets, [found, numeric]);
        assert_eq!(changes.named, [target("attic.lan")]);
    }
}
