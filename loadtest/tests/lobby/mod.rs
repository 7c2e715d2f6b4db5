//! The chat wire's matching and resumable sessions in few lines, which can be told to go wrong.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{SinkExt, StreamExt};
use meetpoint_protocol::{
    ClientId, RoomId,
    chat::{LeftReason, Matched, NotResumed, Offered, PONG, Ready, Relay, Request, Resumed, parse},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{Sender, channel},
};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request as Upgrade, Response},
    },
};

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    Nothing,
    /// The third match is one of a client with itself.
    Itself,
    /// Of the third match both are the initiator.
    TwoInitiators,
    /// The third match is in two rooms.
    TwoRooms,
    /// Users are not told apart.
    SameUser,
    /// Who has parted from a partner waits, beside whomever.
    SideBySide,
    /// Whoever says `next` is told that its partner left.
    LeftBehind,
    /// Who has gone is still matched.
    Ghosts,
    /// The tenth frame is said to be too much.
    RateLimit,
    /// The third client has the id of the second.
    SameId,
    /// The third client is closed as soon as it is ready.
    Closes,
    /// The third client is told something that it did not ask for.
    Talks,
    /// Upgrades are refused from this one on.
    RefusesFrom(u128),
    /// Who comes back is given a new session.
    Forgets,
    /// Who comes back is given another's id.
    AnotherId,
    /// Who comes back is told that less was read than it said.
    Miscounts,
    /// Offers come twice.
    TwoOffers,
}

const TOKEN_WINDOW: u64 = 30_000;

struct Server {
    wrong: Wrong,
    lobby: Mutex<Lobby>,
}

#[derive(Default)]
struct Lobby {
    clients: HashMap<ClientId, Client>,
    waiting: VecDeque<ClientId>,
    matches: u64,
    frames: u64,
}

#[derive(Default)]
struct Client {
    /// `None` while it is away.
    outbox: Option<Sender<Message>>,
    /// All that it was told since `ready`.
    told: Vec<String>,
    /// Frames that it said since `hello`.
    read: u64,
    user: Option<String>,
    partner: Option<ClientId>,
    former: Option<ClientId>,
}

/// Serves until the test's runtime ends.
pub async fn start(wrong: Wrong) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let server = Arc::new(Server { wrong, lobby: Mutex::default() });
    tokio::spawn(async move {
        for serial in 1_u128.. {
            let (stream, _) = listener.accept().await.expect("accept");
            stream.set_nodelay(true).expect("a socket");
            tokio::spawn(serve(Arc::clone(&server), serial, stream));
        }
    });
    address
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

fn number(serial: u128) -> ClientId {
    ClientId::from_random(serial.to_be_bytes())
}

#[expect(clippy::result_large_err, reason = "it is the result that the library wants")]
fn admit(wrong: Wrong, serial: u128, answer: Response) -> Result<Response, ErrorResponse> {
    match wrong {
        Wrong::RefusesFrom(first) if serial >= first => {
            let mut refused = ErrorResponse::new(None);
            *refused.status_mut() = tokio_tungstenite::tungstenite::http::StatusCode::TOO_MANY_REQUESTS;
            Err(refused)
        }
        _ => Ok(answer),
    }
}

#[expect(clippy::result_large_err, reason = "as above")]
async fn serve(server: Arc<Server>, serial: u128, stream: TcpStream) {
    let wrong = server.wrong;
    let mut is_resumable = false;
    let upgrade = |request: &Upgrade, answer: Response| {
        is_resumable = request.uri().query() == Some("resumable=1");
        admit(wrong, serial, answer)
    };
    let Ok(socket) = accept_hdr_async(stream, upgrade).await else { return };
    let (mut sink, mut source) = socket.split();
    let (outbox, mut queue) = channel::<Message>(4096);
    tokio::spawn(async move {
        while let Some(message) = queue.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
    });
    let mut id = number(if wrong == Wrong::SameId && serial == 3 { 2 } else { serial });
    if is_resumable {
        let Some(Ok(Message::Text(hello))) = source.next().await else { return };
        id = server.lobby().hello(wrong, id, &outbox, &hello);
    } else {
        server.lobby().ready(id, &outbox, false, None);
    }
    if serial == 3 {
        let _ = match wrong {
            Wrong::Closes => outbox.send(Message::Close(None)).await,
            Wrong::Talks => outbox.send("boo".into()).await,
            _ => Ok(()),
        };
    }
    while let Some(Ok(message)) = source.next().await {
        if let Message::Text(text) = message {
            server.lobby().heard(wrong, id, &text);
        }
    }
    if is_resumable {
        let mut lobby = server.lobby();
        // It may have come back already.
        let client = lobby.clients.get_mut(&id).expect("a session");
        client.outbox.take_if(|there| there.same_channel(&outbox));
    } else if wrong != Wrong::Ghosts {
        server.lobby().gone(id);
    } else {
        server.lobby().waiting.push_back(id);
    }
}

impl Server {
    fn lobby(&self) -> MutexGuard<'_, Lobby> {
        self.lobby.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lobby {
    fn ready(&mut self, id: ClientId, outbox: &Sender<Message>, resumes: bool, refused: Option<NotResumed>) {
        let token = id.to_string();
        let token = resumes.then_some(Offered { token: &token, window_ms: TOKEN_WINDOW });
        let ready = Ready { client: id, ping_interval_ms: 20_000, resumes, token, refused };
        let _ = outbox.try_send(written(|out| ready.write(out)).into());
        self.clients.insert(id, Client { outbox: Some(outbox.clone()), ..Client::default() });
    }

    /// Gives the id under which the client goes on. A token is the id.
    fn hello(&mut self, wrong: Wrong, fresh: ClientId, outbox: &Sender<Message>, text: &str) -> ClientId {
        let Ok(Request::Hello(resume)) = parse(text) else { panic!("{text}") };
        let Some(resume) = resume else {
            self.ready(fresh, outbox, true, None);
            return fresh;
        };
        if wrong == Wrong::Forgets {
            self.ready(fresh, outbox, true, Some(NotResumed::Unknown));
            return fresh;
        }
        let id = ClientId::parse(&resume.token).expect("a token of this server");
        let client = self.clients.get_mut(&id).expect("a session");
        let token = Offered { token: &resume.token, window_ms: TOKEN_WINDOW };
        let told = if wrong == Wrong::AnotherId { fresh } else { id };
        let received = client.read - u64::from(wrong == Wrong::Miscounts);
        let resumed = Resumed { client: told, token, received };
        let _ = outbox.try_send(written(|out| resumed.write(out)).into());
        for missed in &client.told[resume.received as usize..] {
            let _ = outbox.try_send(missed.clone().into());
        }
        client.outbox = Some(outbox.clone());
        id
    }

    fn say(&mut self, to: ClientId, text: impl Into<String>) {
        let Some(client) = self.clients.get_mut(&to) else { return };
        client.told.push(text.into());
        if let (Some(outbox), Some(last)) = (&client.outbox, client.told.last()) {
            let _ = outbox.try_send(last.clone().into());
        }
    }

    fn heard(&mut self, wrong: Wrong, id: ClientId, text: &str) {
        self.frames += 1;
        let client = self.clients.get_mut(&id).expect("a client");
        client.read += 1;
        let partner = client.partner;
        if wrong == Wrong::RateLimit && self.frames == 10 {
            return self.say(id, r#"{"type":"error","code":"RATE_LIMIT","message":"Too many messages"}"#);
        }
        match parse(text).expect("a frame of the chat wire") {
            Request::Ping => self.say(id, PONG),
            Request::Auth(user) => client.user = user.map(|user| user.as_str().to_owned()),
            Request::Available => self.arrive(wrong, id),
            Request::Next => {
                if wrong == Wrong::LeftBehind {
                    self.say(id, LeftReason::Next.frame());
                }
                self.part(wrong, id, LeftReason::Next);
                self.requeue(wrong, id);
            }
            Request::Leave => {
                self.waiting.retain(|waiting| *waiting != id);
                self.part(wrong, id, LeftReason::Left);
            }
            Request::Relay(..) if partner.is_none() => {
                self.say(id, r#"{"type":"error","code":"NOT_PAIRED","message":"Not paired with a partner"}"#);
            }
            Request::Relay(kind, payload) => {
                let sdp = payload.expect("a description").get();
                let kind = if kind == Relay::Offer { "offer" } else { "answer" };
                let relayed = format!(r#"{{"type":"{kind}","from":"{id}","sdp":{sdp}}}"#);
                let partner = partner.expect("a partner");
                if wrong == Wrong::TwoOffers {
                    self.say(partner, relayed.clone());
                }
                self.say(partner, relayed);
            }
            other => panic!("{other:?}"),
        }
    }

    fn gone(&mut self, id: ClientId) {
        self.part(Wrong::Nothing, id, LeftReason::Disconnected);
        self.waiting.retain(|waiting| *waiting != id);
        self.clients.remove(&id);
    }

    fn part(&mut self, wrong: Wrong, id: ClientId, why: LeftReason) {
        let Some(partner) = self.clients.get_mut(&id).and_then(|client| client.partner.take()) else { return };
        for (one, other) in [(id, partner), (partner, id)] {
            let client = self.clients.get_mut(&one).expect("a client");
            (client.partner, client.former) = (None, Some(other));
        }
        self.say(partner, why.frame());
        self.requeue(wrong, partner);
    }

    fn requeue(&mut self, wrong: Wrong, id: ClientId) {
        if wrong == Wrong::SideBySide {
            self.waiting.push_back(id);
        } else {
            self.arrive(wrong, id);
        }
    }

    /// Is matched with the first that waits and is neither the same user nor the one that it has just left.
    fn arrive(&mut self, wrong: Wrong, id: ClientId) {
        let Client { user, former, .. } = &self.clients[&id];
        let may_meet = |other: &ClientId| {
            let other_user = &self.clients[other].user;
            let strangers = wrong == Wrong::SameUser || user.is_none() || user != other_user;
            strangers && Some(*other) != *former && *other != id
        };
        match self.waiting.iter().position(may_meet) {
            Some(place) => {
                let other = self.waiting.remove(place).expect("a place");
                self.pair(wrong, [other, id]);
            }
            None => self.waiting.push_back(id),
        }
    }

    fn pair(&mut self, wrong: Wrong, [waiter, newcomer]: [ClientId; 2]) {
        self.matches += 1;
        let is_third = self.matches == 3;
        for (to, partner, initiator) in [(waiter, newcomer, false), (newcomer, waiter, true)] {
            self.clients.get_mut(&to).expect("a client").partner = Some(partner);
            let partner = if wrong == Wrong::Itself && is_third { to } else { partner };
            let initiator = initiator || (wrong == Wrong::TwoInitiators && is_third);
            let is_other_room = wrong == Wrong::TwoRooms && is_third && initiator;
            let room = RoomId::from_random((u128::from(self.matches) + u128::from(is_other_room)).to_be_bytes());
            let matched = Matched { room, partner, initiator, partner_user: None };
            self.say(to, written(|out| matched.write(out)));
        }
    }
}
