//! Sessions of the chat wire that outlive their sockets, in few lines, which can be told to go wrong.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{SinkExt, StreamExt};
use meetpoint_protocol::{
    ClientId,
    chat::{Offered, PARTNER_BACK, PONG, Ready, Request, Resumed, parse},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{Sender, channel},
};
use tokio_tungstenite::{accept_async, tungstenite::Message};

/// What goes wrong, once, when a client comes back that has missed a few frames and said a few.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    Nothing,
    /// One of the frames that it has missed is not kept for it.
    Lose,
    /// It hears one frame twice.
    Double,
    /// It hears two frames the other way round.
    Swap,
    /// It is told that fewer of its frames were read than were.
    Undercount,
    /// It is told that more were read.
    Overcount,
    /// It is told that it is somebody else.
    Stranger,
    /// It gets a new session.
    Forget,
    /// Nobody who comes back is answered.
    Silent,
    /// Nobody has anything to come back with.
    Tokenless,
}

const PARTNER_AWAY: &str = r#"{"type":"partner-away","until":1}"#;

#[derive(Default)]
struct Session {
    token: String,
    partner: Option<ClientId>,
    /// What was said to it, and how much it has said.
    said: Vec<String>,
    received: u64,
    /// The socket that it has, by its number.
    line: Option<(u64, Sender<Message>)>,
}

struct Server {
    wrong: Wrong,
    went_wrong: bool,
    waiting: Option<ClientId>,
    sessions: HashMap<ClientId, Session>,
}

type Shared = Arc<Mutex<Server>>;

fn locked(server: &Shared) -> MutexGuard<'_, Server> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves until the test's runtime ends.
pub async fn start(wrong: Wrong) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let server = Arc::new(Mutex::new(Server { wrong, went_wrong: false, waiting: None, sessions: HashMap::new() }));
    tokio::spawn(async move {
        for serial in 1_u64.. {
            let (stream, _) = listener.accept().await.expect("accept");
            stream.set_nodelay(true).expect("a socket");
            tokio::spawn(serve(Arc::clone(&server), serial, stream));
        }
    });
    address
}

async fn serve(server: Shared, serial: u64, stream: TcpStream) {
    // A client may be cut at any point.
    let Ok(socket) = accept_async(stream).await else { return };
    let (mut sink, mut source) = socket.split();
    let (outbox, mut queue) = channel::<Message>(4096);
    tokio::spawn(async move {
        while let Some(message) = queue.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
    });
    let Some(Ok(Message::Text(hello))) = source.next().await else { return };
    let Some(id) = locked(&server).greet(serial, &hello, outbox) else { return std::future::pending().await };
    while let Some(Ok(message)) = source.next().await {
        if let Message::Text(text) = message {
            locked(&server).heard(serial, id, &text);
        }
    }
    locked(&server).gone(serial, id);
}

impl Session {
    fn say(&mut self, text: String) {
        if let Some((_, outbox)) = &self.line {
            // Whoever has gone hears it when it is back.
            let _ = outbox.try_send(text.as_str().into());
        }
        self.said.push(text);
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Message {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("UTF-8").into()
}

impl Server {
    fn session(&mut self, id: ClientId) -> &mut Session {
        self.sessions.get_mut(&id).expect("a session")
    }

    fn forward(&mut self, id: ClientId, text: String) {
        if let Some(partner) = self.session(id).partner {
            self.session(partner).say(text);
        }
    }

    /// Whose socket it is; `None` for one that is not served.
    fn greet(&mut self, serial: u64, hello: &str, outbox: Sender<Message>) -> Option<ClientId> {
        let Ok(Request::Hello(wish)) = parse(hello) else { panic!("{hello}") };
        if let Some(wish) = wish {
            let (id, _) = self.sessions.iter().find(|(_, session)| session.token == wish.token).expect("a known token");
            return self.resume(serial, *id, wish.received as usize, outbox);
        }
        let id = ClientId::from_random(u128::from(serial).to_be_bytes());
        let token = format!("token-{serial}");
        let offered = (self.wrong != Wrong::Tokenless).then_some(Offered { token: &token, window_ms: 30_000 });
        let ready = Ready { client: id, ping_interval_ms: 20_000, resumes: true, token: offered, refused: None };
        let _ = outbox.try_send(written(|out| ready.write(out)));
        self.sessions.insert(id, Session { token, line: Some((serial, outbox)), ..Session::default() });
        Some(id)
    }

    fn resume(&mut self, serial: u64, id: ClientId, heard: usize, outbox: Sender<Message>) -> Option<ClientId> {
        if self.wrong == Wrong::Silent {
            return None;
        }
        let session = self.sessions.get_mut(&id).expect("a session");
        let said = &mut session.said;
        let mut missed = (heard..said.len()).filter(|at| said[*at].contains("candidate"));
        let two = missed.next().zip(missed.next());
        let mut told_id = id;
        if let Some((first, second)) = two.filter(|_| session.received >= 10 && !self.went_wrong) {
            self.went_wrong = true;
            match self.wrong {
                Wrong::Nothing | Wrong::Silent | Wrong::Tokenless => {}
                Wrong::Lose => drop(said.remove(first)),
                Wrong::Double => said.insert(first, said[first].clone()),
                Wrong::Swap => said.swap(first, second),
                // It stays so: both sides count the same from now on.
                Wrong::Undercount => session.received -= 1,
                Wrong::Overcount => session.received += 1,
                Wrong::Stranger => told_id = ClientId::from_random([9; 16]),
                Wrong::Forget => {
                    let text = format!(r#"{{"type":"ready","clientId":"{id}","resumed":false,"reason":"expired"}}"#);
                    let _ = outbox.try_send(text.into());
                    return None;
                }
            }
        }
        let token = Offered { token: &session.token, window_ms: 30_000 };
        let resumed = Resumed { client: told_id, token, received: session.received };
        let _ = outbox.try_send(written(|out| resumed.write(out)));
        for text in &session.said[heard..] {
            let _ = outbox.try_send(text.as_str().into());
        }
        if session.line.replace((serial, outbox)).is_none() {
            self.forward(id, PARTNER_BACK.into());
        }
        Some(id)
    }

    fn heard(&mut self, serial: u64, id: ClientId, text: &str) {
        let session = self.session(id);
        if session.line.as_ref().is_none_or(|(current, _)| *current != serial) {
            return;
        }
        session.received += 1;
        match parse(text).expect("a frame of the chat wire") {
            Request::Ping => session.say(PONG.into()),
            Request::Available => self.available(id),
            Request::Relay(..) => {
                self.forward(id, text.replacen(r#""candidate""#, &format!(r#""from":"{id}","candidate""#), 1));
            }
            other => panic!("{other:?}"),
        }
    }

    fn available(&mut self, id: ClientId) {
        let Some(other) = self.waiting.take() else { return self.waiting = Some(id) };
        for (to, partner) in [(id, other), (other, id)] {
            let session = self.session(to);
            session.partner = Some(partner);
            session.say(format!(r#"{{"type":"matched","roomId":"r","partnerId":"{partner}","initiator":true}}"#));
        }
    }

    fn gone(&mut self, serial: u64, id: ClientId) {
        let session = self.session(id);
        if session.line.take_if(|(current, _)| *current == serial).is_some() {
            self.forward(id, PARTNER_AWAY.into());
        }
    }
}
