//! IP addresses and networks, v4 and v6.

use std::net::IpAddr;

use ipnet::IpNet;

use super::date::within;

/// Parses `203.0.113.0/24`, `2001:db8::/32`, or a single address; `None` for any other text. Bits
/// after the prefix are ignored. A network of one family contains no address of the other:
/// `0.0.0.0/0` doesn't contain every IPv6 address.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    match text.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address)),
        Err(_) => text.parse::<IpNet>().ok().map(|network| network.trunc()),
    }
}

/// Tells if a text is an address or a network as S3 takes them.
pub(crate) fn is_address_range(text: &str) -> bool {
    let (address, prefix) =
        text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| within(prefix, 0, longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_both_families_with_or_without_a_length() {
        for address in ["192.0.2.1", "10.0.0.1/8", "2001:DB8::/32", "::1", "0.0.0.0/0"] {
            assert!(is_address_range(address), "{address}");
        }
        for wrong in [
            "123",
            "10.0.0.256",
            "10.0.0.0/33",
            "10.0.0.0/",
            "2001:db8::/129",
            "*",
            "192.168.0.*",
            "",
        ] {
            assert!(!is_address_range(wrong), "{wrong}");
        }
    }
}
