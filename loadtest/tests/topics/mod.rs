//! Topic rooms of the chat wire in few lines, with pairing and sessions beside them, which can be told to go wrong.

mod outlive;
mod pairing;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{SinkExt, StreamExt};
use meetpoint_protocol::{
    ClientId,
    chat::{Ask, Joined, LeftReason, Message as Said, PONG, PeerView, Request, parse, rooms},
};
use pairing::Pairing;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{Sender, channel},
};
use tokio_tungstenite::{accept_async, tungstenite::Message};

/// What goes wrong, from the hundredth message that is delivered on and once.
#[allow(dead_code, reason = "each test binary has its own things go wrong")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    Nothing,
    /// It does not reach one member.
    Drop,
    Double,
    /// It reaches one member after the next.
    Swap,
    /// Its publisher is told that it says too much.
    RateLimit,
    /// A member is told that somebody left who did not.
    Ghost,
    /// The members are told in different orders who speaks.
    Unordered,
    /// A member that joins is not told of one that is there.
    Unlisted,
    /// Nobody can join.
    Full,
    /// Nobody's session outlives its socket.
    Forget,
    /// Two clients are matched who are already.
    MatchTwice,
}

/// A list of peers that is longer is cut into pages.
const PAGE_BYTES: usize = 1000;

struct Server {
    wrong: Wrong,
    rooms: Mutex<Rooms>,
}

#[derive(Default)]
struct Rooms {
    topics: HashMap<String, Vec<(ClientId, Sender<Message>)>>,
    delivered: u64,
    went_wrong: bool,
    pairing: Pairing,
    sessions: HashMap<String, outlive::Session>,
    held: Option<(Sender<Message>, Message)>,
}

/// Serves until the test's runtime ends.
pub async fn start(wrong: Wrong) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let server = Arc::new(Server { wrong, rooms: Mutex::default() });
    tokio::spawn(async move {
        for serial in 1_u128.. {
            let (stream, _) = listener.accept().await.expect("accept");
            stream.set_nodelay(true).expect("a socket");
            tokio::spawn(serve(Arc::clone(&server), ClientId::from_random(serial.to_be_bytes()), stream));
        }
    });
    address
}

async fn serve(server: Arc<Server>, id: ClientId, stream: TcpStream) {
    let outlives = outlive::is_asked_for(&stream).await;
    let socket = accept_async(stream).await.expect("upgrade");
    if outlives {
        return outlive::serve(&server, id, socket).await;
    }
    let (mut sink, mut source) = socket.split();
    let (outbox, mut queue) = channel::<Message>(4096);
    server.rooms().pairing.came(id, &outbox);
    say(&outbox, format!(r#"{{"type":"ready","clientId":"{id}"}}"#));
    tokio::spawn(async move {
        while let Some(message) = queue.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
    });
    while let Some(Ok(message)) = source.next().await {
        let Message::Text(text) = message else { continue };
        match parse(&text).expect("a frame of the chat wire") {
            Request::Ping => say(&outbox, PONG),
            Request::Room { ask, .. } => server.rooms().asked(server.wrong, id, &outbox, ask),
            Request::Available => server.rooms().pairing.available(server.wrong, id),
            Request::Relay(..) => server.rooms().pairing.relay(id, &text),
            Request::Next => server.rooms().pairing.next(server.wrong, id),
            Request::Leave => server.rooms().pairing.leave(server.wrong, id),
            other => panic!("{other:?}"),
        }
    }
    server.rooms().pairing.gone(server.wrong, id);
}

fn say(outbox: &Sender<Message>, text: impl Into<Message>) {
    // Whoever has gone hears nothing.
    let _ = outbox.try_send(text.into());
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Message {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("UTF-8").into()
}

impl Server {
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rooms {
    fn asked(&mut self, wrong: Wrong, id: ClientId, outbox: &Sender<Message>, ask: Ask<'_>) {
        match ask {
            Ask::Join { topic, .. } => self.join(wrong, id, outbox, topic.as_str()),
            Ask::Leave { topic } => self.leave(id, outbox, topic.as_str()),
            Ask::Publish { topic, data } => {
                let (id_text, topic_json) = (id.to_text(), topic.to_json());
                let text = Said::new(Some(&topic_json), &id_text, data).parts().concat();
                let message: Message = String::from_utf8(text).expect("UTF-8").into();
                self.publish(wrong, id, outbox, topic.as_str(), &message);
            }
            Ask::Peers { topic, after, .. } => {
                let members = &self.topics[topic.as_str()];
                let others = || views(members).filter(|peer| peer.client != id);
                let begin =
                    after.and_then(|after| others().position(|peer| peer.client == after)).map_or(0, |at| at + 1);
                let json = topic.to_json();
                let total = others().count();
                say(
                    outbox,
                    written(|out| rooms::peers(&json, others().skip(begin), PAGE_BYTES, total, None, None, out)),
                );
            }
            other => panic!("{other:?}"),
        }
    }

    fn join(&mut self, wrong: Wrong, id: ClientId, outbox: &Sender<Message>, topic: &str) {
        if wrong == Wrong::Full {
            return say(outbox, r#"{"type":"error","code":"TOPIC_FULL","message":"The topic is full"}"#);
        }
        let json = format!("\"{topic}\"");
        let members = self.topics.entry(topic.to_owned()).or_default();
        let hidden = usize::from(wrong == Wrong::Unlisted && members.len() == 2);
        let listed = members.len() - hidden;
        let joined = Joined { topic_json: &json, client: id, reference: None };
        say(outbox, written(|out| joined.write(views(members).take(listed), PAGE_BYTES, listed, out)));
        let view = PeerView { client: id, initiator: false, user: None, info: None };
        for (_, member) in &*members {
            say(member, written(|out| rooms::peer_joined(&json, &view, out)));
        }
        members.push((id, outbox.clone()));
    }

    fn leave(&mut self, id: ClientId, outbox: &Sender<Message>, topic: &str) {
        let json = format!("\"{topic}\"");
        let members = self.topics.get_mut(topic).expect("a member");
        members.retain(|(member, _)| *member != id);
        say(outbox, written(|out| rooms::left(&json, None, out)));
        for (_, member) in members {
            say(member, written(|out| rooms::peer_left(&json, id, LeftReason::Left, out)));
        }
    }

    fn publish(&mut self, wrong: Wrong, id: ClientId, outbox: &Sender<Message>, topic: &str, message: &Message) {
        let members = &self.topics[topic];
        for (_, member) in members.iter().filter(|(member, _)| *member != id) {
            self.delivered += 1;
            let due = self.delivered >= 100 && !self.went_wrong;
            self.went_wrong |= due;
            match wrong {
                Wrong::Drop if due => continue,
                Wrong::Double if due => say(member, message.clone()),
                Wrong::Swap | Wrong::Unordered if due => {
                    self.held = Some((member.clone(), message.clone()));
                    continue;
                }
                Wrong::RateLimit if due => {
                    say(outbox, r#"{"type":"error","code":"RATE_LIMIT","message":"Too many messages"}"#);
                }
                Wrong::Ghost if due => {
                    let json = format!("\"{topic}\"");
                    say(member, written(|out| rooms::peer_left(&json, id, LeftReason::Left, out)));
                }
                _ => {}
            }
            say(member, message.clone());
            if self.held.as_ref().is_some_and(|(held, _)| held.same_channel(member))
                && let Some((held, message)) = self.held.take()
            {
                say(&held, message);
            }
        }
    }
}

fn views(members: &[(ClientId, Sender<Message>)]) -> impl Iterator<Item = PeerView<'static>> {
    members.iter().map(|(id, _)| PeerView { client: *id, initiator: true, user: None, info: None })
}
