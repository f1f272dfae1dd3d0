//! The host against a controller that does as the test says, over real sockets.

#[cfg(test)]
mod connecting;
#[cfg(test)]
mod controller;
#[cfg(test)]
mod copying;
#[cfg(test)]
mod discovering;
#[cfg(test)]
mod losing;
