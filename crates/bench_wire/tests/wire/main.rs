//! The protocol against recordings of real programs, against damage, and across its versions.

mod captured;
mod hostile;
mod random;
mod recording;
mod versions;
