//! Networks of addresses (CIDR, RFC 4632 §3.1 and RFC 4291 §2.3).

use std::{fmt, net::IpAddr};

/// A network: all addresses that begin with the same bits. Shown as it is written in a setting, `10.0.0.0/8`; a network
/// of one address is shown as that address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cidr {
    /// The lowest address. No IPv4-mapped IPv6 address: that is IPv4.
    pub address: IpAddr,
    /// How many bits all its addresses share; 0 to 32 for IPv4, to 128 for IPv6.
    pub prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoNetwork {
    /// It is neither an address nor an address with a prefix that fits it.
    Form,
    /// The address has bits behind its prefix, so that one of the two is a mistake. The network is what the prefix says.
    Beyond(Cidr),
}

/// How many bits of an IPv4-mapped IPv6 address say that it is one (`::ffff:0:0/96`).
const MAPPED: u8 = 96;

impl Cidr {
    /// The network of the addresses whose first `prefix` bits are those of `address`; `None` when the address has not
    /// so many. IPv4-mapped IPv6 addresses give the network of IPv4 that they stand for.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let (address, prefix) = match (address.to_canonical(), prefix.checked_sub(MAPPED)) {
            (IpAddr::V4(mapped), Some(prefix)) if address.is_ipv6() => (IpAddr::V4(mapped), prefix),
            _ => (address, prefix),
        };
        (prefix <= width(address)).then(|| Self { address: lowest(address, prefix), prefix })
    }

    /// Reads an address, which is a network of its own, or an address, `/` and a number of bits.
    pub(super) fn read(text: &str) -> Result<Self, NoNetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NoNetwork::Form)?;
        let bits = match prefix {
            None => width(address),
            // `parse` alone would take a sign.
            Some(bits) if bits.bytes().all(|digit| digit.is_ascii_digit()) => {
                bits.parse().map_err(|_| NoNetwork::Form)?
            }
            Some(_) => return Err(NoNetwork::Form),
        };
        let network = Self::new(address, bits).ok_or(NoNetwork::Form)?;
        if network.address == address || network.address == address.to_canonical() {
            Ok(network)
        } else {
            Err(NoNetwork::Beyond(network))
        }
    }

    /// Whether an address is one of the network's. An IPv4-mapped IPv6 address is the IPv4 address that it stands for;
    /// otherwise IPv4 and IPv6 have nothing in common, so `::/0` contains no IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && lowest(address, self.prefix) == lowest(self.address, self.prefix)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, prefix } = self;
        if *prefix == width(*address) { address.fmt(f) } else { write!(f, "{address}/{prefix}") }
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address without the bits behind the prefix, which is at most as long as the address.
fn lowest(address: IpAddr, prefix: u8) -> IpAddr {
    let behind = u32::from(width(address).saturating_sub(prefix));
    match address {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() & u32::MAX.checked_shl(behind).unwrap_or(0)).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & u128::MAX.checked_shl(behind).unwrap_or(0)).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Cidr {
        Cidr::read(text).expect("a network")
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_network_contains_the_addresses_that_begin_like_it() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"][..], &["9.255.255.255", "11.0.0.0"][..]),
            ("192.0.2.128/25", &["192.0.2.128", "192.0.2.255"], &["192.0.2.127", "192.0.3.128"]),
            ("192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7"], &["192.0.2.6", "192.0.2.8", "::192.0.2.7"]),
            ("0.0.0.0/0", &["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], &["::", "::1", "2001:db8::1"]),
            ("2001:db8::/32", &["2001:db8::", "2001:db8:ffff::1"], &["2001:db9::", "2001:db7:ffff::"]),
            ("::1", &["::1"], &["::", "::2", "127.0.0.1", "0.0.0.1"]),
            ("::/0", &["::", "ffff::", "::1.2.3.4"], &["1.2.3.4", "::ffff:1.2.3.4"]),
            ("::ffff:10.0.0.0/104", &["10.1.2.3", "::ffff:10.1.2.3"], &["11.0.0.0"]),
            ("::ffff:192.0.2.7", &["192.0.2.7"], &["192.0.2.6"]),
        ] {
            for address in inside {
                assert!(network(text).contains(ip(address)), "{text} {address}");
            }
            for address in outside {
                assert!(!network(text).contains(ip(address)), "{text} {address}");
            }
        }
    }

    #[test]
    fn a_network_is_shown_as_it_is_written() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.1/32", "10.0.0.1"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1/128", "::1"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ] {
            assert_eq!(network(text).to_string(), shown);
            assert_eq!(network(shown), network(text));
        }
    }

    #[test]
    fn bits_behind_the_prefix_are_a_mistake() {
        for (text, meant) in [
            ("10.0.0.1/8", "10.0.0.0/8"),
            ("1.2.3.4/0", "0.0.0.0/0"),
            ("2001:db8::1/64", "2001:db8::/64"),
            ("::ffff:10.0.0.1/104", "10.0.0.0/8"),
        ] {
            assert_eq!(Cidr::read(text), Err(NoNetwork::Beyond(network(meant))), "{text}");
        }
    }

    #[test]
    fn what_is_no_network() {
        for text in [
            "",
            "/",
            "/8",
            "10",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0.0/256",
            "::/129",
            "10.0.0/8",
            "010.0.0.0/8",
            "10.0.0.0/ 8",
            "[::1]",
            "fe80::1%eth0",
            "10.0.0.0/255.0.0.0",
            "localhost",
            "10.0.0.0/٨",
        ] {
            assert_eq!(Cidr::read(text), Err(NoNetwork::Form), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[0-9a-f.:/]{0,24}|\\PC*") {
            let _ = Cidr::read(&text);
        }

        #[test]
        fn every_network_is_read_as_it_is_shown_and_contains_what_shares_its_bits(
            bits in any::<u128>(), other in any::<u128>(), prefix in 0..=128_u8, v4 in any::<bool>()
        ) {
            let of = |bits: u128| match v4 {
                true => IpAddr::V4(Ipv4Addr::from_bits(bits as u32)),
                false => IpAddr::V6(Ipv6Addr::from_bits(bits)),
            };
            let (address, other) = (of(bits), of(other));
            let prefix = if v4 { prefix % 33 } else { prefix };
            let network = Cidr::new(address, prefix).expect("a prefix that fits");
            prop_assert_eq!(Cidr::read(&network.to_string()), Ok(network));
            prop_assert!(network.contains(address) && network.contains(network.address));
            let text = |address| match address {
                IpAddr::V4(address) => format!("{:032b}", Ipv4Addr::to_bits(address)),
                IpAddr::V6(address) => format!("{:0128b}", Ipv6Addr::to_bits(address)),
            };
            let shared = text(address)[..prefix.into()] == text(other)[..prefix.into()];
            prop_assert_eq!(network.contains(other), shared);
        }
    }
}
