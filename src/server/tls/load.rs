//! From two files to a certificate with its key, or to what is wrong with them, in words.

use std::fmt;

use tokio_rustls::rustls::{
    self, InconsistentKeys,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::CertifiedKey,
};

use crate::config::{TlsFiles, Unreadable, read_file};

/// Why there is no certificate.
#[derive(Debug)]
pub enum Fault {
    /// A file cannot be read.
    Unreadable(Unreadable),
    /// The files are not a certificate and its key. A whole line, with the variable and the file.
    Unusable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(unreadable) => unreadable.fmt(f),
            Self::Unusable(line) => f.write_str(line),
        }
    }
}

/// Reads both files.
pub(super) fn pair(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, Fault> {
    let cert = read_file(&files.cert).map_err(Fault::Unreadable)?;
    let key = read_file(&files.key).map_err(Fault::Unreadable)?;
    parse(&cert, &key, files, provider).map_err(Fault::Unusable)
}

fn parse(cert: &[u8], key: &[u8], files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let of_cert = |what: &str| format!("invalid TLS_CERT_FILE: {}: {what}", files.cert);
    let of_key = |what: &str| format!("invalid TLS_KEY_FILE: {}: {what}", files.key);
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(cert).collect::<Result<_, _>>().map_err(|error| of_cert(broken(&error)))?;
    if chain.is_empty() {
        return Err(of_cert("no certificate is in it (expected PEM: the server's certificate, its chain behind it)"));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
        pem::Error::NoItemsFound if is_encrypted(key) => {
            of_key("the key is encrypted (expected one without a password)")
        }
        pem::Error::NoItemsFound => of_key("no key is in it (expected PEM: a private key of PKCS#8, PKCS#1 or SEC1)"),
        error => of_key(broken(&error)),
    })?;
    let key = provider.key_provider.load_private_key(key).map_err(|_| {
        of_key("the key cannot be used (expected RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519)")
    })?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(format!(
            "invalid TLS_KEY_FILE: {} beside TLS_CERT_FILE: {} (expected the key of the first certificate)",
            files.key, files.cert
        )),
        Err(_) => Err(of_cert("the first certificate cannot be read")),
    }
}

fn is_encrypted(key: &[u8]) -> bool {
    String::from_utf8_lossy(key).contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

/// The library would show bytes as numbers.
fn broken(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end (expected PEM)",
        pem::Error::IllegalSectionStart { .. } => "the first line of a section is broken (expected PEM)",
        pem::Error::Base64Decode(_) => "a section is not base64 (expected PEM)",
        _ => "it cannot be read (expected PEM)",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::server::tls::provider;

    fn parsed(cert: &str, key: &str) -> Result<CertifiedKey, String> {
        let files = TlsFiles { cert: "cert.pem".to_owned(), key: "key.pem".to_owned() };
        parse(cert.as_bytes(), key.as_bytes(), &files, &provider())
    }

    /// A certificate and its key.
    fn made() -> [String; 2] {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        [params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem()]
    }

    #[test]
    fn a_certificate_comes_with_the_chain_behind_it() {
        let ([leaf, key], [other, _]) = (made(), made());
        assert_eq!(parsed(&leaf, &key).expect("a pair").cert.len(), 1);
        assert_eq!(parsed(&format!("words\n{leaf}\n{other}{key}"), &key).expect("a pair and a chain").cert.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_told_with_the_file() {
        let ([cert, key], [_, other_key]) = (made(), made());
        let no_cert = "cert.pem: no certificate is in it (expected PEM: the server's certificate, its chain behind it)";
        let no_key = "key.pem: no key is in it (expected PEM: a private key of PKCS#8, PKCS#1 or SEC1)";
        let section = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        for (cert, key, problem) in [
            ("", key.as_str(), no_cert),
            ("no PEM", &key, no_cert),
            (&key, &key, no_cert),
            (&cert[..cert.len() / 2], &key, "cert.pem: a section has no end (expected PEM)"),
            (&cert.replacen("CERTIFICATE-----", "CERTIFICATE--", 1), &key, "the first line of a section is broken"),
            (&cert.replace('M', "?"), &key, "cert.pem: a section is not base64 (expected PEM)"),
            (&section("CERTIFICATE"), &key, "cert.pem: the first certificate cannot be read"),
            (&cert, "", no_key),
            (&cert, &cert, no_key),
            (
                &cert,
                &section("ENCRYPTED PRIVATE KEY"),
                "key.pem: the key is encrypted (expected one without a password)",
            ),
            (&cert, &key[..key.len() / 2], "key.pem: a section has no end (expected PEM)"),
            (&cert, &section("PRIVATE KEY"), "key.pem: the key cannot be used (expected RSA of 2048 to 4096 bits, "),
            (&cert, &other_key, "key.pem beside TLS_CERT_FILE: cert.pem (expected the key of the first certificate)"),
        ] {
            let told = parsed(cert, key).expect_err(problem);
            assert!(told.contains(problem), "{told}");
            let variable = if problem.starts_with("key") { "TLS_KEY_FILE" } else { "TLS_CERT_FILE" };
            assert!(told.starts_with(&format!("invalid {variable}: ")) && !told.contains('\n'), "{told}");
        }
    }

    proptest! {
        #[test]
        fn no_file_panics(text in "(-----(BEGIN|END) (CERTIFICATE|PRIVATE KEY|EC PRIVATE KEY)-----\n|[A-Za-z0-9+/=]{0,40}\n|\\PC{0,8}){0,6}") {
            let [cert, key] = made();
            let _ = (parsed(&text, &key), parsed(&cert, &text));
        }
    }
}
