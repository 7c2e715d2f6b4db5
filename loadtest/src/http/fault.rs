//! What may go wrong with a connection that is open.

use std::{fmt, io};

/// Why a connection is of no further use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The connection ended, between two answers or within one.
    Ended(io::ErrorKind),
    /// An answer said that it is the last of its connection.
    Closing,
    /// The bytes are no answer that this client reads (RFC 9112).
    Malformed(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Ended(kind) => write!(f, "the connection ended: {kind}"),
            Fault::Closing => f.write_str("the server ended a connection that was to be kept alive"),
            Fault::Malformed(what) => write!(f, "the server sent {what}"),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Ended(error.kind())
    }
}
