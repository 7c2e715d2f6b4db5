//! Requests that two readers may read in two ways, through haproxy: nothing is done at the server without an answer to whoever asked
//! for it, and nobody else's answers are touched.

mod cases;

use std::net::SocketAddr;

use bytes::BytesMut;
use meetpoint_scorecard::{Goal, figure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use self::cases::cases;
use crate::front::{Front, Kind};
use crate::support::PATIENCE;
use crate::support::http::{self, Response};
use crate::support::line::{Line, request};
use crate::support::metrics::scrape;

/// Strangers who ask after each case, and how often each does on its connection.
const WITNESSES: usize = 2;
const QUESTIONS: usize = 2;

/// What the proxy itself asks for, and this test.
const NOT_COUNTED: [&str; 2] = [r#"route="/readyz""#, r#"route="/metrics""#];

/// Requests that the server has answered.
async fn done(server: SocketAddr) -> usize {
    let samples = scrape(server).await.into_iter();
    let requests = samples.filter(|(name, _)| name.starts_with("meetpoint_http_requests_total{"));
    requests
        .filter(|(name, _)| !NOT_COUNTED.iter().any(|not| name.contains(not)))
        .map(|(_, count)| count as usize)
        .sum()
}

/// All final answers to bytes behind which nothing comes.
async fn answers(proxy: SocketAddr, bytes: &[u8]) -> Vec<Response> {
    let mut stream = http::connect(proxy).await;
    // A refusal may come before everything is said.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut heard = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut heard)).await.expect("the proxy ends the connection");
    let (mut rest, mut answers) = (BytesMut::from(&heard[..]), Vec::new());
    while rest.starts_with(b"HTTP/") {
        let interim = rest.starts_with(b"HTTP/1.1 100");
        let Some(answer) = http::read_response(&mut tokio::io::empty(), &mut rest, interim).await else { break };
        let upgraded = answer.status == 101;
        if !interim {
            answers.push(answer);
        }
        if upgraded {
            break;
        }
    }
    answers
}

/// Others ask over connections of their own, which the proxy carries over those that it keeps to the server.
async fn witnesses(proxy: SocketAddr, case: &str) {
    for _ in 0..WITNESSES {
        let mut line = Line::open(proxy).await;
        for _ in 0..QUESTIONS {
            line.write(&request("GET", "/healthz", &[], "")).await;
            let answer = line.answer().await;
            assert!(answer.status == 200 && answer.json()["ok"] == true, "{case}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn nothing_is_smuggled_through_haproxy() {
    let front = Front::start(Kind::Haproxy, &[]).await;
    let server = front.server.address;
    let cases = cases();
    for (case, bytes) in &cases {
        let before = done(server).await;
        let answers = answers(front.address, bytes).await;
        witnesses(front.address, case).await;
        let done = done(server).await - before - WITNESSES * QUESTIONS;
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert!(done <= answers.len(), "{case}: {done} done, but answered {statuses:?}");
        assert!(!answers.is_empty() || done == 0, "{case}");
    }
    front.server.assert_no_panic();
    figure("B6", "requests with two readings, through haproxy", cases.len() as f64, "", Goal::AtLeast(30.0));
    figure("B6", "done through haproxy without an answer to whoever asked", 0.0, "", Goal::Exactly(0.0));
}
