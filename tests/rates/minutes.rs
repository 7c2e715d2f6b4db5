//! Windows and blocks to their end, on paused time.

use std::time::Duration;

use bytes::BytesMut;
use meetpoint::config::{Rates, Settings};
use tokio::{
    io::{AsyncWriteExt, DuplexStream},
    time::advance,
};

use crate::assert_sent_away;
use crate::pipes::Memory;
use crate::support::http::{Response, read_response};
use crate::support::line::{post, request};

const SECOND: Duration = Duration::from_secs(1);

struct Client(DuplexStream);

impl Client {
    async fn ask(&mut self, request: &[u8]) -> Response {
        self.0.write_all(request).await.expect("the server reads");
        read_response(&mut self.0, &mut BytesMut::new(), false).await.expect("the server answers")
    }

    /// Guesses until it is refused: how many guesses were looked at, and how many seconds it has to wait.
    async fn guess(&mut self) -> (u32, u64) {
        let guess = post("/rendezvous/redeem", r#"{"code":"00000000"}"#);
        for looked_at in 0..100 {
            let answer = self.ask(&guess).await;
            if answer.status != 410 {
                assert_sent_away(&answer, 900);
                return (looked_at, answer.header("retry-after").and_then(|wait| wait.parse().ok()).expect("seconds"));
            }
        }
        panic!("a hundred guesses were looked at");
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_ends_a_minute_after_its_first_request() {
    let settings = Settings { rates: Rates { http_per_minute: 2, ws_per_minute: 0 }, ..Settings::default() };
    let memory = Memory::start(&settings);
    let topics = request("GET", "/topics", &[], "");
    let statuses = async |count: usize| {
        let mut client = Client(memory.pipe().await);
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(client.ask(&topics).await.status);
        }
        statuses
    };
    assert_eq!(statuses(1).await, [200]);
    advance(30 * SECOND).await;
    assert_eq!(statuses(3).await, [200, 429, 429]);
    advance(29 * SECOND).await;
    let answer = Client(memory.pipe().await).ask(&topics).await;
    assert_sent_away(&answer, 1);
    advance(SECOND).await;
    assert_eq!(statuses(3).await, [200, 200, 429]);
}

#[tokio::test(start_paused = true)]
async fn every_block_of_a_guesser_is_twice_as_long_up_to_a_quarter_of_an_hour() {
    let memory = Memory::start(&Settings::default());
    for block in [60, 120, 240, 480, 900, 900] {
        assert_eq!(Client(memory.pipe().await).guess().await, (10, block));
        advance(Duration::from_secs(block - 1)).await;
        assert_eq!(Client(memory.pipe().await).guess().await, (0, 1), "what is refused prolongs nothing");
        advance(SECOND).await;
    }
    advance(30 * 60 * SECOND).await;
    assert_eq!(Client(memory.pipe().await).guess().await, (10, 60), "half an hour without a failure forgets it");
}
