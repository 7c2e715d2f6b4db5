//! Who may come back: whoever has the token, once, and nobody who tries.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::session::{Memory, Session, begin, open, open_from, pair};
use crate::support::chat::Guest;
use crate::support::frame;
use crate::support::metrics::sample;
use crate::support::peer::{Closed, Incoming, Peer};
use crate::support::server::Server;

/// Wrong tokens that are not taken for guessing.
const FREE: usize = 10;

const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

fn wrong(number: usize) -> Memory {
    Memory { id: "nobody".into(), token: format!("{number:043}"), received: 0 }
}

#[tokio::test]
async fn each_return_gives_a_new_token() {
    let server = Server::start().await;
    let mut session = Session::enter(&server).await;
    let mut tokens = vec![session.token.clone()];
    for _ in 0..20 {
        session = session.cut(&server).await.back(&server).await.0;
        assert!(session.token.len() == 43 && !tokens.contains(&session.token));
        tokens.push(session.token.clone());
    }
}

/// The answer to a hello may be cut: the client has only the old token then.
#[tokio::test]
async fn the_old_token_is_good_until_the_new_one_has_arrived() {
    let server = Server::start().await;
    let [one, mut other] = pair(&server).await;
    let memory = one.cut(&server).await;
    for round in 0..5 {
        other.offer(round).await;
        other.settle().await;
        let (unheard, _) = memory.back(&server).await;
        unheard.cut(&server).await;
    }
    let (mut one, _) = memory.back(&server).await;
    for round in 0..5 {
        one.hears_offer(&other.id, round).await;
    }
}

/// Shows that it has the new token, by a pong or by an ack, and tries the old one.
async fn shows_the_new_token(with_pong: bool) {
    let server = Server::start().await;
    let old = Session::enter(&server).await.cut(&server).await;
    let (mut session, _) = old.back(&server).await;
    if with_pong {
        let payload = session.pinged().await;
        session.pong(&payload).await;
        session.settle().await;
    } else {
        session.acknowledge().await;
    }
    let stranger = old.refused(&server, "expired").await;
    session.silence().await;
    session.say("ping").await;
    session.hears(json!({"type": "pong"})).await;
    stranger.bye().await;
    let memory = session.cut(&server).await;
    old.refused(&server, "expired").await.bye().await;
    memory.back(&server).await;
}

#[tokio::test]
async fn the_old_token_is_void_when_a_pong_came() {
    shows_the_new_token(true).await;
}

#[tokio::test]
async fn the_old_token_is_void_when_an_ack_came() {
    shows_the_new_token(false).await;
}

/// What a socket heard after its hello: whose session it has, the offers, and its end, if it ended.
struct Contender {
    peer: Peer,
    id: String,
    token: String,
    offers: Vec<Value>,
    closed: Option<Closed>,
}

impl Contender {
    /// Listens until it has been closed, or has heard all offers.
    async fn listen(peer: Peer, offers: usize) -> Self {
        let (id, token) = (String::new(), String::new());
        let mut contender = Self { peer, id, token, offers: Vec::new(), closed: None };
        while contender.closed.is_none() && contender.offers.len() < offers {
            match contender.peer.next().await {
                Incoming::Text(words) => contender.hear(&serde_json::from_str(&words).expect("the server speaks JSON")),
                Incoming::Closed(closed) => contender.closed = Some(closed),
                other => panic!("heard {other:?}"),
            }
        }
        contender
    }

    fn hear(&mut self, frame: &Value) {
        let text = |name: &str| frame[name].as_str().unwrap_or_else(|| panic!("no {name} in {frame}")).to_owned();
        match &*text("type") {
            "resumed" => (self.id, self.token) = (text("clientId"), text("resumeToken")),
            "offer" => self.offers.push(frame["sdp"].clone()),
            // Nobody has shown that it has the next token, so the one before is good for both.
            _ => panic!("heard {frame}"),
        }
    }

    /// Whether it still has the socket.
    async fn is_alive(&mut self) -> bool {
        if self.closed.is_none() && !self.peer.settled().await {
            self.closed = Some(self.peer.end().await);
        }
        self.closed.is_none()
    }
}

#[tokio::test]
async fn of_two_who_come_with_one_token_at_the_same_moment_one_has_the_session() {
    const ROUNDS: usize = 100;
    const OFFERS: usize = 3;
    let server = Server::with(&[("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]).await;
    let [one, mut other] = pair(&server).await;
    let mut memory = one.cut(&server).await;
    other.hear().await;
    for round in 0..ROUNDS {
        for number in 0..OFFERS {
            other.offer(number).await;
        }
        other.settle().await;
        let (left, right) = tokio::join!(open(&server), open(&server));
        let hello = frame::text(&memory.hello().to_string());
        let (said, said_too) = tokio::join!(left.write(&hello), right.write(&hello));
        said.and(said_too).expect("open connections");
        let (left, right) = tokio::join!(Contender::listen(left, OFFERS), Contender::listen(right, OFFERS));
        let mut winners = Vec::new();
        for mut contender in [left, right] {
            let heard: Vec<Value> = (0..contender.offers.len()).map(Value::from).collect();
            assert_eq!(contender.offers, heard, "round {round}");
            if contender.is_alive().await {
                winners.push(contender);
            } else {
                let closed = contender.closed.expect("an end");
                assert_eq!((closed.code, &*closed.reason), (4409, "replaced"), "round {round}");
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        let winner = winners.remove(0);
        assert_eq!((winner.id, winner.offers.len()), (memory.id.clone(), OFFERS), "round {round}");
        memory.token = winner.token;
        memory.received += OFFERS as u64;
        winner.peer.send(json!({"type": "offer", "sdp": round})).await;
        // The partner may have heard it go and come.
        loop {
            let heard = other.hear().await;
            if heard["type"] == "offer" {
                assert_eq!((&heard["from"], &heard["sdp"]), (&json!(memory.id), &json!(round)));
                break;
            }
        }
        other.acknowledge().await;
        winner.peer.terminate().await;
        assert_eq!(other.hear().await["type"], "partner-away", "round {round}");
    }
    assert_eq!(sample(server.address, "meetpoint_pairs").await, 1.0);
    assert_eq!(sample(server.address, "meetpoint_connections").await, 1.0, "neither of two is left in the books");
}

#[tokio::test]
async fn whoever_tries_ten_wrong_tokens_is_not_let_in_for_a_minute() {
    let server = Server::start().await;
    let kept = Session::enter(&server).await.cut(&server).await;
    let honest = Session::enter(&server).await;
    for number in 0..FREE {
        wrong(number).refused(&server, "unknown").await.bye().await;
    }
    for _ in 0..3 {
        let Err(refused) = open_from(&server, Ipv4Addr::LOCALHOST).await else { panic!("a guesser is let in") };
        assert_eq!(refused.status, 429, "{refused:?}");
        let wait: u64 = refused.header("retry-after").expect("a time to wait").parse().expect("seconds");
        assert!((50..=60).contains(&wait), "{wait}");
        assert!(!refused.error().is_empty());
    }
    let mut guest = Guest::join(&server).await;
    guest.silence().await;
    let mut honest = honest;
    honest.say("ping").await;
    honest.hears(json!({"type": "pong"})).await;
    let elsewhere = open_from(&server, ELSEWHERE).await.expect("others are let in");
    kept.back_over(elsewhere).await;
    assert_eq!(sample(server.address, r#"meetpoint_rate_limited_total{what="resume"}"#).await, 3.0);
    assert_eq!(sample(server.address, r#"meetpoint_resumes_total{outcome="unknown"}"#).await, FREE as f64);
}

#[tokio::test]
async fn who_is_inside_already_guesses_no_better() {
    let server = Server::start().await;
    let kept = Session::enter(&server).await.cut(&server).await;
    let mut early = Vec::new();
    for _ in 0..FREE + 5 {
        early.push(open(&server).await);
    }
    let late = early.split_off(FREE);
    for (number, peer) in early.into_iter().enumerate() {
        wrong(number).refused_over(peer, "unknown").await;
    }
    for peer in late {
        kept.refused_over(peer, "unknown").await;
    }
    let elsewhere = open_from(&server, ELSEWHERE).await.expect("others are let in");
    kept.back_over(elsewhere).await;
}

#[tokio::test]
async fn tokens_that_were_good_once_are_no_guesses() {
    let server = Server::start().await;
    let memory = Session::enter(&server).await.bye().await;
    for _ in 0..3 * FREE {
        memory.refused(&server, "ended").await.bye().await;
    }
    begin(open(&server).await, json!({"type": "hello"})).await;
}

#[tokio::test]
async fn right_tokens_and_fresh_sessions_do_not_count_as_guesses() {
    let server = Server::start().await;
    let mut session = Session::enter(&server).await;
    for _ in 0..3 * FREE {
        session = session.memory().back(&server).await.0;
        Session::enter(&server).await.bye().await;
    }
}

#[tokio::test]
async fn no_token_is_ever_logged() {
    let server = Server::with(&[("LOG_LEVEL", "trace")]).await;
    let [one, other] = pair(&server).await;
    let mut tokens = vec![one.token.clone(), other.token.clone()];
    let old = one.cut(&server).await;
    let (mut one, _) = old.back(&server).await;
    tokens.push(one.token.clone());
    let stolen = one.memory();
    let (session, _) = stolen.back(&server).await;
    assert_eq!(one.end().await.code, 4409);
    tokens.push(session.token.clone());
    let _stranger = wrong(7).refused(&server, "unknown").await;
    tokens.push(wrong(7).token);
    session.send(json!({"type": "hello", "resume": {"token": session.token, "received": 0}})).await;
    session.send_text(&format!("garbage {}", session.token)).await;
    other.bye().await;
    let log = server.log();
    assert!(log.iter().any(|line| line.contains("DEBUG")), "what is only for debugging is logged: {log:?}");
    for token in tokens {
        assert!(log.iter().all(|line| !line.contains(&token)), "{token} is in the log");
    }
}
