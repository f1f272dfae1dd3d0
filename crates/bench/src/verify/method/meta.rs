//! `verify=meta`: the header alone. Every method checks it, so fio calls this one obsolete and still accepts it.

use super::{Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["meta"],
    help: "the header alone, which every other method checks as well (obsolete)",
    codes: &[1],
    proof: Proof::Header,
};
