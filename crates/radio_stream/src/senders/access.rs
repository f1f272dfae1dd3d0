//! Who may listen: networks that are allowed or denied.
//!
//! The most specific network that contains an address decides; where none does, the default. So `deny 10.0.0.0/8` and `allow
//! 10.1.0.0/16` mean what they say, in any order.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

use crate::limits::ACCESS_RULES_MAX;

/// A network: an address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is no network: an address is accepted, or ADDRESS/BITS such as 10.0.0.0/8 or 2001:db8::/32")]
pub struct NoNetwork(String);

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let refuse = || NoNetwork(text.to_owned());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| refuse())?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits_max,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= bits_max).ok_or_else(refuse)?,
        };
        Ok(Self { address: masked(address, prefix), prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

impl Network {
    /// Whether an address is in it. IPv4 addresses in IPv6 form are what they stand for.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((u32::from(address) & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((u128::from(address) & mask).into())
        }
    }
}

/// The rules of one sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessList {
    /// What holds where no rule does.
    pub default_deny: bool,
    rules: Vec<(Network, bool)>,
}

/// The list is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the access list has {ACCESS_RULES_MAX} rules, and that is the most")]
pub struct TooManyRules;

impl AccessList {
    /// No rules; what holds where none does.
    #[must_use]
    pub fn new(default_deny: bool) -> Self {
        Self { default_deny, rules: Vec::new() }
    }

    /// Allows or denies a network. A rule for the very same network is replaced.
    ///
    /// # Errors
    /// [`TooManyRules`].
    pub fn set(&mut self, network: Network, allowed: bool) -> Result<(), TooManyRules> {
        self.rules.retain(|(known, _)| *known != network);
        if self.rules.len() >= ACCESS_RULES_MAX {
            return Err(TooManyRules);
        }
        self.rules.push((network, allowed));
        Ok(())
    }

    /// Whether somebody at this address may listen.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        let matching = self.rules.iter().filter(|(network, _)| network.contains(address));
        matching.max_by_key(|(network, _)| network.prefix).map_or(!self.default_deny, |(_, allowed)| *allowed)
    }

    /// The rules in the order in which they were given, with whether they allow.
    pub fn rules(&self) -> impl Iterator<Item = (Network, bool)> + '_ {
        self.rules.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(default_deny: bool, rules: &[(&str, bool)]) -> AccessList {
        let mut list = AccessList { default_deny, ..AccessList::default() };
        for (network, allowed) in rules {
            list.set(network.parse().unwrap(), *allowed).unwrap();
        }
        list
    }

    fn permits(list: &AccessList, address: &str) -> bool {
        list.permits(address.parse().unwrap())
    }

    #[test]
    fn the_most_specific_network_decides() {
        for rules in [[("10.0.0.0/8", false), ("10.1.0.0/16", true)], [("10.1.0.0/16", true), ("10.0.0.0/8", false)]] {
            let list = list(false, &rules);
            assert!(permits(&list, "10.1.2.3") && !permits(&list, "10.2.2.3") && permits(&list, "11.0.0.1"));
            assert!(!permits(&list, "::ffff:10.2.2.3"), "an IPv4 address in IPv6 form");
        }
    }

    #[test]
    fn the_default_holds_where_no_rule_does() {
        let closed = list(true, &[("127.0.0.1", true), ("2001:db8::/32", true)]);
        assert!(permits(&closed, "127.0.0.1") && !permits(&closed, "127.0.0.2"));
        assert!(permits(&closed, "2001:db8::7") && !permits(&closed, "2001:db9::7"));
        assert!(!permits(&list(false, &[("0.0.0.0/0", false)]), "1.2.3.4"));
        assert!(permits(&list(false, &[("0.0.0.0/0", false)]), "::1"));
    }

    #[test]
    fn a_rule_is_replaced_and_their_number_is_limited() {
        let mut list = list(false, &[("10.0.0.0/8", false), ("10.9.9.9/8", true)]);
        assert!(permits(&list, "10.2.2.3") && list.rules().count() == 1);
        let refused = (0..=u32::MAX).find_map(|number| {
            let network: Network = std::net::Ipv4Addr::from(number).to_string().parse().unwrap();
            list.set(network, true).err()
        });
        assert_eq!((refused, list.rules().count()), (Some(TooManyRules), ACCESS_RULES_MAX));
    }

    #[test]
    fn texts_that_are_no_network_are_refused() {
        for text in ["", "10", "10.0.0.0/33", "::/129", "10.0.0.0/x", "10.0.0.0/", "host/8", "1.2.3.4/-1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        assert_eq!("10.1.2.3/8".parse::<Network>().unwrap().to_string(), "10.0.0.0/8");
    }
}
