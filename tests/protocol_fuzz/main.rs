//! Fifty clients of a wire that say whatever chance makes up, right and wrong, over real sockets: nobody hears what was said in another room,
//! the server answers all the while, and when they have gone nothing is left of them.
//!
//! Each run has a seed, which is printed when it fails; `FUZZ_SEED=…` has the clients say the same again.

mod ear;
mod say;

use meetpoint_test_support as support;
use std::{
    env, io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::BytesMut;
use meetpoint_scorecard::{Goal, figure, scale};
use support::{PATIENCE, frame, handshake, http, metrics, noisy::clients, server::Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use self::{
    ear::{Ear, Names},
    say::{Said, Voice, Wire},
};

const CLIENTS: u64 = 50;

/// What a client says before it listens, at most.
const BREATH: usize = 16;

/// So many frames of one client, and it asks whether the server is well.
const BATCH: u64 = 250;

/// What must be zero when nobody is there.
const GAUGES: &[&str] = &[
    "meetpoint_connections",
    "meetpoint_kept_frames_bytes",
    "meetpoint_pairs",
    "meetpoint_queue_waiting_clients",
    "meetpoint_sessions_away",
    "meetpoint_sessions_away_bytes",
    "meetpoint_topic_members",
    "meetpoint_topics",
    "nt_peers_active",
    "nt_rooms_active",
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_clients_of_the_chat_say_it_stays_in_their_rooms_and_nothing_is_left() {
    babble(Wire::Chat, "frames of the chat, right and wrong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_two_sides_say_it_stays_in_their_rooms_and_nothing_is_left() {
    babble(Wire::Sides, "frames of two sides, right and wrong").await;
}

async fn babble(wire: Wire, what: &str) {
    let seed = env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    println!("FUZZ_SEED={seed}");
    let settings = [
        ("MAX_MSG_PER_SECOND", "0"),
        ("WS_RATE_PER_MIN", "0"),
        ("HTTP_RATE_PER_MIN", "0"),
        ("ROOM_TTL", "1s"),
        ("RESUME_WINDOW", "0"),
        ("WS_MAX_MSG", "4KiB"),
    ];
    let server = Server::with(&settings).await;
    let names = Arc::new(Names::new(seed));
    let each = scale(25_000, 1_000_000) / CLIENTS;
    let said = Arc::new(AtomicU64::new(0));
    let mut all = JoinSet::new();
    for number in 0..CLIENTS {
        let voice = Voice::new(wire, seed.wrapping_add(number), number as usize, names.clone());
        all.spawn(live(server.address, voice, names.clone(), each, said.clone()));
    }
    while let Some(ended) = all.join_next().await {
        ended.unwrap_or_else(|panic| panic!("FUZZ_SEED={seed}: {panic}"));
    }

    clients(&server, 0).await;
    empty(&server).await;
    server.assert_no_panic();
    let said = said.load(Ordering::Relaxed);
    assert!(said >= CLIENTS * each);
    figure("B3", what, said as f64, "", Goal::AtLeast(scale(25_000.0, 1_000_000.0)));
}

/// One client after the other, until so many frames were said.
async fn live(server: SocketAddr, mut voice: Voice, names: Arc<Names>, frames: u64, said: Arc<AtomicU64>) {
    let (mut left, mut batch) = (frames, 0);
    while left > 0 {
        let mut ear = Ear::new(voice.place(), names.clone());
        let before = left;
        // Whoever said something wrong is thrown out, and comes again.
        let _ = timeout(4 * PATIENCE, talk(server, &mut voice, &mut ear, &mut left))
            .await
            .unwrap_or_else(|_| panic!("the server says nothing to {}", voice.place()));
        let more = before - left;
        said.fetch_add(more, Ordering::Relaxed);
        batch += more;
        if batch >= BATCH {
            batch = 0;
            assert_eq!(http::get(server, "/healthz").await.status, 200);
        }
    }
}

/// One connection, until it ends or has said a batch.
async fn talk(server: SocketAddr, voice: &mut Voice, ear: &mut Ear, left: &mut u64) -> io::Result<()> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&handshake::request(&voice.path(), &[])).await?;
    let mut heard = BytesMut::new();
    let answer = http::read_response(&mut stream, &mut heard, false).await;
    assert_eq!(answer.map(|answer| answer.status), Some(101), "an upgrade");
    let first = *left;
    while *left > 0 && first - *left < BATCH {
        let mut bytes = Vec::new();
        let mut ends = false;
        for _ in 0..voice.below(BREATH) + 1 {
            let Said { frames, is_last } = voice.speak(ear);
            bytes.extend(frames);
            *left = left.saturating_sub(1);
            ends = is_last;
            if ends {
                break;
            }
        }
        bytes.extend(frame::masked(frame::FIN | frame::PING, b"so far"));
        stream.write_all(&bytes).await?;
        if !hear(&mut stream, &mut heard, ear).await? || ends {
            return Ok(());
        }
    }
    // Goodbye as most say it: the socket is gone.
    Ok(())
}

/// Hears all that was said until the pong; `false` where the server has closed.
async fn hear(stream: &mut TcpStream, heard: &mut BytesMut, ear: &mut Ear) -> io::Result<bool> {
    loop {
        while let Some(frame) = frame::decode(heard) {
            match frame.opcode {
                frame::TEXT => ear.hear(str::from_utf8(&frame.payload).expect("text")),
                frame::PONG if frame.payload == b"so far"[..] => return Ok(true),
                frame::PING => stream.write_all(&frame::masked(frame::FIN | frame::PONG, &frame.payload)).await?,
                frame::CLOSE => return Ok(false),
                _ => {}
            }
        }
        if stream.read_buf(heard).await? == 0 {
            return Ok(false);
        }
    }
}

/// Waits until nothing is left of those who have gone.
async fn empty(server: &Server) {
    let forgotten = async {
        loop {
            let samples = metrics::scrape(server.address).await;
            let told =
                samples.iter().filter(|(sample, _)| GAUGES.contains(&sample.split('{').next().unwrap_or_default()));
            let values: Vec<f64> = told.map(|(_, value)| *value).collect();
            assert!(values.len() >= GAUGES.len(), "{GAUGES:?} are told");
            if values.iter().all(|value| *value == 0.0) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(4 * PATIENCE, forgotten).await.expect("all tables are empty");
}
