//! Asks a running server whether it is alive, for Docker's HEALTHCHECK in an image without a shell.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::tls;
use crate::config::Healthcheck;

/// Longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 16 * 1024;

/// `Ok` when the server answers 200 in time; else what went wrong, for people.
pub async fn ask(check: &Healthcheck) -> Result<(), String> {
    let Healthcheck { host, port, timeout: within, .. } = check;
    let status = match timeout(*within, status_line(check)).await {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => return Err(format!("{host}:{port} cannot be asked: {error}")),
        Err(_) => return Err(format!("{host}:{port} did not answer within {within:?}")),
    };
    if status.split(' ').nth(1) == Some("200") { Ok(()) } else { Err(format!("{host}:{port} answered: {status}")) }
}

async fn status_line(check: &Healthcheck) -> io::Result<String> {
    let stream = TcpStream::connect((check.host.as_str(), check.port)).await?;
    if check.tls {
        first_line(check, tls::connect(&check.host, stream).await?).await
    } else {
        first_line(check, stream).await
    }
}

async fn first_line(check: &Healthcheck, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<String> {
    let Healthcheck { host, port, path, .. } = check;
    let name = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let read = stream.take(MAX_ANSWER).read_to_end(&mut answer).await;
    // Whoever ends a connection without a word of TLS may still have answered.
    if answer.is_empty() {
        read?;
    }
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}
