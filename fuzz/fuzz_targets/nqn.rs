//! A name that is accepted comes back the same from its field, and obeys the rules that the specification gives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nvme::fabrics::Nqn;

fuzz_target!(|text: &str| {
    let Ok(name) = Nqn::parse(text) else { return };
    assert_eq!(name.as_str(), text);
    assert!(text.starts_with("nqn.") && text.len() <= Nqn::MAXIMUM_BYTES && !text.contains('\0'));
    assert_eq!(Nqn::from_field(&name.to_field()).as_ref(), Ok(&name));
});
