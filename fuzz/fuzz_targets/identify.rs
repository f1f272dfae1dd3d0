//! What a host reads from Identify: no structure can make it read or compute beyond bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nvme::base::identify::{
    ControllerList, IdentifyController, IdentifyNamespace, NamespaceIdentifier, NamespaceList, namespace_descriptors,
    namespace_identifiers,
};
use nvme::base::text::PaddedText;
use zerocopy::FromBytes;

/// An identifier has at most 4 bytes of head and 255 of its own.
const LONGEST_DESCRIPTOR: usize = 4 + 255;

fuzz_target!(|bytes: &[u8]| {
    descriptors(bytes);
    if let Ok((text, _)) = PaddedText::<20>::ref_from_prefix(bytes) {
        text_field(text);
    }
    // A short input stands for the beginning of a structure whose rest is zero.
    let mut structure = [0; 4096];
    for (to, from) in structure.iter_mut().zip(bytes) {
        *to = *from;
    }
    let (Ok(controller), Ok(namespace), Ok(namespaces), Ok(controllers)) = (
        IdentifyController::ref_from_bytes(&structure),
        IdentifyNamespace::ref_from_bytes(&structure),
        NamespaceList::ref_from_bytes(&structure),
        ControllerList::ref_from_bytes(&structure),
    ) else {
        panic!("4096 bytes are each of these structures");
    };

    let pages = u32::from(controller.power_states_0based);
    assert!(controller.maximum_data_transfer_bytes(pages).is_none_or(|length| length.is_power_of_two()));
    assert!(controller.in_capsule_data_bytes() < 1 << 36);
    assert_eq!(controller.attributes.to_string() == "none", controller.attributes.is_empty());

    let size = namespace.lba_format().and_then(|format| format.block_size_bytes());
    assert!(size.is_none_or(|bytes| bytes.is_power_of_two() && bytes >= 512));

    assert!(namespaces.iter().all(|identifier| identifier != 0));
    assert!(namespaces.is_full() || namespaces.iter().count() < NamespaceList::CAPACITY);
    assert!(controllers.iter().count() <= ControllerList::CAPACITY);
});

/// What was read can be written where it fits, and is then read the same.
fn descriptors(bytes: &[u8]) {
    let whole: Vec<NamespaceIdentifier<'_>> = namespace_identifiers(bytes).map_while(Result::ok).collect();
    let errors = namespace_identifiers(bytes).filter(Result::is_err).count();
    assert!(errors <= 1, "nothing follows an error");
    let used: usize = whole.iter().map(|identifier| 4 + identifier.as_bytes().len()).sum();
    assert!(used <= bytes.len());
    if used + LONGEST_DESCRIPTOR <= 4096 {
        let structure = namespace_descriptors(&whole);
        assert!(namespace_identifiers(&structure).map_while(Result::ok).eq(whole.iter().copied()));
        assert_eq!(namespace_identifiers(&structure).count(), whole.len());
    }
}

/// Text that is accepted can be sent, and what is shown is printable whatever it was.
fn text_field(field: &PaddedText<20>) {
    assert!(field.to_string().bytes().all(|byte| matches!(byte, b' '..=b'~')));
    if let Some(text) = field.as_str() {
        assert_eq!(PaddedText::<20>::new(text).as_ref().and_then(PaddedText::as_str), Some(text));
    }
}
