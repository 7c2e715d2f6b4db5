//! Sessions that outlive their sockets, as far as visitors use them: a ping, a cut, a pong, a good-bye.

use futures_util::{SinkExt, StreamExt};
use meetpoint_protocol::{
    ClientId,
    chat::{NotResumed, Offered, PONG, Ready, Request, Resumed, parse},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{Server, Wrong, written};

#[derive(Default)]
pub struct Session {
    client: Option<ClientId>,
    received: u64,
    said: Vec<&'static str>,
}

/// Whether the client that has just connected asks for such a session.
pub async fn is_asked_for(stream: &TcpStream) -> bool {
    let mut head = [0; 1024];
    let filled = stream.peek(&mut head).await.unwrap_or_default();
    String::from_utf8_lossy(&head[..filled]).contains("resumable=1")
}

/// Serves a client until it is cut or says good-bye. `fresh`: its id, if it asks for no earlier session.
pub async fn serve(server: &Server, fresh: ClientId, mut socket: WebSocketStream<TcpStream>) {
    let Some(Ok(Message::Text(hello))) = socket.next().await else { return };
    let Ok(Request::Hello(wish)) = parse(&hello) else { panic!("{hello}") };
    let earlier = wish.map(|wish| (wish.token.into_owned(), wish.received as usize));
    let token = earlier.as_ref().map_or_else(|| format!("token-{fresh}"), |(token, _)| token.clone());
    let offered = Offered { token: &token, window_ms: 30_000 };
    let mut out = {
        let mut rooms = server.rooms();
        let session = rooms.sessions.entry(token.clone()).or_default();
        let client = *session.client.get_or_insert(fresh);
        let ready = Ready { client, ping_interval_ms: 20_000, resumes: true, token: Some(offered), refused: None };
        match earlier {
            None => vec![written(|out| ready.write(out))],
            Some(_) if server.wrong == Wrong::Forget => {
                let ready = Ready { refused: Some(NotResumed::Expired), ..ready };
                vec![written(|out| ready.write(out))]
            }
            Some((_, heard)) => {
                let resumed = Resumed { client, token: offered, received: session.received };
                let missed = session.said[heard..].iter().map(|text| (*text).into());
                std::iter::once(written(|out| resumed.write(out))).chain(missed).collect()
            }
        }
    };
    loop {
        for message in out.drain(..) {
            if socket.send(message).await.is_err() {
                return;
            }
        }
        let Some(Ok(message)) = socket.next().await else { return };
        let Message::Text(text) = message else { continue };
        let request = parse(&text).expect("a frame of the chat wire");
        if matches!(request, Request::Bye) {
            let bye = CloseFrame { code: CloseCode::Normal, reason: "bye".into() };
            // It may have gone already.
            let _ = socket.close(Some(bye)).await;
            return;
        }
        assert!(matches!(request, Request::Ping), "{text}");
        let mut rooms = server.rooms();
        let session = rooms.sessions.get_mut(&token).expect("a session");
        session.received += 1;
        session.said.push(PONG);
        out.push(PONG.into());
    }
}
