//! What works over TLS.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ProtocolVersion, SupportedProtocolVersion};
use tokio_tungstenite::tungstenite::Message;

use crate::certificate::{Pair, Place};
use crate::client::{Client, talk, tell};
use crate::support::PATIENCE;
use crate::support::http;

const ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];
const ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];

#[tokio::test]
async fn https_and_wss_work_over_both_versions() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let server = place.serve(&[]).await;
    for (versions, version) in [(ONLY_12, ProtocolVersion::TLSv1_2), (ONLY_13, ProtocolVersion::TLSv1_3)] {
        let client = Client { versions, ..Client::trusting(&pair.cert) };
        let stream = client.connect(server.address).await.expect("a handshake");
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version));
        let healthy = client.get(server.address, "/healthz").await;
        assert_eq!((healthy.status, &healthy.json()["ok"]), (200, &json!(true)));
        let [mut one, mut other] = client.pair(server.address).await;
        talk(&mut one, &mut other).await;
    }
    let listening = server.log().into_iter().find(|line| line.contains("listening")).expect("the start is told");
    assert!(listening.contains(r#""tls":true"#), "{listening}");
}

#[tokio::test]
async fn the_sides_of_a_room_meet_over_wss() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let server = place.serve(&[]).await;
    let client = Client::trusting(&pair.cert);
    let room = "/ws?appID=6f2c1a52-3a0e-4d0b-9a64-7a1d1f0c5b11&side=";
    let mut a = client.open(server.address, &format!("{room}A")).await;
    let mut b = client.open(server.address, &format!("{room}B")).await;
    for side in [&mut a, &mut b] {
        assert_eq!(side.hear().await, json!({"type": "room_full"}));
    }
    talk(&mut a, &mut b).await;
}

#[tokio::test]
async fn http_1_1_is_what_is_spoken_inside() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let server = place.serve(&[]).await;
    let protocols = |protocols| Client { protocols, ..Client::trusting(&pair.cert) };
    let both = protocols(&["h2", "http/1.1"]).connect(server.address).await.expect("a handshake");
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let refused = protocols(&["h2"]).connect(server.address).await.expect_err("nothing in common");
    assert!(refused.to_string().contains("NoApplicationProtocol"), "{refused}");
}

#[tokio::test]
async fn ten_mebibytes_arrive_whole() {
    const FRAMES: usize = 160;
    const FRAME: usize = 64 * 1024;
    let pair = Pair::new();
    let settings = [
        ("WS_MAX_MSG", "128KiB"),
        ("MAX_MSG_PER_SECOND", "0"),
        ("MAX_BYTES_PER_SECOND", "0"),
        // All of it may wait: nobody is too slow here.
        ("OUTBOX_MAX_BYTES", "16MiB"),
    ];
    let place = Place::with(&pair);
    let server = place.serve(&settings).await;
    let [mut speaker, mut listener] = Client::trusting(&pair.cert).pair(server.address).await;
    let text = |n: usize| -> String { (0..FRAME).map(|at| char::from(b'a' + ((n * 7 + at) % 26) as u8)).collect() };
    let speaking = async {
        for n in 0..FRAMES {
            speaker.say(&json!({"type": "offer", "sdp": text(n)})).await;
        }
    };
    let listening = async {
        for n in 0..FRAMES {
            assert!(listener.hear().await["sdp"] == text(n), "frame {n}");
        }
    };
    tokio::join!(speaking, listening);
    tell(&mut listener, &mut speaker, "and back").await;
}

#[tokio::test]
async fn kept_connections_carry_one_request_after_another() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let server = place.serve(&[]).await;
    let mut stream = Client::trusting(&pair.cert).connect(server.address).await.expect("a handshake");
    let mut rest = bytes::BytesMut::new();
    for _ in 0..3 {
        stream.write_all(&http::head("GET /healthz HTTP/1.1", &[])).await.expect("an open connection");
        let answer = http::read_response(&mut stream, &mut rest, false).await.expect("an answer");
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn everybody_is_told_1001_and_the_end_before_the_process_ends() {
    for signal in ["TERM", "INT"] {
        let pair = Pair::new();
        let place = Place::with(&pair);
        let mut server = place.serve(&[("SHUTDOWN_GRACE", "5s")]).await;
        let guests = Client::trusting(&pair.cert).pair(server.address).await;
        server.signal(signal).await;
        for mut guest in guests {
            match guest.next().await {
                Some(Message::Close(Some(close))) => {
                    assert_eq!((u16::from(close.code), close.reason.as_str()), (1001, "shutting down"));
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(guest.next().await, None);
            // An end without close_notify would be an error here.
            let read = guest.socket.get_mut().read(&mut [0]).await;
            assert_eq!(read.expect("an end that was announced"), 0);
        }
        assert_eq!(server.exit(PATIENCE).await.expect("the server ends").code(), Some(0), "after {signal}");
    }
}

#[tokio::test]
async fn who_shakes_no_hands_does_not_hold_the_end_up() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let mut server = place.serve(&[("SHUTDOWN_GRACE", "30s")]).await;
    let _silent = http::connect(server.address).await;
    // The listener hands out connections in order, so that this answer proves the silent one was taken in.
    assert_eq!(Client::trusting(&pair.cert).get(server.address, "/healthz").await.status, 200);
    server.signal("TERM").await;
    let ended = server.exit(std::time::Duration::from_secs(3)).await;
    assert_eq!(ended.expect("nobody is there to wait for").code(), Some(0));
}
