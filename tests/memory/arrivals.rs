//! How fast connections may come, on paused time.

use std::time::Duration;

use meetpoint::config::{Arrivals, Settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::advance,
};

use crate::pipes::Memory;

const RATE: usize = 5;
const BURST: usize = 4 * RATE;

/// Whether somebody who comes now is let in: pipes that are refused end without a word.
async fn is_let_in(memory: &Memory, kept: &mut Vec<DuplexStream>) -> bool {
    let mut pipe = memory.pipe().await;
    let _ = pipe.write_all(b"GET /healthz HTTP/1.1\r\nHost: memory\r\n\r\n").await;
    let let_in = matches!(pipe.read(&mut [0; 1024]).await, Ok(1..));
    kept.push(pipe);
    let_in
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_four_seconds_worth_comes_in_and_then_the_rate() {
    let arrivals = Arrivals { per_second: RATE as u32, max_per_address: 0, ..Arrivals::default() };
    let memory = Memory::start(&Settings { arrivals, ..Settings::default() });
    let mut kept = Vec::new();
    for number in 0..BURST {
        assert!(is_let_in(&memory, &mut kept).await, "{number}");
    }
    for seconds in [1, 2, 60] {
        assert!(!is_let_in(&memory, &mut kept).await);
        kept.clear();
        advance(Duration::from_secs(seconds)).await;
        for number in 0..BURST.min(RATE * seconds as usize) {
            assert!(is_let_in(&memory, &mut kept).await, "{number} after {seconds} s");
        }
    }
    assert!(!is_let_in(&memory, &mut kept).await);
}
