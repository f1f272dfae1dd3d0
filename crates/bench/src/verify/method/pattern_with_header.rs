//! `verify=pattern_hdr`, and what `verify_pattern` without `verify` means: a header and the pattern behind it.

use super::{Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["pattern_hdr"],
    help: "a header and verify_pattern behind it",
    codes: &[17],
    proof: Proof::HeaderAndPattern,
};
