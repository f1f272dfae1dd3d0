//! What somebody may write behind `sender http allow` and `sender udp add`: a network or a target that is written so that it is read
//! again, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radio_stream::senders::access::{AccessList, Network};
use radio_stream::senders::udp::{PORT_DEFAULT, WrittenTarget};

fuzz_target!(|input: (&str, &str, [u8; 4])| {
    let (text, other, address) = input;
    if let Ok(network) = text.parse::<Network>() {
        assert_eq!(network.to_string().parse(), Ok(network));
        let mut list = AccessList::default();
        let other = other.parse().unwrap_or(network);
        list.set(network, false).expect("there is room for two");
        list.set(other, true).expect("there is room for two");
        let address = address.into();
        let expected =
            if other.contains(address) && network.contains(address) { None } else { Some(!network.contains(address)) };
        assert!(expected.is_none_or(|expected| list.permits(address) == expected));
    }
    if let Ok(written) = WrittenTarget::parse(text, PORT_DEFAULT)
        && let Some(target) = written.numeric()
    {
        let again = WrittenTarget::parse(&target.to_string(), 1).expect("what was written is read");
        assert_eq!(again.numeric(), Some(target));
        assert!(target.slicing.group_bytes_max() >= target.slicing.code.data_slices());
    }
});
