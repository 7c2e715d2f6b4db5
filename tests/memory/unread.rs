//! Clients that ask over HTTP and do not take the answers, on paused time.

use std::time::Duration;

use meetpoint::config::Settings;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep, timeout},
};

use crate::pipes::Memory;

const REQUEST: &[u8] = b"GET /openapi.json HTTP/1.1\r\nHost: memory\r\n\r\n";
/// How long an answer may be left lying, and what timers may be late.
const STALLED: Duration = Duration::from_secs(10);
const GRAIN: Duration = Duration::from_millis(10);

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_of_an_answer_for_ten_seconds_is_given_up() {
    let memory = Memory::start(&Settings::default());
    let mut pipe = memory.pipe().await;
    pipe.write_all(REQUEST).await.expect("an open pipe");
    sleep(STALLED - GRAIN).await;
    assert_eq!(memory.server.connections.census().0, 1);
    // At its end the other half is waited for, two seconds more.
    sleep(STALLED / 2).await;
    assert_eq!(memory.server.connections.census().0, 0, "its place is free");
    let mut heard = Vec::new();
    pipe.read_to_end(&mut heard).await.expect("what fitted into the pipe");
    assert!(heard.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", heard.escape_ascii());
}

#[tokio::test(start_paused = true)]
async fn who_takes_something_now_and_then_gets_all_of_it() {
    let memory = Memory::start(&Settings::default());
    let mut pipe = memory.pipe().await;
    pipe.write_all(REQUEST).await.expect("an open pipe");
    let (begun, mut heard, mut chunk) = (Instant::now(), 0, vec![0; 8 * 1024]);
    while let Ok(Ok(count @ 1..)) = timeout(STALLED / 10, pipe.read(&mut chunk)).await {
        heard += count;
        sleep(STALLED / 2).await;
    }
    assert!(begun.elapsed() > 2 * STALLED && heard > 64 * 1024, "{heard} bytes in {:?}", begun.elapsed());
}
