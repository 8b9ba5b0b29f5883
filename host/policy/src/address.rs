//! Addresses that a name never leads to: private, local and special ranges. Rule HOST-46.
//!
//! A range is opened by granting the address itself, and in no other way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Special ranges: the first address and how many bits are fixed. RFC 6890 and IANA's registry of special-purpose addresses.
const V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carriers
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // a cloud's host agent
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local, and the metadata of clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocols
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // relays of 6to4
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, broadcast
];

const V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 96), // unspecified, loopback, IPv4-compatible
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48), // translation inside of a network
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64), // discard
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocols, Teredo among them
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16), // segment routing
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7), // private
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10), // link-local
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10), // site-local
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8), // multicast
];

/// Ranges that carry an IPv4 address, and how many bits stand behind it. They are as special as what they carry.
const EMBEDDING: &[(Ipv6Addr, u32, u32)] = &[
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 0),    // IPv4-mapped
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, 0), // translation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 80),   // 6to4
];

/// Whether an address lies in a private, local or special range.
pub fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_special_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| is_special_v6(address), is_special_v4),
    }
}

fn is_special_v4(address: Ipv4Addr) -> bool {
    V4.iter().any(|(first, bits)| (address.to_bits() ^ first.to_bits()) >> (32 - bits) == 0)
}

fn is_special_v6(address: Ipv6Addr) -> bool {
    V6.iter().any(|(first, bits)| in_range(address, *first, *bits))
}

fn in_range(address: Ipv6Addr, first: Ipv6Addr, bits: u32) -> bool {
    (address.to_bits() ^ first.to_bits()) >> (128 - bits) == 0
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let range = EMBEDDING.iter().find(|(first, bits, _)| in_range(address, *first, *bits))?;
    u32::try_from((address.to_bits() >> range.2) & u128::from(u32::MAX)).ok().map(Ipv4Addr::from_bits)
}

#[cfg(test)]
mod tests {
    use super::is_special;

    #[track_caller]
    fn check(expected: bool, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(is_special(address.parse().expect(address)), expected, "{address}");
        }
    }

    #[test]
    fn the_ends_of_each_range_are_special() {
        check(true, &["0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255"]);
        check(true, &["127.0.0.0", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255"]);
        check(true, &["172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255"]);
        check(
            true,
            &["192.88.99.0", "192.88.99.255", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255"],
        );
        check(true, &["198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255", "168.63.129.16"]);
        check(true, &["224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255"]);
        check(
            true,
            &["::", "::1", "::7f00:1", "64:ff9b:1::", "64:ff9b:1:ffff:ffff::", "100::", "100::ffff:ffff:ffff:ffff"],
        );
        check(
            true,
            &["2001::", "2001:1ff:ffff::", "2001:db8::", "2001:db8:ffff::1", "3fff::1", "5f00::1", "fc00::", "fdff::1"],
        );
        check(true, &["fe80::", "febf::1", "fec0::", "feff::1", "ff00::", "ff02::1"]);
    }

    #[test]
    fn the_neighbours_of_each_range_are_not() {
        check(false, &["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"]);
        check(false, &["128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0"]);
        check(
            false,
            &["192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255"],
        );
        check(
            false,
            &["198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255"],
        );
        check(false, &["168.63.129.15", "168.63.129.17", "1.1.1.1", "8.8.8.8"]);
        check(
            false,
            &["64:ff9b:2::", "100:0:0:1::", "2001:200::", "2001:db7::", "2001:db9::", "2606:4700::1111", "3ffe::1"],
        );
        check(false, &["4000::", "5eff::1", "5f01::1", "fbff::1", "fe00::1", "2003::1"]);
    }

    #[test]
    fn an_embedded_address_is_judged_itself() {
        check(true, &["::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::169.254.169.254", "64:ff9b::a00:1"]);
        check(true, &["2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe:1234::5"]);
        check(false, &["::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]);
    }
}
