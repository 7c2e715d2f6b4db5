//! The server under load: where it listens, and the addresses to come from.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::http::Uri;

use crate::{Error, cli::TargetOptions};

/// A resolved URL.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: SocketAddr,
    /// The `Host` header's value.
    pub authority: String,
    pub path_and_query: String,
    spread: bool,
}

impl Target {
    /// Resolves the URL and checks that it may be put under load.
    /// `scheme`: the only one that the scenario speaks.
    pub async fn resolve(url: &str, scheme: &str, options: &TargetOptions) -> Result<Self, Error> {
        let invalid = |why: &str| Error::Options(format!("--url {url}: {why}"));
        let uri: Uri = url.parse().map_err(|_| invalid("not a URL"))?;
        if uri.scheme_str() != Some(scheme) {
            return Err(invalid(&format!("only {scheme}:// is spoken")));
        }
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            return Err(invalid("names no host"));
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<_> = lookup_host((host, uri.port_u16().unwrap_or(80)))
            .await
            .map_err(|error| invalid(&error.to_string()))?
            .collect();
        // `localhost` may resolve to ::1 first, where a server bound to 0.0.0.0 does not listen.
        let address = found.iter().find(|address| address.is_ipv4()).or(found.first());
        let address = *address.ok_or_else(|| invalid("the host has no address"))?;
        if !address.ip().is_loopback() && !options.allow_remote {
            return Err(Error::NotLoopback(address.ip()));
        }
        if options.spread_addresses && !(address.is_ipv4() && address.ip().is_loopback()) {
            return Err(Error::Options("--spread-addresses needs a target on 127.0.0.0/8".into()));
        }
        Ok(Self {
            address,
            authority: authority.to_string(),
            path_and_query: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            spread: options.spread_addresses,
        })
    }

    /// The same server, asked for something else.
    pub fn at(&self, path_and_query: String) -> Self {
        Self { path_and_query, ..self.clone() }
    }

    /// Where the client with this index comes from, when that is not the kernel's to choose.
    pub(crate) fn source(&self, index: usize) -> Option<SocketAddr> {
        self.spread.then(|| source_address(index))
    }

    /// Opens the TCP connection of the client with this index.
    pub async fn connect(&self, index: usize) -> Result<TcpStream, Error> {
        self.connect_with(index, None).await
    }

    /// The same, with a kernel buffer of so many bytes for what is received.
    pub async fn connect_with(&self, index: usize, receive_buffer: Option<u32>) -> Result<TcpStream, Error> {
        let unreachable = |source| Error::Unreachable { address: self.address, source };
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(source) = self.source(index) {
            socket.bind(source).map_err(unreachable)?;
        }
        let stream = socket.connect(self.address).await.map_err(unreachable)?;
        stream.set_nodelay(true)?;
        // Thousands of sockets in TIME_WAIT would exhaust the ports of the next run: end with a reset.
        stream.set_zero_linger()?;
        Ok(stream)
    }
}

/// Every address of 127.0.0.0/8 can be bound without set-up; a port is taken from the ephemeral range.
fn source_address(index: usize) -> SocketAddr {
    const ADDRESSES: usize = 250;
    let last = (2 + index % ADDRESSES) as u8;
    SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(url: &str, spread_addresses: bool) -> Result<Target, Error> {
        Target::resolve(url, "ws", &TargetOptions { spread_addresses, ..TargetOptions::default() }).await
    }

    #[tokio::test]
    async fn a_url_becomes_address_host_and_path() {
        let target = resolve("ws://127.0.0.1:9000/ws?v=1", false).await.expect("resolved");
        assert_eq!(target.address, SocketAddr::from(([127, 0, 0, 1], 9000)));
        assert_eq!((target.authority.as_str(), target.path_and_query.as_str()), ("127.0.0.1:9000", "/ws?v=1"));
        assert!(resolve("ws://[::1]:1/", false).await.is_ok_and(|target| target.address.is_ipv6()));
    }

    #[tokio::test]
    async fn what_must_not_be_loaded_is_refused() {
        assert!(matches!(resolve("ws://192.0.2.1/ws", false).await, Err(Error::NotLoopback(_))));
        for url in ["wss://127.0.0.1/ws", "http://127.0.0.1/", "127.0.0.1:8080", "ws:///ws"] {
            assert!(matches!(resolve(url, false).await, Err(Error::Options(_))), "{url}");
        }
        assert!(matches!(resolve("ws://[::1]:1/ws", true).await, Err(Error::Options(_))));
    }

    #[test]
    fn source_addresses_go_round() {
        assert_eq!(source_address(0), source_address(250));
        assert_eq!(source_address(249).ip(), Ipv4Addr::new(127, 0, 0, 251));
    }
}
