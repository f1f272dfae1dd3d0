//! What a target is made from, and what of it is refused.

use std::sync::Arc;

use block::Geometry;
use nvme::fabrics::Nqn;

use super::harness::{Sketch, namespace, settings};
use crate::limits::NAMESPACES_MAXIMUM;
use crate::subsystem::Target;
use crate::{Limits, NamespaceSettings, SettingsError, TargetSettings};

#[track_caller]
fn refused(settings: TargetSettings) -> SettingsError {
    Target::new(settings).expect_err("the settings are wrong")
}

fn with_namespaces(namespaces: Vec<NamespaceSettings>) -> TargetSettings {
    TargetSettings { namespaces, ..settings() }
}

#[test]
fn namespace_identifiers_are_in_range_and_used_once() {
    for namespace_id in [0, NAMESPACES_MAXIMUM + 1, u32::MAX] {
        let error = refused(with_namespaces(vec![namespace(namespace_id, Sketch::default())]));
        assert_eq!(error, SettingsError::NamespaceId { namespace_id });
        assert_eq!(error.to_string(), format!("{namespace_id} is not a namespace identifier; 1 to 1024 is accepted"));
    }
    let other = Sketch { number: 1, ..Sketch::default() };
    let error = refused(with_namespaces(vec![namespace(4, Sketch::default()), namespace(4, other)]));
    assert_eq!(error, SettingsError::NamespaceIdUsed { namespace_id: 4 });
    Target::new(with_namespaces(vec![namespace(NAMESPACES_MAXIMUM, Sketch::default())])).unwrap();
}

#[test]
fn one_device_is_not_two_namespaces() {
    let twice = vec![namespace(1, Sketch::default()), namespace(2, Sketch::default())];
    assert_eq!(refused(with_namespaces(twice.clone())), SettingsError::UuidUsed { namespace_ids: [1, 2] });
    // Whoever gives the second a UUID of its own knows what he does.
    let mut named = twice;
    named[1].uuid = Some([7; 16]);
    let target = Target::new(with_namespaces(named)).unwrap();
    assert_eq!(target.namespaces().map(|namespace| namespace.id()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(target.namespaces().last().unwrap().uuid(), [7; 16]);
}

#[test]
fn a_device_has_blocks_of_a_size_that_hosts_can_use() {
    let device = |block_size_bytes, block_count| Sketch {
        geometry: Geometry { block_size_bytes, block_count },
        ..Sketch::default()
    };
    for block_size_bytes in [0, 256, 513, 1000, 131_072] {
        let error = refused(with_namespaces(vec![namespace(1, device(block_size_bytes, 1))]));
        assert_eq!(error, SettingsError::BlockSize { description: "a sketch".into(), block_size_bytes });
    }
    let error = refused(with_namespaces(vec![namespace(1, device(512, 0))]));
    assert_eq!(error, SettingsError::EmptyDevice { description: "a sketch".into() });
    for block_size_bytes in [512, 4096, 65_536] {
        Target::new(with_namespaces(vec![namespace(1, device(block_size_bytes, 1))])).unwrap();
    }
}

#[test]
fn the_subsystem_does_not_take_the_name_of_the_discovery_service() {
    let error = refused(TargetSettings { subsystem_nqn: Nqn::discovery(), ..settings() });
    assert_eq!(error, SettingsError::DiscoveryNqn);
}

#[test]
fn a_serial_number_fits_its_field() {
    let given = |text: &str| TargetSettings { serial_number: Some(text.into()), ..settings() };
    for text in ["", "123456789012345678901", "straße", "a\tb"] {
        assert_eq!(refused(given(text)), SettingsError::SerialNumber(text.into()));
    }
    let target = Target::new(given("12345678901234567890")).unwrap();
    assert_eq!(target.serial_number().as_str(), Some("12345678901234567890"));
}

#[test]
fn the_serial_number_depends_on_the_name_and_on_nothing_else() {
    let serial_number = |name: &str| {
        let subsystem_nqn = Nqn::parse(name).unwrap();
        let target: Arc<Target> = Target::new(TargetSettings { subsystem_nqn, ..settings() }).unwrap();
        target.serial_number().as_str().map(str::to_owned).unwrap()
    };
    // Hosts remember it: it stays what it is.
    assert_eq!(serial_number("nqn.2026-11.com.example:subsystem"), "4A572D93E231567D");
    assert_ne!(serial_number("nqn.2026-11.com.example:a"), serial_number("nqn.2026-11.com.example:b"));
}

#[test]
fn limits_are_checked() {
    let limits = Limits { controllers: 0, ..Limits::default() };
    let error = refused(TargetSettings { limits, ..settings() });
    assert_eq!(error.to_string(), "the number of controllers is 0; 1 to 65519 is accepted");
}

#[test]
fn namespaces_that_come_later_obey_the_same_rules() {
    let target = Target::new(settings()).unwrap();
    let error = target.attach_namespace(namespace(1, Sketch { number: 9, ..Sketch::default() })).unwrap_err();
    assert_eq!(error, SettingsError::NamespaceIdUsed { namespace_id: 1 });
    assert!(target.detach_namespace(1));
    // An identifier is not used again: a host might take the new device for the old one.
    let error = target.attach_namespace(namespace(1, Sketch { number: 9, ..Sketch::default() })).unwrap_err();
    assert_eq!(error, SettingsError::NamespaceIdUsed { namespace_id: 1 });
}
