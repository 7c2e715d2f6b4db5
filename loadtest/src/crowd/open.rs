//! How a connection begins, without ever waiting: the SYN, and the upgrade (RFC 6455 §4.1).

use std::{io, net::SocketAddr, time::Duration};

use mio::net::TcpStream;
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, bind, connect as begin, socket_with, sockopt},
};
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

use crate::{Error, target::Target, ws::handshake};

/// Bytes of an answer's head: more than any server needs to say yes or to explain its no.
const MAX_HEAD: usize = 16 * 1024;

/// Sends the SYN; the stream becomes writable when it is connected.
pub fn connect(address: SocketAddr, source: Option<SocketAddr>) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    // Thousands of sockets in TIME_WAIT would exhaust the ports of the next run: end with a reset.
    sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
    if let Some(source) = source {
        bind(&socket, &source)?;
    }
    match begin(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from_std(socket.into())),
        Err(error) => Err(error.into()),
    }
}

/// The request, and the key that must be in the answer.
pub fn request(target: &Target) -> (String, String) {
    let key = generate_key();
    (handshake::request(target, &key), derive_accept_key(key.as_bytes()))
}

/// How long the answer's head is; `None` while a part of it is missing.
pub fn accepted(received: &[u8], accept_key: &str) -> Result<Option<usize>, Error> {
    let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
        let is_endless = received.len() > MAX_HEAD;
        return if is_endless {
            Err(Error::Refused(format!("an answer with a head over {MAX_HEAD} bytes")))
        } else {
            Ok(None)
        };
    };
    handshake::check(&String::from_utf8_lossy(&received[..end]), accept_key).map(|()| Some(end + 4))
}
