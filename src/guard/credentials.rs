//! The credentials of generation B: whoever holds one is the peer that it names, and the server keeps nothing of it.
//!
//! ```text
//! Authorization: Bearer {peerId}:{secret}
//! secret = base64( IV, 12 bytes ‖ AES-256-GCM( peerId as text ) ‖ tag, 16 bytes )
//! ```
//! The format is the original's, so that credentials of a server with the same `AUTH_SECRET` stay valid.

use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit, aead::Aead};
use meetpoint_protocol::rondevu::{PeerId, base64};
use subtle::ConstantTimeEq;

/// Random bytes at the beginning of every secret. The key's limit of 2^32 of them (NIST SP 800-38D §8.3) is out of reach.
const IV_LEN: usize = 12;

/// Why a request has no peer. Checked in this order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unauthorized {
    /// No header, or an empty one.
    Missing,
    /// Not `Bearer`, one space and a word.
    Header,
    /// Not one colon.
    Format,
    /// No secret of this server's, or another peer's.
    Credentials,
}

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "Missing Authorization header",
            Self::Header => "Invalid Authorization header format. Expected: Bearer {peerId}:{secret}",
            Self::Format => "Invalid credentials format. Expected: {peerId}:{secret}",
            Self::Credentials => "Invalid credentials",
        })
    }
}

impl std::error::Error for Unauthorized {}

/// Makes credentials and checks them. It has no `Debug`: the key is nobody's to see.
pub struct Credentials {
    cipher: Aes256Gcm,
}

impl Credentials {
    pub fn new(key: &[u8; 32]) -> Self {
        Self { cipher: Aes256Gcm::new(key.into()) }
    }

    /// The secret that makes its holder `peer`. `iv` is random and never used twice.
    pub fn issue(&self, peer: &PeerId, iv: [u8; IV_LEN]) -> String {
        let sealed = self.cipher.encrypt(&iv.into(), peer.as_str().as_bytes()).expect("an id is shorter than 64 GiB");
        base64::encode(&[iv.as_slice(), &sealed].concat())
    }

    /// The peer that has sent this `Authorization` header.
    ///
    /// # Errors
    /// The first that is wrong. The header need not be text: its parts are compared as bytes.
    pub fn authorize(&self, header: Option<&[u8]>) -> Result<PeerId, Unauthorized> {
        let header = header.filter(|header| !header.is_empty()).ok_or(Unauthorized::Missing)?;
        let (scheme, credentials) = split_once_only(header, b' ').ok_or(Unauthorized::Header)?;
        if scheme != b"Bearer" {
            return Err(Unauthorized::Header);
        }
        let (claimed, secret) = split_once_only(credentials, b':').ok_or(Unauthorized::Format)?;
        let named = self.open(secret).ok_or(Unauthorized::Credentials)?;
        if named.as_bytes().ct_eq(claimed).into() { Ok(PeerId::new(&named)) } else { Err(Unauthorized::Credentials) }
    }

    fn open(&self, secret: &[u8]) -> Option<String> {
        let bytes = base64::forgiving(std::str::from_utf8(secret).ok()?)?;
        let (iv, sealed) = bytes.split_first_chunk::<IV_LEN>()?;
        String::from_utf8(self.cipher.decrypt(iv.into(), sealed).ok()?).ok()
    }
}

/// The two parts of what holds `separator` exactly once.
fn split_once_only(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let mut parts = bytes.split(|byte| *byte == separator);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(one), Some(other), None) => Some((one, other)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PEER: &str = "0123456789abcdef0123456789abcdef";
    const IV: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    const SECRET: &str = "AAECAwQFBgcICQoLJimHBXR8+4HxAg6eUrEBSV4ElU3PMU2oARsgrkeGT1EV410nZ3MVpFzibe3661eG";

    const HEADER: &str = "Invalid Authorization header format. Expected: Bearer {peerId}:{secret}";
    const FORMAT: &str = "Invalid credentials format. Expected: {peerId}:{secret}";
    const CREDENTIALS: &str = "Invalid credentials";

    fn credentials() -> Credentials {
        let half = [0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        Credentials::new([half, half].as_flattened().try_into().expect("32 bytes"))
    }

    fn authorize(header: &str) -> Result<PeerId, String> {
        credentials().authorize(Some(header.as_bytes())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_secret_has_the_bytes_of_the_original() {
        assert_eq!(credentials().issue(&PeerId::new(PEER), IV), SECRET);
        assert_eq!(authorize(&format!("Bearer {PEER}:{SECRET}")), Ok(PeerId::new(PEER)));
    }

    #[test]
    fn faults_are_told_in_the_order_of_the_original() {
        for header in [None, Some("".as_bytes())] {
            assert_eq!(credentials().authorize(header).expect_err("none").to_string(), "Missing Authorization header");
        }
        for (header, expected) in [
            ("Basic abc", HEADER),
            ("Bearer", HEADER),
            ("bearer a:b", HEADER),
            ("Bearer  a:b", HEADER),
            ("Bearer a:b ", HEADER),
            (" Bearer a:b", HEADER),
            ("Bearer\ta:b", HEADER),
            ("Basic a:b:c", HEADER),
            ("Bearer ", FORMAT),
            ("Bearer abc", FORMAT),
            ("Bearer a:b:c", FORMAT),
            ("Bearer :", CREDENTIALS),
            ("Bearer a:AAAA", CREDENTIALS),
            ("Bearer a:!!!", CREDENTIALS),
        ] {
            assert_eq!(authorize(header), Err(expected.to_owned()), "{header:?}");
        }
    }

    #[test]
    fn another_peers_secret_is_refused() {
        for claimed in ["", "0123456789abcdef0123456789abcdee", &PEER[1..], &PEER.to_uppercase()] {
            assert_eq!(authorize(&format!("Bearer {claimed}:{SECRET}")), Err(CREDENTIALS.to_owned()), "{claimed}");
        }
    }

    #[test]
    fn another_servers_secret_is_refused() {
        let foreign = Credentials::new(&[7; 32]).issue(&PeerId::new(PEER), IV);
        assert_eq!(authorize(&format!("Bearer {PEER}:{foreign}")), Err(CREDENTIALS.to_owned()));
    }

    #[test]
    fn base64_is_read_as_browsers_do() {
        let peer = PeerId::new("someone");
        let secret = credentials().issue(&peer, IV);
        assert!(secret.ends_with('='));
        assert_eq!(authorize(&format!("Bearer someone:{}", secret.trim_end_matches('='))), Ok(peer));
        assert_eq!(authorize(&format!("Bearer {PEER}:{}", SECRET.replace('+', "-"))), Err(CREDENTIALS.to_owned()));
    }

    #[test]
    fn a_header_need_not_be_text() {
        for (header, expected) in [
            (b"\xff\xfe".as_slice(), Unauthorized::Header),
            (b"Bearer \xff", Unauthorized::Format),
            (b"Bearer \xff:\xff", Unauthorized::Credentials),
            (b"Bearer \xff:AAAA", Unauthorized::Credentials),
        ] {
            assert_eq!(credentials().authorize(Some(header)), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn what_was_issued_is_accepted_and_nothing_else(
            key: [u8; 32], iv: [u8; 12], peer in "[^ :]{1,40}", bit in 0_usize..(8 * 29),
        ) {
            let credentials = Credentials::new(&key);
            let secret = credentials.issue(&PeerId::new(&peer), iv);
            let header = format!("Bearer {peer}:{secret}");
            prop_assert_eq!(credentials.authorize(Some(header.as_bytes())), Ok(PeerId::new(&peer)));

            let mut bytes = base64::forgiving(&secret).expect("base64");
            bytes[bit / 8] ^= 1 << (bit % 8);
            let header = format!("Bearer {peer}:{}", base64::encode(&bytes));
            prop_assert_eq!(credentials.authorize(Some(header.as_bytes())), Err(Unauthorized::Credentials));
        }

        #[test]
        fn no_bytes_make_it_panic(header: Vec<u8>) {
            prop_assert!(credentials().authorize(Some(&header)).is_err());
        }
    }
}
