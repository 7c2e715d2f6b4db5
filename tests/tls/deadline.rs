//! How long a handshake may take, on paused time, which only passes while nobody has anything to do.

use std::net::SocketAddr;
use std::time::Duration;

use meetpoint::app;
use meetpoint::config::{Settings, StorageType, TlsFiles};
use meetpoint::core::chance::Chance;
use meetpoint::server::{tcp, tls::Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::certificate::{Pair, Place};
use crate::support::PATIENCE;
use crate::support::http;

/// The documented deadline, and what the timer's grain adds.
const DEADLINE: Duration = Duration::from_secs(5);
const GRAIN: Duration = Duration::from_millis(10);

/// A server in this process, whose time is the test's.
fn serve(place: &Place) -> (SocketAddr, JoinSet<()>) {
    let mut settings = Settings::default();
    settings.storage.kind = StorageType::Memory;
    let app = app::build(&settings, Chance::from_seed(1)).expect("valid settings");
    let files = TlsFiles { cert: place.text("cert.pem"), key: place.text("key.pem") };
    let tls = Tls::load(&files).unwrap_or_else(|fault| panic!("{fault}"));
    let listener = tcp::bind(SocketAddr::from(([127, 0, 0, 1], 0)), false).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let mut serving = JoinSet::new();
    serving.spawn(async move { app.serve(tls.over(listener)).await });
    (address, serving)
}

#[tokio::test(start_paused = true)]
async fn who_does_not_finish_the_handshake_in_time_is_gone() {
    let place = Place::with(&Pair::new());
    let (server, _serving) = serve(&place);
    let record = [22, 3, 1, 0, 100, 1, 0, 0, 96, 3, 3];
    for said in [&b""[..], &record[..1], &record] {
        let begun = Instant::now();
        let mut stream = http::connect(server).await;
        stream.write_all(said).await.expect("an open connection");
        // The bytes that were not read make the kernel reset the connection: an end as well.
        let _ = timeout(2 * DEADLINE, stream.read_to_end(&mut Vec::new())).await.expect("the end");
        let took = begun.elapsed();
        assert!((DEADLINE..=DEADLINE + GRAIN).contains(&took), "{said:?}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_does_not_put_the_deadline_off() {
    let place = Place::with(&Pair::new());
    let (server, _serving) = serve(&place);
    let begun = Instant::now();
    let mut stream = http::connect(server).await;
    let mut ended = false;
    stream.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc]).await.expect("an open connection");
    while begun.elapsed() < 2 * DEADLINE && !ended {
        let heard = timeout(DEADLINE / 10, stream.read(&mut [0; 64])).await;
        ended = heard.is_ok_and(|read| matches!(read, Ok(0) | Err(_))) || stream.write_all(&[3]).await.is_err();
    }
    let took = begun.elapsed();
    assert!(ended && took >= DEADLINE && took <= DEADLINE + DEADLINE / 5, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_without_tls_is_heard_out_until_the_deadline() {
    let place = Place::with(&Pair::new());
    let (server, _serving) = serve(&place);
    let begun = Instant::now();
    let mut stream = http::connect(server).await;
    stream.write_all(b"GET / HTTP/1.1\r\n").await.expect("an open connection");
    let mut heard = Vec::new();
    timeout(2 * DEADLINE, stream.read_to_end(&mut heard)).await.expect("the end").expect("an orderly end");
    assert!(heard.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
    // What it says from now on goes nowhere, and in the end to nobody. How soon it learns that is the kernel's affair,
    // whose time does not stand still.
    let patience = std::time::Instant::now() + PATIENCE;
    while stream.write_all(b"more").await.is_ok() {
        tokio::time::sleep(DEADLINE / 10).await;
        assert!(std::time::Instant::now() < patience, "still there");
    }
    assert!(begun.elapsed() >= DEADLINE, "it was heard out");
}
