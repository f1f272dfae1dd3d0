//! The protocol against recordings of real programs, against damage, and across its versions.

#[cfg(test)]
mod captured;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod random;
#[cfg(test)]
mod recording;
#[cfg(test)]
mod versions;
