//! Asks a running server whether it is alive, for Docker's HEALTHCHECK in an image without a shell.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 16 * 1024;

/// `Ok` when the server answers 200 in time; else what went wrong, for people. `host` is a name or an address.
pub async fn ask(host: &str, port: u16, path: &str, within: Duration) -> Result<(), String> {
    let status = match timeout(within, status_line(host, port, path)).await {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => return Err(format!("{host}:{port} cannot be asked: {error}")),
        Err(_) => return Err(format!("{host}:{port} did not answer within {within:?}")),
    };
    if status.split(' ').nth(1) == Some("200") { Ok(()) } else { Err(format!("{host}:{port} answered: {status}")) }
}

async fn status_line(host: &str, port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((host, port)).await?;
    let name = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}
