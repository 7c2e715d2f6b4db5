//! The proxy itself: it must cut where and how it says, or the tests behind it prove nothing.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::PATIENCE;
use crate::support::proxy::{Cut, Manner, Proxy, Way};

/// Long enough for a loopback to carry what it carries.
const A_WHILE: Duration = Duration::from_millis(100);

/// How an end saw its connection end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Fin,
    Reset,
}

/// Says everything back, and tells what it has read and how each connection ended, in order of their ends.
struct Echo {
    address: SocketAddr,
    ended: mpsc::Receiver<(usize, End)>,
    _serving: JoinSet<()>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (tell, ended) = mpsc::channel(64);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let tell = tell.clone();
                connections.spawn(async move {
                    let mut read = 0;
                    let mut chunk = [0; 512];
                    let end = loop {
                        match stream.read(&mut chunk).await {
                            Ok(0) => break End::Fin,
                            Ok(more) => {
                                read += more;
                                if stream.write_all(&chunk[..more]).await.is_err() {
                                    break End::Reset;
                                }
                            }
                            Err(_) => break End::Reset,
                        }
                    };
                    tell.send((read, end)).await.expect("the test listens");
                });
            }
        });
        Self { address, ended, _serving: serving }
    }

    async fn ended(&mut self) -> (usize, End) {
        timeout(PATIENCE, self.ended.recv()).await.expect("an end in time").expect("the echo serves")
    }
}

async fn open(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address).await.expect("the proxy listens")
}

/// Reads to the end: how much came, and how it ended.
async fn rest(stream: &mut TcpStream) -> (usize, End) {
    let mut read = 0;
    let mut chunk = [0; 512];
    loop {
        match timeout(PATIENCE, stream.read(&mut chunk)).await.expect("an end in time") {
            Ok(0) => return (read, End::Fin),
            Ok(more) => read += more,
            Err(fault) => {
                assert_eq!(fault.kind(), ErrorKind::ConnectionReset);
                return (read, End::Reset);
            }
        }
    }
}

async fn hears_itself(stream: &mut TcpStream, words: &[u8]) {
    stream.write_all(words).await.expect("an open connection");
    let mut heard = vec![0; words.len()];
    timeout(PATIENCE, stream.read_exact(&mut heard)).await.expect("an echo in time").expect("an open connection");
    assert_eq!(heard, words);
}

async fn is_silent(stream: &mut TcpStream) {
    let mut byte = [0];
    assert!(timeout(A_WHILE, stream.read(&mut byte)).await.is_err(), "something came: {byte:?}");
}

fn cut(way: Way, after: u64, manner: Manner) -> Cut {
    Cut { way, after, manner }
}

#[tokio::test]
async fn what_is_not_cut_is_carried_to_its_end_both_ways() {
    let mut echo = Echo::start().await;
    let proxy = Proxy::to(echo.address).await;
    let mut stream = open(&proxy).await;
    let words: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
    let (mut reading, mut writing) = stream.split();
    let mut heard = Vec::new();
    let said = async {
        writing.write_all(&words).await.expect("an open connection");
        writing.shutdown().await.expect("an open connection");
    };
    let (_, read) = tokio::join!(said, reading.read_to_end(&mut heard));
    assert_eq!(read.expect("an orderly end"), words.len());
    assert!(heard == words, "what came back is not what was said");
    assert_eq!(echo.ended().await, (words.len(), End::Fin));
    assert!(proxy.done().is_empty());
}

#[tokio::test]
async fn a_reset_reaches_both_ends_and_no_byte_behind_it_arrives() {
    let mut echo = Echo::start().await;
    for after in [0, 1, 100, 4999] {
        let proxy = Proxy::with(echo.address, [cut(Way::Up, after, Manner::Reset)]).await;
        let mut stream = open(&proxy).await;
        // It may be cut before all is said.
        let _ = stream.write_all(&[7; 5000]).await;
        let (came, end) = rest(&mut stream).await;
        assert!(came as u64 <= after && end == End::Reset, "{came} bytes of {after}, {end:?}");
        // A reset also overtakes what has arrived and is not read yet.
        let (read, end) = echo.ended().await;
        assert!(read as u64 <= after && end == End::Reset, "{read} bytes of {after}, {end:?}");
        assert_eq!(proxy.done().len(), 1);
    }
}

#[tokio::test]
async fn a_cut_lets_through_as_many_bytes_as_were_asked_for() {
    let mut echo = Echo::start().await;
    for after in [0, 1, 100, 4999] {
        let proxy = Proxy::with(echo.address, [cut(Way::Down, after, Manner::Fin)]).await;
        let mut stream = open(&proxy).await;
        stream.write_all(&[7; 5000]).await.expect("an open connection");
        assert_eq!(rest(&mut stream).await, (after as usize, End::Fin));
        echo.ended().await;

        let proxy = Proxy::with(echo.address, [cut(Way::Up, after, Manner::Fin)]).await;
        let mut stream = open(&proxy).await;
        stream.write_all(&[7; 5000]).await.expect("an open connection");
        assert_eq!(rest(&mut stream).await.1, End::Fin);
        assert_eq!(echo.ended().await, (after as usize, End::Fin));
    }
}

#[tokio::test]
async fn a_fin_reaches_both_ends_without_a_reset_although_more_was_on_its_way() {
    let mut echo = Echo::start().await;
    let proxy = Proxy::with(echo.address, [cut(Way::Up, 10, Manner::Fin)]).await;
    let mut stream = open(&proxy).await;
    stream.write_all(&[7; 500]).await.expect("an open connection");
    let (came, end) = rest(&mut stream).await;
    assert!(came <= 10 && end == End::Fin, "{came} {end:?}");
    assert_eq!(echo.ended().await, (10, End::Fin));
}

#[tokio::test]
async fn behind_half_a_fin_the_other_way_goes_on_until_that_end_hangs_up() {
    let mut echo = Echo::start().await;
    let proxy = Proxy::with(echo.address, [cut(Way::Up, 10, Manner::HalfFin)]).await;
    let mut stream = open(&proxy).await;
    stream.write_all(&[7; 10]).await.expect("an open connection");
    assert_eq!(rest(&mut stream).await, (10, End::Fin), "the echo of what came is carried, then its end");
    assert_eq!(echo.ended().await, (10, End::Fin));

    let proxy = Proxy::with(echo.address, [cut(Way::Down, 10, Manner::HalfFin)]).await;
    let mut stream = open(&proxy).await;
    stream.write_all(&[7; 10]).await.expect("an open connection");
    assert_eq!(rest(&mut stream).await, (10, End::Fin));
    stream.write_all(&[7; 20]).await.expect("this way is still open");
    stream.shutdown().await.expect("this way is still open");
    assert_eq!(echo.ended().await, (30, End::Fin));
}

#[tokio::test]
async fn in_a_black_hole_nothing_is_heard_and_nothing_ends() {
    let mut echo = Echo::start().await;
    let proxy = Proxy::with(echo.address, [cut(Way::Up, 10, Manner::BlackHole)]).await;
    let mut stream = open(&proxy).await;
    hears_itself(&mut stream, &[7; 9]).await;
    stream.write_all(&[7; 9]).await.expect("an open connection");
    is_silent(&mut stream).await;
    drop(stream);
    assert!(timeout(A_WHILE, echo.ended.recv()).await.is_err(), "the far end hears of no end");
    drop(proxy);
    assert_eq!(echo.ended().await.0, 10);
}

#[tokio::test]
async fn an_order_cuts_what_is_open_and_nothing_that_comes_later() {
    let mut echo = Echo::start().await;
    let proxy = Proxy::to(echo.address).await;
    for (manner, end) in [(Manner::Reset, End::Reset), (Manner::Fin, End::Fin)] {
        let mut streams = [open(&proxy).await, open(&proxy).await];
        for stream in &mut streams {
            hears_itself(stream, b"there").await;
        }
        proxy.cut(manner).await;
        for stream in &mut streams {
            assert_eq!(rest(stream).await, (0, end));
            assert_eq!(echo.ended().await, (5, end));
        }
    }
    let mut later = open(&proxy).await;
    hears_itself(&mut later, b"there").await;
    proxy.cut(Manner::BlackHole).await;
    later.write_all(b"nobody").await.expect("an open connection");
    is_silent(&mut later).await;
}

#[tokio::test]
async fn a_cut_that_a_connection_did_not_live_to_see_is_left_to_the_next() {
    let mut echo = Echo::start().await;
    let proxy = Proxy::with(echo.address, [cut(Way::Up, 100, Manner::Reset), cut(Way::Up, 50, Manner::Fin)]).await;
    let mut stream = open(&proxy).await;
    hears_itself(&mut stream, &[7; 99]).await;
    drop(stream);
    echo.ended().await;
    for (after, end) in [(100, End::Reset), (50, End::Fin)] {
        let mut stream = open(&proxy).await;
        let _ = stream.write_all(&[7; 200]).await;
        assert_eq!(rest(&mut stream).await.1, end);
        let (read, seen) = echo.ended().await;
        assert!(read <= after && seen == end, "{read} bytes of {after}, {seen:?}");
    }
    hears_itself(&mut open(&proxy).await, &[7; 200]).await;
    assert_eq!(proxy.done().len(), 2);
}

#[tokio::test]
async fn an_end_that_resets_its_connection_resets_the_other() {
    let mut echo = Echo::start().await;
    let proxy = Proxy::to(echo.address).await;
    let mut stream = open(&proxy).await;
    hears_itself(&mut stream, b"there").await;
    stream.set_zero_linger().expect("a socket option");
    drop(stream);
    assert_eq!(echo.ended().await, (5, End::Reset));
}
