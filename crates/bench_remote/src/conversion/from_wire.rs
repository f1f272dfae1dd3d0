//! What came over the wire, as results.
