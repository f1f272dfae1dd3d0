//! Any text is a pattern, and any text a specification or an error: reading them never fails in another way.
#![no_main]

use control::log::{Pattern, Setting};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    assert_eq!(Pattern::parse(text).to_string(), text);
    if let Err(error) = Setting::parse(text, |word| word == "nvme") {
        assert!(!error.to_string().is_empty());
    }
});
