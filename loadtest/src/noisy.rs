//! Two clients of the noisy wire in a room of their own. What they say to each other is the scenarios' business.

use std::time::{SystemTime, UNIX_EPOCH};

use meetpoint_protocol::noisy::{AppId, ROOM_FULL, Side};

use crate::{
    Error,
    target::Target,
    ws::{self, Fault, Socket},
};

/// The path of the wire.
const PATH: &str = "/ws";
/// Any first frame makes the server speak at once instead of after its patience with slow listeners.
const HELLO: &str = r#"{"type":"hello"}"#;

/// A room that is nobody else's: another for each number, in this run and in any other.
pub fn room(number: usize) -> AppId {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    AppId::from_random((now << 64 | u128::from(std::process::id()) << 32 | number as u128).to_be_bytes())
}

/// Connects and says hello. `index` chooses the source address, `receive_buffer` the kernel's for what is received.
pub async fn sit(
    target: &Target,
    app: AppId,
    side: Side,
    index: usize,
    receive_buffer: Option<u32>,
) -> Result<Socket, Error> {
    let target = target.at(format!("{PATH}?appID={app}&side={}", side.name()));
    let stream = target.connect_with(index, receive_buffer).await?;
    let mut socket = ws::upgrade(stream, &target).await?;
    socket.send_text(HELLO)?;
    Ok(socket)
}

/// Waits until the room is full.
pub async fn await_other(socket: &mut Socket) -> Result<(), Fault> {
    let text = socket.recv_text().await?;
    if text == ROOM_FULL { Ok(()) } else { Err(Fault::Unexpected(text)) }
}
