//! How long a guesser stays outside.

use std::time::Duration;

use meetpoint::config::Settings;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::http::StatusCode;

use super::{SOON, Ticket, enter, open};
use crate::pipes::Memory;

const FREE: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);

fn wrong(number: usize) -> Ticket {
    Ticket { id: "nobody".into(), token: format!("{number:043}"), received: 0 }
}

#[tokio::test(start_paused = true)]
async fn a_guesser_is_let_in_again_after_a_minute() {
    let memory = Memory::start(&Settings::default());
    for number in 0..FREE {
        wrong(number).refused(&memory, "unknown").await;
    }
    assert_eq!(open(&memory).await.err(), Some(StatusCode::TOO_MANY_REQUESTS));
    sleep(MINUTE - Duration::from_secs(1)).await;
    assert_eq!(open(&memory).await.err(), Some(StatusCode::TOO_MANY_REQUESTS));
    sleep(Duration::from_secs(1) + SOON).await;
    enter(&memory).await;
}

#[tokio::test(start_paused = true)]
async fn who_errs_now_and_then_is_never_sent_away() {
    let memory = Memory::start(&Settings::default());
    for number in 0..5 * FREE {
        wrong(number).refused(&memory, "unknown").await;
        sleep(Duration::from_secs(7)).await;
    }
}
