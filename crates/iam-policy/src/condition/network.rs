//! IP addresses and networks, v4 and v6.

use std::net::IpAddr;

use ipnet::IpNet;

/// Parses `203.0.113.0/24`, `2001:db8::/32`, or a single address; `None` for any other text. Bits
/// after the prefix are ignored. A network of one family contains no address of the other:
/// `0.0.0.0/0` doesn't contain every IPv6 address.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    match text.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address)),
        Err(_) => text.parse::<IpNet>().ok().map(|network| network.trunc()),
    }
}
