//! A plain way into a proxy that speaks TLS, for clients that say their bytes by hand: TLS is put around what they say, and the
//! proxy sees the address that they come from.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Ends with all its connections when it is dropped.
pub struct Door {
    pub address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Door {
    /// `trusts` is the certificate that the proxy must prove to have, for the name `localhost`.
    pub async fn to(proxy: SocketAddr, trusts: &CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(trusts.clone()).expect("a certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("suites")
            .with_root_certificates(roots)
            .with_no_client_auth();
        // As browsers offer: what a proxy agrees to must still carry WebSockets.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port of the loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut carried = JoinSet::new();
            while let Ok((client, source)) = listener.accept().await {
                carried.spawn(carry(client, source, proxy, connector.clone()));
                while carried.try_join_next().is_some() {}
            }
        });
        Self { address, _serving: serving }
    }
}

async fn carry(client: TcpStream, source: SocketAddr, proxy: SocketAddr, connector: TlsConnector) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::new(source.ip(), 0)).expect("an address of the loopback");
    let Ok(raw) = socket.connect(proxy).await else { return };
    for stream in [&client, &raw] {
        stream.set_nodelay(true).expect("a socket option");
    }
    let name = ServerName::try_from("localhost").expect("a name");
    let tls = connector.connect(name, raw).await.expect("the proxy proves who it is");
    let (from_proxy, to_proxy) = split(tls);
    let (from_client, to_client) = client.into_split();
    // What the proxy says is carried to its end, also when it hears no more.
    tokio::join!(pass(from_client, to_proxy), pass(from_proxy, to_client));
}

/// Carries one way to the end, and says that it was the end.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let _ = copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}
