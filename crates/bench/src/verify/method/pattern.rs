//! `verify=pattern`: `verify_pattern` from the first byte of a block to its last, without a header.

use super::{Method, Proof};

pub(super) const METHOD: Method =
    Method { names: &["pattern"], help: "verify_pattern and nothing else", codes: &[18], proof: Proof::BarePattern };
