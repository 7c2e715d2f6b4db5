//! Certificates made on the spot, and a place for their files.

use std::fs;
use std::path::PathBuf;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::support::server::Server;

/// A self-signed certificate for `localhost` and its key.
pub struct Pair {
    pub cert: CertificateDer<'static>,
    pub cert_pem: String,
    pub key_pem: String,
}

impl Pair {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let cert = params.self_signed(&key).expect("a certificate");
        Self { cert: cert.der().clone(), cert_pem: cert.pem(), key_pem: key.serialize_pem() }
    }
}

/// A folder for one pair of files.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    /// A folder with this pair.
    pub fn with(pair: &Pair) -> Self {
        let place = Self::new();
        place.put("cert.pem", &pair.cert_pem);
        place.put("key.pem", &pair.key_pem);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("Unicode").to_owned()
    }

    /// Puts a file there as a careful program does: at once, in the place of the one before.
    pub fn put(&self, name: &str, contents: &str) {
        fs::write(self.path("new"), contents).expect("a file");
        fs::rename(self.path("new"), self.path(name)).expect("a file");
    }

    /// A server with this pair.
    pub async fn serve(&self, settings: &[(&str, &str)]) -> Server {
        let (cert, key) = (self.text("cert.pem"), self.text("key.pem"));
        let tls = [("TLS_CERT_FILE", cert.as_str()), ("TLS_KEY_FILE", key.as_str())];
        Server::with(&[&tls, settings].concat()).await
    }
}
