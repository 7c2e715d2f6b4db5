//! Why a run could not be made. What goes wrong with single sockets DURING a run is a [`Fault`] and part of the result.

use std::{fmt, io, net::IpAddr, net::SocketAddr, path::PathBuf, time::Duration};

use crate::ws::Fault;

/// Why a run could not be made; `Display` says what to do about it.
#[derive(Debug)]
pub enum Error {
    /// Options that are well-formed but cannot be met.
    Options(String),
    NotLoopback(IpAddr),
    Unreachable {
        address: SocketAddr,
        source: io::Error,
    },
    /// The upgrade was answered with something other than 101.
    Refused(String),
    /// A socket failed while clients were connected and matched.
    Setup(Fault),
    SetupTimeout {
        doing: &'static str,
        limit: Duration,
    },
    /// The offers that a measurement needs were not taken.
    Filling {
        doing: &'static str,
        why: String,
    },
    /// The server matched a client with one that this run does not know.
    Stranger(String),
    Descriptors {
        who: &'static str,
        needed: u64,
        limit: u64,
    },
    Process {
        pid: u32,
        source: io::Error,
    },
    /// A file that was to be read.
    Input {
        path: PathBuf,
        why: String,
    },
    Output {
        path: PathBuf,
        source: io::Error,
    },
    /// A picture could not be drawn.
    Chart(String),
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Options(why) => f.write_str(why),
            Error::NotLoopback(ip) => write!(f, "{ip} is not this machine; --allow-remote permits it"),
            Error::Unreachable { address, source } if source.kind() == io::ErrorKind::AddrNotAvailable => {
                write!(f, "no local port is left towards {address} ({source}); --spread-addresses uses more addresses")
            }
            Error::Unreachable { address, source } => {
                write!(f, "cannot connect to {address}: {source}; is the server running?")
            }
            Error::Refused(answer) => write!(f, "the server refused the WebSocket upgrade: {answer}"),
            Error::Setup(fault) => write!(f, "while connecting and matching: {fault}"),
            Error::SetupTimeout { doing, limit } => write!(f, "{doing} took longer than {limit:?}"),
            Error::Filling { doing, why } => write!(f, "while {doing}: {why}"),
            Error::Stranger(partner) => {
                write!(f, "matched with {partner}, who is not of this run; is somebody else using the server?")
            }
            Error::Descriptors { who, needed, limit } => {
                write!(
                    f,
                    "{who} needs {needed} file descriptors, its limit is {limit}: raise `ulimit -n` or use fewer clients"
                )
            }
            Error::Process { pid, source } => write!(f, "cannot watch process {pid}: {source}"),
            Error::Input { path, why } => write!(f, "cannot read {}: {why}", path.display()),
            Error::Output { path, source } => write!(f, "cannot write {}: {source}", path.display()),
            Error::Chart(why) => write!(f, "cannot draw the chart: {why}"),
            Error::Io(source) => source.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Self {
        Error::Io(source)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::Setup(fault)
    }
}
