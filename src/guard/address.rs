//! Who a client is, as far as an address tells: the socket's peer, or whom trusted proxies vouch for.
//!
//! Anybody may write `X-Forwarded-For`, and a proxy appends whom it heard, so the list is only as true as it is read from
//! its right end, and only as far as the hops are trusted: the client is the first address from the right that is not a
//! trusted proxy. What stands to the left of it is the client's own invention and is never looked at.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{Extensions, HeaderMap, HeaderName, Request};

use crate::config::Cidr;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The peer of the socket over which a request came: an extension of the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer(pub IpAddr);

/// The proxies whose word is taken.
#[derive(Clone, Default, Debug)]
pub struct TrustedProxies(Box<[Cidr]>);

impl TrustedProxies {
    pub fn new(trusted: &[Cidr]) -> Self {
        Self(trusted.into())
    }

    /// Who has sent a request with these headers over a socket with this peer. An IPv4 address is never told in its IPv6
    /// form.
    ///
    /// Several header lines are one list, in their order. Its entries are addresses, with or without a port, IPv6 with or
    /// without brackets. At an entry that is none the reading ends, and the answer is the hop that wrote it; when all
    /// hops are trusted, it is the leftmost.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let entries = headers.get_all(FORWARDED_FOR).iter().rev().flat_map(|line| {
            let line = line.as_bytes();
            line.rsplit(|byte| *byte == b',')
        });
        for entry in entries {
            let Some(hop) = address(entry) else { break };
            client = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        client
    }

    /// [`Self::client`] for a request that has its [`Peer`]. All that have none are one client.
    pub fn client_of<B>(&self, request: &Request<B>) -> IpAddr {
        self.client_behind(request.extensions(), request.headers())
    }

    /// [`Self::client_of`] for the parts of a request.
    pub fn client_behind(&self, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
        let peer = extensions.get().map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(address)| *address);
        self.client(peer, headers)
    }

    /// Whether this peer's word is taken. The address is canonical.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// Reads one entry.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = str::from_utf8(entry.trim_ascii()).ok()?;
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = entry
        .parse::<IpAddr>()
        .ok()
        .or_else(|| bracketed().map(IpAddr::V6))
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))?;
    Some(address.to_canonical())
}

/// Whether an address is of the machine or of a private network (RFC 1918, 4193, 6598, 3927, 4291): where a proxy would be,
/// and hardly ever the client of a public server.
pub fn is_internal(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// Whom a limit holds: an IPv4 address, or an IPv6 network of 64 bits, which is what one subscriber has at least
/// (RFC 6177) and can take any address of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AddressKey(Network);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Network {
    V4(u32),
    /// The upper half.
    V6(u64),
}

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => Network::V4(address.to_bits()),
            IpAddr::V6(address) => Network::V6((address.to_bits() >> 64) as u64),
        })
    }
}
