//! A poll that is held open until something arrives, on the sessions wire.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::IN_MEMORY;
use crate::support::rondevu::client::Page;
use crate::support::server::{CROWDED, Server};
use crate::support::{PATIENCE, http};

/// Longer than a test's patience: who is answered in time was not answered by this running out.
const LONG: u64 = 30_000;
const ORIGIN: &str = "https://a.example";

/// As many requests after it make the server take notice of a request that has been sent.
const PASSING_REQUESTS: usize = 20;

async fn noticed(server: &Server) {
    for _ in 0..PASSING_REQUESTS {
        assert_eq!(http::get(server.address, "/healthz").await.status, 200);
    }
}

fn held(server: &Server, code: &str, side: &'static str, further: Value) -> JoinSet<Value> {
    let (page, code) = (Page { server: server.address, origin: ORIGIN }, code.to_owned());
    let mut polls = JoinSet::new();
    polls.spawn(async move {
        let answer = page.poll(&code, side, further).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    });
    polls
}

async fn answered(mut polls: JoinSet<Value>) -> Value {
    polls.join_next().await.expect("a poll").expect("an answer")
}

#[tokio::test]
async fn a_held_poll_is_answered_by_what_arrives() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    let poll = held(&server, &code, "offerer", json!({"wait": LONG}));
    noticed(&server).await;
    assert_eq!(page.say(&code, "answerer", "answer", "the answer").await.status, 200);
    let first = answered(poll).await;
    assert_eq!((&first["answer"], &first["answerCandidates"]), (&json!("the answer"), &json!([])), "{first}");

    let poll = held(&server, &code, "offerer", json!({"wait": LONG, "since": first["latest"]}));
    noticed(&server).await;
    assert_eq!(page.say(&code, "answerer", "candidate", "c1").await.status, 200);
    let second = answered(poll).await;
    assert_eq!((&second["answer"], &second["answerCandidates"]), (&json!("the answer"), &json!(["c1"])), "{second}");
    assert!(second["latest"].as_i64() > first["latest"].as_i64(), "{second}");
}

#[tokio::test]
async fn what_is_there_already_is_answered_at_once() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    page.say(&code, "answerer", "candidate", "early").await;
    for wait in [json!(LONG), json!(1_000_000_000_000_u64), json!(1e300)] {
        let answer = page.poll(&code, "offerer", json!({"wait": wait})).await.json();
        assert_eq!(answer["answerCandidates"], json!(["early"]), "{answer}");
    }
    let offer = page.poll(&code, "answerer", json!({"wait": LONG})).await.json();
    assert_eq!((&offer["offer"], &offer["offerCandidates"]), (&json!("sdp"), &json!([])));
    assert!(offer["latest"].is_number(), "{offer}");
}

#[tokio::test]
async fn the_own_side_s_words_are_no_news() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    let poll = held(&server, &code, "offerer", json!({"wait": LONG}));
    noticed(&server).await;
    page.say(&code, "offerer", "candidate", "mine").await;
    noticed(&server).await;
    page.say(&code, "answerer", "candidate", "theirs").await;
    assert_eq!(answered(poll).await["answerCandidates"], json!(["theirs"]));
}

#[tokio::test]
async fn without_news_the_wait_runs_out() {
    const WAIT: Duration = Duration::from_millis(300);
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    let started = Instant::now();
    let answer = page.poll(&code, "offerer", json!({"wait": WAIT.as_millis() as u64})).await;
    assert!(started.elapsed() >= WAIT, "{:?}", started.elapsed());
    let mut body = answer.json();
    assert!(body["latest"].is_number(), "{body}");
    body.as_object_mut().unwrap().remove("latest");
    assert_eq!((answer.status, body), (200, json!({"answer": null, "answerCandidates": []})));
}

#[tokio::test]
async fn without_wait_a_poll_is_exactly_the_original_s() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    let offerer = json!({"answer": null, "answerCandidates": []});
    assert_eq!(page.poll(&code, "offerer", json!({})).await.json(), offerer);
    assert_eq!(page.poll(&code, "offerer", json!({"since": 5})).await.json(), offerer);
    let answerer = json!({"offer": "sdp", "offerCandidates": []});
    assert_eq!(page.poll(&code, "answerer", json!({})).await.json(), answerer);
}

#[tokio::test]
async fn a_wait_that_is_no_time_is_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    for wait in [json!(-1), json!("100"), json!(true), json!([]), json!({}), json!(-1e300)] {
        let refused = page.poll(&code, "offerer", json!({"wait": wait})).await;
        assert_eq!(
            (refused.status, refused.error().as_str()),
            (400, "wait must be a number of milliseconds"),
            "{wait}"
        );
    }
}

#[tokio::test]
async fn a_thousand_held_polls_are_each_answered_by_their_own_arrival() {
    const POLLS: usize = 1_000;
    let server = Server::with(&[IN_MEMORY, CROWDED]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let mut codes = Vec::new();
    for _ in 0..POLLS {
        codes.push(page.announce("room").await);
    }
    let mut polls = JoinSet::new();
    for (number, code) in codes.iter().enumerate() {
        let mut poll = held(&server, code, "offerer", json!({"wait": LONG}));
        polls.spawn(async move {
            let answer = poll.join_next().await.expect("a poll").expect("an answer");
            assert_eq!(answer["answer"], format!("answer {number}"));
        });
    }
    noticed(&server).await;
    for (number, code) in codes.iter().enumerate() {
        let said = page.say(code, "answerer", "answer", format!("answer {number}")).await;
        assert_eq!(said.status, 200, "{said:?}");
    }
    while let Some(answered) = polls.join_next().await {
        answered.expect("each poll hears its own answer");
    }
    server.assert_no_panic();
}

#[tokio::test]
async fn a_stopping_server_lets_held_polls_go_at_once() {
    let mut server = Server::with(&[IN_MEMORY, ("SHUTDOWN_GRACE", "60s")]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    let poll = held(&server, &code, "offerer", json!({"wait": LONG}));
    noticed(&server).await;
    server.signal("TERM").await;
    let answer = answered(poll).await;
    assert_eq!((&answer["answer"], &answer["answerCandidates"]), (&Value::Null, &json!([])));
    assert!(server.exit(PATIENCE).await.is_some_and(|status| status.success()));
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing_behind() {
    use tokio::io::AsyncWriteExt;
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    for _ in 0..200 {
        let body = json!({"code": code, "side": "offerer", "wait": LONG}).to_string();
        let length = body.len().to_string();
        let mut request = http::head("POST /poll HTTP/1.1", &[("Origin", ORIGIN), ("Content-Length", &length)]);
        request.extend(body.bytes());
        http::connect(server.address).await.write_all(&request).await.expect("the server reads");
    }
    let poll = held(&server, &code, "offerer", json!({"wait": LONG}));
    noticed(&server).await;
    page.say(&code, "answerer", "answer", "for who is still there").await;
    assert_eq!(answered(poll).await["answer"], "for who is still there");
    server.assert_no_panic();
}
