//! The NVMe/TCP protocol seen from outside: bytes in, events and bytes out.
//!
//! `wire` builds PDUs by hand from the specification's figures, without the crate's own structures and with a CRC of its own, so that
//! an error in those cannot hide itself. `shell` does what a target does around the controller's connection.

#[cfg(test)]
mod capsules;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod host;
#[cfg(test)]
mod initialization;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod responses;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod transfers;
#[cfg(test)]
mod wire;
