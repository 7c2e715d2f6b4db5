//! The files of the certificate: their names, and what they hold.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
};

use super::{fault::Fault, units::ByteSize};

/// The most that is read of a file. The longest chains take some ten kilobytes.
const LARGEST_FILE: ByteSize = ByteSize::new(1024 * 1024);

/// Where the server's certificate and its key are kept. Both are given, or none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tls {
    pub cert_file: Option<String>,
    pub key_file: Option<String>,
}

/// The names of the two files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    pub cert: String,
    pub key: String,
}

impl Tls {
    /// The two files; `None` without TLS.
    pub fn files(&self) -> Option<TlsFiles> {
        Some(TlsFiles { cert: self.cert_file.clone()?, key: self.key_file.clone()? })
    }

    /// Why no server can have this certificate, as far as that is known without reading it.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let alone = || "both TLS_CERT_FILE and TLS_KEY_FILE must be set, or none".to_owned();
        match (&self.cert_file, &self.key_file) {
            (None, None) => Vec::new(),
            (Some(cert), Some(key)) => {
                let unreadable = [cert, key].into_iter().filter_map(|path| Unreadable::find(path));
                unreadable.map(|unreadable| Fault::of_original(unreadable.line())).collect()
            }
            _ => vec![Fault::of_original(alone())],
        }
    }
}

/// Why a file cannot be read, in the words of the NoisyTransfer original, which are Go's:
/// `open /cert.pem: no such file or directory`.
#[derive(Debug)]
pub struct Unreadable {
    deed: &'static str,
    path: String,
    error: io::Error,
}

impl Unreadable {
    /// The line with which a start is refused.
    pub fn line(&self) -> String {
        format!("server error: {self}")
    }

    /// What would be in the way of reading a file, without reading it: a pipe could not be read again.
    fn find(path: &str) -> Option<Self> {
        let failed = |deed, error| Some(Self { deed, path: path.to_owned(), error });
        match fs::metadata(path) {
            Err(error) => failed("open", error),
            Ok(found) if found.is_dir() => failed("read", io::ErrorKind::IsADirectory.into()),
            Ok(found) if found.is_file() => File::open(path).err().and_then(|error| failed("open", error)),
            Ok(_) => None,
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.error.to_string();
        let words = said.split(" (os error ").next().unwrap_or_default();
        let mut rest = words.chars();
        let first = rest.next().into_iter().flat_map(char::to_lowercase);
        write!(f, "{} {}: {}{}", self.deed, self.path, first.collect::<String>(), rest.as_str())
    }
}

/// What a file holds, 1 MiB at most.
///
/// # Errors
/// The file cannot be opened or read, or holds more.
pub fn read_file(path: &str) -> Result<Vec<u8>, Unreadable> {
    let failed = |deed| move |error| Unreadable { deed, path: path.to_owned(), error };
    let mut contents = Vec::new();
    let file = File::open(path).map_err(failed("open"))?;
    // One byte more than it may hold: it could have no end.
    file.take(LARGEST_FILE.bytes() as u64 + 1).read_to_end(&mut contents).map_err(failed("read"))?;
    if contents.len() > LARGEST_FILE.bytes() {
        return Err(failed("read")(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(contents)
}
