//! TLS on the listener: 1.2 and 1.3, HTTP/1.1 inside, a certificate that can be changed while connections are open.

mod load;
mod plain;
mod probe;
mod reload;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{ReadHalf, WriteHalf, split},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{DEFAULT_VERSIONS, ServerConfig, crypto::CryptoProvider},
    server::TlsStream,
};

pub use self::load::Fault;
pub(super) use self::probe::connect;
pub use self::reload::{Certificate, Fresh};
use super::{
    tcp::{Succession, Tcp},
    wire::Listener,
};
use crate::{config::TlsFiles, core::outbox::Wire};

/// How long a client may take from the connection to the end of the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The only place that says whose cryptography is used.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(tokio_rustls::rustls::crypto::ring::default_provider())
}

/// A certificate and what is agreed with clients.
pub struct Tls {
    certificate: Arc<Certificate>,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// A file cannot be read, does not hold what it should, or the key is not the certificate's.
    pub fn load(files: &TlsFiles) -> Result<Self, Fault> {
        let provider = provider();
        let certificate = Arc::new(Certificate::load(files.clone(), provider.clone())?);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(DEFAULT_VERSIONS)
            .expect("the provider has suites for both versions")
            .with_no_client_auth()
            .with_cert_resolver(certificate.clone());
        // WebSockets over HTTP/2 are another handshake (RFC 8441), and nothing else here would gain by it.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { certificate, config: Arc::new(config) })
    }

    /// A listener whose connections are encrypted.
    pub fn over(&self, tcp: Tcp) -> Encrypted {
        Encrypted { tcp, config: self.config.clone() }
    }

    /// Reads the files again when they change; without end. What cannot be used is told in the log, and new clients get what was
    /// used before.
    pub async fn watch(&self) {
        self.certificate.watch().await;
    }

    /// The certificate that new clients get.
    pub fn certificate(&self) -> Arc<Certificate> {
        self.certificate.clone()
    }
}

/// A listener whose connections are encrypted.
pub struct Encrypted {
    tcp: Tcp,
    config: Arc<ServerConfig>,
}

impl Listener for Encrypted {
    type Raw = (TcpStream, Arc<ServerConfig>);
    type Io = TlsStream<TcpStream>;
    type Reader = ReadHalf<TlsStream<TcpStream>>;

    async fn accept(&self) -> io::Result<(Self::Raw, SocketAddr)> {
        let (stream, peer) = Listener::accept(&self.tcp).await?;
        Ok(((stream, self.config.clone()), peer))
    }

    fn secure(
        (stream, config): Self::Raw,
        ended: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = io::Result<Self::Io>> + Send {
        // Boxed: a handshake takes much memory for a short time, and the connection's task is there for long.
        Box::pin(async {
            let failed = |kind, why| Err(io::Error::new(kind, why));
            tokio::select! {
                shaken = timeout(HANDSHAKE_TIMEOUT, shake_hands(stream, config)) => {
                    shaken.unwrap_or_else(|_| failed(io::ErrorKind::TimedOut, "the handshake took too long"))
                }
                () = ended => failed(io::ErrorKind::ConnectionAborted, "the server has ended"),
            }
        })
    }

    fn split(io: TlsStream<TcpStream>) -> (Self::Reader, Box<dyn Wire>) {
        let (reader, writer): (_, WriteHalf<_>) = split(io);
        (reader, Box::new(writer))
    }

    fn succession(&self) -> Succession {
        self.tcp.succession()
    }

    fn admit_no_more(&self) -> io::Result<()> {
        self.tcp.admit_no_more()
    }
}

async fn shake_hands(mut stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<TlsStream<TcpStream>> {
    if plain::is_asked(&stream).await? {
        plain::refuse(&mut stream).await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "HTTP without TLS"));
    }
    TlsAcceptor::from(config).accept(stream).await
}
