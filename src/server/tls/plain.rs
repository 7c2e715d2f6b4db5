//! Who speaks HTTP to a port of HTTPS is told so, in the words of the NoisyTransfer original.

use std::io;

use tokio::{
    io::{AsyncWriteExt, copy, sink},
    net::TcpStream,
};

const REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 48\r\n\
    Connection: close\r\n\
    \r\n\
    Client sent an HTTP request to an HTTPS server.\n";

/// Whether the first byte is that of a request and not of TLS, which begins with a control character (0x16, RFC 8446
/// §5.1). Waits for it and leaves it where it is.
pub(super) async fn is_asked(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    match stream.peek(&mut first).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(first[0].is_ascii_graphic()),
    }
}

/// Answers, and reads what is still coming: bytes left unread would make the kernel reset the connection, and the reset
/// overtake the answer.
pub(super) async fn refuse(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(REFUSAL).await?;
    stream.shutdown().await?;
    copy(stream, &mut sink()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_that_of_the_sentence() {
        let text = str::from_utf8(REFUSAL).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
    }
}
