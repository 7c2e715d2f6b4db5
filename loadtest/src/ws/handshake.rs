//! The upgrade (RFC 6455 §4.1). Done here and not by tungstenite because what the server says right behind its answer must not
//! stay in a buffer that cannot be taken out again.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

use super::{Fault, Socket};
use crate::{Error, target::Target};

/// Bytes of an answer's head: more than any server needs to say yes or to explain its no.
const MAX_HEAD: usize = 16 * 1024;

/// Turns a fresh TCP connection into a WebSocket.
pub async fn upgrade(mut stream: TcpStream, target: &Target) -> Result<Socket, Error> {
    let key = generate_key();
    stream.write_all(request(target, &key).as_bytes()).await.map_err(Fault::from)?;

    let mut received = Vec::with_capacity(1024);
    let head_len = loop {
        if stream.read_buf(&mut received).await.map_err(Fault::from)? == 0 {
            return Err(Error::Refused("the connection ended before an answer".into()));
        }
        if let Some(at) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if received.len() > MAX_HEAD {
            return Err(Error::Refused(format!("an answer with a head over {MAX_HEAD} bytes")));
        }
    };
    check(&String::from_utf8_lossy(&received[..head_len]), &derive_accept_key(key.as_bytes()))?;
    received.drain(..head_len);
    received.shrink_to_fit();
    Ok(Socket::new(stream, received))
}

/// The request with a key of the client's.
pub(crate) fn request(target: &Target, key: &str) -> String {
    format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n",
        target.path_and_query, target.authority
    )
}

/// Whether the head of an answer is a yes. `accept_key` is derived from the request's.
pub(crate) fn check(head: &str, accept_key: &str) -> Result<(), Error> {
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if status.split_ascii_whitespace().nth(1) != Some("101") {
        return Err(Error::Refused(status.to_owned()));
    }
    let accepted = lines
        .filter_map(|line| line.split_once(':'))
        .any(|(name, value)| name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == accept_key);
    if accepted { Ok(()) } else { Err(Error::Refused("101 without the right Sec-WebSocket-Accept".into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_101_with_the_right_key_is_a_yes() {
        assert!(check("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-ACCEPT: abc= \r\n\r\n", "abc=").is_ok());
        assert!(check("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: other\r\n\r\n", "abc=").is_err());
        let refused = check("HTTP/1.1 503 Service Unavailable\r\n\r\n", "abc=");
        assert!(refused.is_err_and(|error| error.to_string().contains("503 Service Unavailable")));
    }
}
