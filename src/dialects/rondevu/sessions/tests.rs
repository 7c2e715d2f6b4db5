use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    extract::Request,
    response::Response,
    routing::{delete, get},
};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use meetpoint_protocol::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower_service::Service;

use super::*;
use crate::{
    config::{Offers, Settings},
    core::{
        book::{Book, Kept, Limits, NewId, NewOffer, Space, tests::ROOMY},
        chance::Chance,
        clock::Clock,
    },
    dialects::rondevu::offers::Strangers,
    dialects::rondevu::topics,
    guard::credentials::Credentials,
    store::memory::Memory,
};

const HERE: &str = "https://a.example";
const ELSEWHERE: &str = "https://b.example";
const BEGINNING: u64 = 1_733_404_800_000;

/// The sessions API on a book that is kept nowhere, at a time that the test tells.
struct Api {
    rondevu: Arc<Rondevu>,
    routes: Router,
    now: Arc<AtomicU64>,
}

impl Api {
    fn new() -> Self {
        let now = Arc::new(AtomicU64::new(BEGINNING));
        let reading = |now: Arc<AtomicU64>| move || Timestamp::from_millis(now.load(Ordering::Relaxed));
        let clock = Clock::new(std::time::Instant::now(), reading(now.clone()), reading(now.clone()));
        let chance = Arc::new(Chance::from_seed(7));
        let limits = Limits { per_owner: 10, offers: 10_000, ..ROOMY };
        let book = Book::new(Arc::new(Memory), Kept::default(), limits, chance.clone(), clock.now());
        let offers: Offers = Settings::default().offers;
        let credentials = Credentials::new(&[7; 32]);
        let rondevu = Rondevu {
            book: Arc::new(book),
            clock,
            chance,
            credentials,
            strangers: Strangers::uncounted(),
            offers,
            max_body: Arc::new((1024 * 1024).into()),
        };
        let rondevu = Arc::new(rondevu);
        let routes = routes().merge(topics::routes()).with_state(rondevu.clone());
        Self { rondevu, routes, now }
    }

    fn pass(&self, time: Duration) {
        self.now.fetch_add(u64::try_from(time.as_millis()).expect("a short time"), Ordering::Relaxed);
    }

    async fn raw(&self, method: Method, path: &str, origin: &str, body: String) -> Response {
        let request = Request::builder().method(method).uri(path).header("origin", origin).body(Body::from(body));
        self.routes.clone().call(request.expect("a request")).await.expect("an answer")
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        read(self.raw(Method::POST, path, HERE, body.to_string()).await).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.raw(Method::GET, path, HERE, String::new()).await).await
    }

    async fn keep(&self, offers: Vec<NewOffer>) {
        let kept = self.rondevu.book.publish(self.rondevu.clock.now(), offers).expect("room for them");
        kept.durable().await.expect("durable");
    }

    /// Announces a session with this code.
    async fn announce(&self, code: &str) {
        let body = json!({"info": "i", "offer": "o", "code": code});
        assert_eq!(self.post("/room/offer", body).await, (StatusCode::OK, json!({"code": code})));
    }

    async fn hand_in(&self, what: Value) {
        assert_eq!(self.post("/answer", what).await, (StatusCode::OK, json!({"success": true})));
    }
}

/// An offer that says nothing but its id, which is its owner's too.
fn new_offer(space: Space, id: &str, topics: &[&str]) -> NewOffer {
    NewOffer {
        space,
        id: NewId::Own(id.into()),
        realm: "".into(),
        owner: id.into(),
        topics: topics.iter().map(|topic| (*topic).into()).collect(),
        sdp: "o".into(),
        secret: None,
        info: None,
        service: None,
        ttl: Duration::from_secs(60),
    }
}

async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"))
}

#[tokio::test]
async fn a_session_is_listed_under_both_names_until_it_is_answered() {
    let api = Api::new();
    api.announce("c").await;
    api.hand_in(json!({"code": "c", "side": "offerer", "candidate": {"b": 1, "a": [null]}})).await;
    let session = json!({"code": "c", "info": "i", "peerId": "i", "offer": "o",
        "offerCandidates": [{"b": 1, "a": [null]}], "createdAt": BEGINNING, "expiresAt": BEGINNING + 300_000});
    assert_eq!(api.get("/room/sessions").await, (StatusCode::OK, json!({"sessions": [session]})));
    api.hand_in(json!({"code": "c", "side": "answerer", "answer": "a"})).await;
    assert_eq!(api.get("/room/sessions").await.1, json!({"sessions": []}));
    let polled = api.post("/poll", json!({"code": "c", "side": "offerer", "since": "ignored"})).await;
    assert_eq!(polled, (StatusCode::OK, json!({"answer": "a", "answerCandidates": []})));
}

#[tokio::test]
async fn a_code_that_is_in_use_is_refused_and_free_again_when_its_session_ends() {
    let api = Api::new();
    api.announce("c").await;
    let again = json!({"info": "i", "offer": "o", "code": "c"});
    let refused = (StatusCode::CONFLICT, json!({"error": "Code already in use"}));
    assert_eq!(api.post("/room/offer", again.clone()).await, refused);
    assert_eq!(read(api.raw(Method::POST, "/x/offer", ELSEWHERE, again.to_string()).await).await, refused);
    api.pass(Duration::from_secs(300));
    api.announce("c").await;
}

#[tokio::test]
async fn what_belongs_to_another_origin_does_not_exist_byte_for_byte() {
    let api = Api::new();
    api.announce("taken").await;
    for request in [
        ("/answer", json!({"side": "answerer", "answer": "a"})),
        ("/answer", json!({"side": "offerer", "candidate": "c"})),
        ("/poll", json!({"side": "offerer"})),
        ("/poll", json!({"side": "answerer", "wait": 30_000})),
    ] {
        let mut answers = Vec::new();
        for code in ["taken", "never"] {
            let (path, mut body) = request.clone();
            body["code"] = code.into();
            let answer = api.raw(Method::POST, path, ELSEWHERE, body.to_string()).await;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            answers.push((parts.status, format!("{:?}", parts.headers), body));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
        assert_eq!(answers[0].2, br#"{"error":"Session not found, expired, or origin mismatch"}"#.as_slice());
    }
    let unchanged = json!({"offer": "o", "offerCandidates": []});
    assert_eq!(api.post("/poll", json!({"code": "taken", "side": "answerer"})).await.1, unchanged);
}

#[tokio::test]
async fn a_side_has_a_limit_of_candidates() {
    let api = Api::new();
    api.announce("c").await;
    let candidate = json!({"code": "c", "side": "offerer", "candidate": "x"});
    for _ in 0..Limits::CANDIDATES_PER_SIDE {
        api.hand_in(candidate.clone()).await;
    }
    let error = json!({"error": "Too many candidates for this offer. Maximum 256 per side"});
    assert_eq!(api.post("/answer", candidate).await, (StatusCode::TOO_MANY_REQUESTS, error));
    api.hand_in(json!({"code": "c", "side": "answerer", "candidate": "x"})).await;
}

#[tokio::test]
async fn a_list_has_the_newest_sessions_within_its_limits() {
    let api = Api::new();
    let codes = |list: &Value| {
        let sessions = list["sessions"].as_array().expect("a list");
        sessions.iter().map(|session| session["code"].as_str().expect("a code").to_owned()).collect::<Vec<_>>()
    };
    let session = |code: u32, topic: &str, sdp: &str| NewOffer {
        realm: HERE.into(),
        sdp: sdp.into(),
        ..new_offer(Space::Sessions, &code.to_string(), &[topic])
    };
    api.keep((0..1001).map(|code| session(code, "many", "o")).collect()).await;
    let newest: Vec<_> = (1..1001).rev().map(|code| code.to_string()).collect();
    assert_eq!(codes(&api.get("/many/sessions").await.1), newest);
    // Three of them are 8 MiB, without what stands around them.
    let third = "z".repeat(8 * 1024 * 1024 / 3);
    api.keep((2001..2005).map(|code| session(code, "large", &third)).collect()).await;
    assert_eq!(codes(&api.get("/large/sessions").await.1), ["2004", "2003"]);
    api.keep(vec![session(3001, "huge", &third.repeat(4))]).await;
    assert_eq!(codes(&api.get("/huge/sessions").await.1), ["3001"]);
}

#[tokio::test]
async fn any_name_of_another_route_is_a_topic() {
    let api = Api::new();
    let other = || async { StatusCode::IM_A_TEAPOT };
    // Those of the other generations that could get in the way.
    let routes = api.routes.clone().merge(
        Router::new()
            .route("/assets/{file}", get(other))
            .route("/offers", post(other))
            .route("/offers/mine", get(other))
            .route("/offers/by-topic/{topic}", get(other))
            .route("/offers/{id}", delete(other))
            .route("/offers/{id}/answer", post(other))
            .route("/peers/{peer}/offers", get(other))
            .route("/register", post(other))
            .route("/rpc", post(other)),
    );
    let api = Api { routes, ..api };
    for topic in ["offers", "assets", "peers", "register", "rpc", "topics", "answer", "poll", "sessions", "offer"] {
        let body = json!({"info": topic, "offer": "o"});
        assert_eq!(api.post(&format!("/{topic}/offer"), body).await.0, StatusCode::OK, "{topic}");
        let (status, list) = api.get(&format!("/{topic}/sessions")).await;
        assert_eq!((status, &list["sessions"][0]["info"]), (StatusCode::OK, &json!(topic)), "{topic}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_held_poll_is_answered_as_soon_as_the_other_side_hands_something_in() {
    let api = Api::new();
    api.announce("c").await;
    let poll = |side: &str, since: u64| json!({"code": "c", "side": side, "wait": 30_000, "since": since});
    // The offer itself is news.
    let offer = json!({"offer": "o", "offerCandidates": [], "latest": BEGINNING});
    assert_eq!(api.post("/poll", poll("answerer", 0)).await.1, offer);
    let before = Instant::now();
    let held = api.post("/poll", poll("offerer", 0));
    let handing_in = async {
        api.pass(Duration::from_millis(5));
        api.hand_in(json!({"code": "c", "side": "offerer", "candidate": "not for himself"})).await;
        api.pass(Duration::from_millis(5));
        api.hand_in(json!({"code": "c", "side": "answerer", "answer": "a"})).await;
    };
    let ((_, answered), ()) = tokio::join!(held, handing_in);
    assert_eq!(answered, json!({"answer": "a", "answerCandidates": [], "latest": BEGINNING + 10}));
    let held = api.post("/poll", poll("offerer", BEGINNING + 10));
    let handing_in = api.hand_in(json!({"code": "c", "side": "answerer", "candidate": "x"}));
    let ((_, answered), ()) = tokio::join!(held, handing_in);
    assert_eq!(answered, json!({"answer": "a", "answerCandidates": ["x"], "latest": BEGINNING + 11}));
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert!(api.rondevu.book.arrivals().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_held_poll_tells_how_it_is_when_its_time_is_over() {
    let api = Api::new();
    api.announce("c").await;
    let poll = json!({"code": "c", "side": "offerer", "wait": 1500});
    let before = Instant::now();
    let nothing = json!({"answer": null, "answerCandidates": [], "latest": 0});
    assert_eq!(api.post("/poll", poll.clone()).await, (StatusCode::OK, nothing));
    assert!((1500..1600).contains(&before.elapsed().as_millis()));
    let expired = async {
        api.pass(Duration::from_secs(300));
    };
    let ((status, _), ()) = tokio::join!(api.post("/poll", poll), expired);
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn held_polls_end_when_the_server_drains() {
    let api = Api::new();
    api.announce("c").await;
    let held = api.post("/poll", json!({"code": "c", "side": "offerer", "wait": 30_000}));
    let drain = async { api.rondevu.book.arrivals().close() };
    let before = Instant::now();
    let ((status, _), ()) = tokio::join!(held, drain);
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn wait_and_since_are_numbers_of_milliseconds() {
    let api = Api::new();
    api.announce("c").await;
    for (field, wrong) in [("wait", json!("5")), ("wait", json!(-1)), ("since", json!("5")), ("since", json!([]))] {
        let mut poll = json!({"code": "c", "side": "answerer", "wait": 1});
        poll[field] = wrong;
        let error = json!({"error": format!("{field} must be a number of milliseconds")});
        assert_eq!(api.post("/poll", poll).await, (StatusCode::BAD_REQUEST, error));
    }
}

#[tokio::test]
async fn topics_are_those_of_sessions_of_offers_or_of_both() {
    let api = Api::new();
    for topic in ["a", "b", "b"] {
        assert_eq!(api.post(&format!("/{topic}/offer"), json!({"info": "i", "offer": "o"})).await.0, StatusCode::OK);
    }
    let offer = |peer, topics| new_offer(Space::Offers, peer, topics);
    api.keep(vec![offer("p", &["b", "c"]), offer("q", &["c", "d"])]).await;
    for (query, expected) in [
        (
            "page=1",
            r#"{"topics":[{"topic":"a","count":1},{"topic":"b","count":2}],
                "pagination":{"page":1,"limit":100,"total":2,"hasMore":false}}"#,
        ),
        (
            "page=2&limit=1&offset=1",
            r#"{"topics":[{"topic":"b","count":2}],"pagination":{"page":2,"limit":1,"total":2,"hasMore":false}}"#,
        ),
        (
            "page=9223372036854775807&limit=9",
            r#"{"topics":[],"pagination":{"page":9223372036854775807,"limit":9,"total":2,"hasMore":false}}"#,
        ),
        (
            "offset=0",
            r#"{"topics":[{"topic":"c","activePeers":2},{"topic":"b","activePeers":1},{"topic":"d","activePeers":1}],
                "total":3,"limit":50,"offset":0}"#,
        ),
        ("offset=-1&limit=1", r#"{"topics":[{"topic":"c","activePeers":2}],"total":3,"limit":1,"offset":-1}"#),
        ("offset=2&limit=-1", r#"{"topics":[{"topic":"d","activePeers":1}],"total":3,"limit":-1,"offset":2}"#),
        ("startsWith=&limit=1", r#"{"topics":[{"topic":"c","activePeers":2}],"total":3,"limit":1,"offset":0}"#),
        (
            "startsWith=%25D&limit=999",
            r#"{"topics":[{"topic":"d","activePeers":1}],"total":1,"limit":200,"offset":0,"startsWith":"%D"}"#,
        ),
        (
            "limit=1",
            r#"{"topics":[{"topic":"c","count":0,"activePeers":2},{"topic":"a","count":1,"activePeers":0}],
                "pagination":{"page":1,"limit":1,"total":2,"hasMore":true},"total":3,"limit":1,"offset":0}"#,
        ),
        (
            "",
            r#"{"topics":[{"topic":"c","count":0,"activePeers":2},{"topic":"b","count":2,"activePeers":1},
                    {"topic":"d","count":0,"activePeers":1},{"topic":"a","count":1,"activePeers":0}],
                "pagination":{"page":1,"limit":100,"total":2,"hasMore":false},"total":3,"limit":50,"offset":0}"#,
        ),
    ] {
        let expected: Value = serde_json::from_str(expected).expect("JSON");
        assert_eq!(api.get(&format!("/topics?{query}")).await, (StatusCode::OK, expected), "{query}");
    }
    let error = json!({"error": "startsWith must be 1024 characters or less"});
    let too_long = format!("/topics?startsWith={}", "x".repeat(1025));
    assert_eq!(api.get(&too_long).await, (StatusCode::BAD_REQUEST, error));
}

#[tokio::test]
async fn the_index_lists_the_topics_of_ones_own_realm() {
    let api = Api::new();
    api.announce("c").await;
    let index = |origin: &'static str, query| {
        let headers = [(http::header::ORIGIN, http::HeaderValue::from_static(origin))].into_iter().collect();
        Value::Object(index(&api.rondevu, &headers, query))
    };
    let mine = json!({"topics": [{"topic": "room", "count": 1}],
        "pagination": {"page": 1, "limit": 2, "total": 1, "hasMore": false}});
    assert_eq!(index(HERE, Some("page=0&limit=2")), mine);
    let none = json!({"topics": [], "pagination": {"page": 1, "limit": 100, "total": 0, "hasMore": false}});
    assert_eq!(index(ELSEWHERE, None), none);
}
