//! One process follows the other, and nobody is refused: with a port that both listen on, and with a socket that both were given.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::fd::OwnedFd,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use meetpoint_scorecard::{Goal, figure, scale};
use socket2::{Domain, Socket, Type};
use tokio::{
    process::Command,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    alone,
    support::{
        PATIENCE,
        handshake::Handshake,
        http,
        peer::Incoming,
        server::{Server, Starting, meetpoint, meetpoint_after},
        storage::Disk,
    },
};

/// Addresses of the loopback that clients come from, so that none of them is one too many from its address.
const CLIENTS_PER_ADDRESS: usize = 100;
const BACKLOG: i32 = 4096;
const GRACE: (&str, &str) = ("SHUTDOWN_GRACE", "3s");

/// Clients that come back whenever they are told to go, and others that come and go. Whoever is refused, cut off or told anything
/// else panics.
struct Crowd {
    stayers: JoinSet<()>,
    callers: JoinSet<()>,
    over: Arc<AtomicBool>,
    opened: Arc<AtomicUsize>,
}

impl Crowd {
    /// Returns when all have been served.
    async fn gather(server: SocketAddr, clients: usize) -> Self {
        let (over, opened) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut stayers = JoinSet::new();
        for client in 0..clients {
            stayers.spawn(stay(server, client, over.clone(), opened.clone()));
        }
        while opened.load(Relaxed) < clients {
            assert!(stayers.try_join_next().is_none(), "a client has given up");
            sleep(Duration::from_millis(20)).await;
        }
        let callers = (0..clients / 50).map(|caller| call(server, caller, over.clone())).collect();
        Self { stayers, callers, over, opened }
    }

    /// The last process: everybody is there, and is told to go for good. How many sockets have been opened by those who stay.
    async fn part(mut self, server: &mut Server, clients: usize) -> usize {
        everybody(server, clients).await;
        self.over.store(true, Relaxed);
        ended(&mut self.callers).await;
        server.signal("TERM").await;
        ended(&mut self.stayers).await;
        server.assert_no_panic();
        self.opened.load(Relaxed)
    }
}

async fn ended(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        ended.expect("nobody is refused");
    }
}

fn handshake(client: usize) -> Handshake<'static> {
    let source = Ipv4Addr::new(127, 0, 1, u8::try_from(1 + client / CLIENTS_PER_ADDRESS).expect("few enough"));
    Handshake { source: Some(source), ..Handshake::default() }
}

/// Stays until it is told to go, and comes back at once.
async fn stay(server: SocketAddr, client: usize, over: Arc<AtomicBool>, opened: Arc<AtomicUsize>) {
    while !over.load(Relaxed) {
        let mut peer = handshake(client).open(server).await.expect("a socket");
        opened.fetch_add(1, Relaxed);
        // Who comes while others are told to go may hear that at once.
        loop {
            match peer.next().await {
                Incoming::Text(words) if words.contains(r#""type":"ready""#) => {}
                Incoming::Closed(closed) => break assert_eq!(closed.code, 1001, "{closed:?}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Comes, asks and goes, again and again.
async fn call(server: SocketAddr, client: usize, over: Arc<AtomicBool>) {
    while !over.load(Relaxed) {
        assert_eq!(http::get(server, "/healthz").await.status, 200);
        handshake(client).open(server).await.expect("a socket").terminate().await;
    }
}

/// Waits until all are here, by what the process says of itself.
async fn everybody(server: &Server, clients: usize) {
    let begun = Instant::now();
    loop {
        let here = http::get(server.address, "/healthz").await.json()["clients"].as_u64().expect("a number");
        if here >= clients as u64 {
            return;
        }
        assert!(begun.elapsed() < 4 * PATIENCE, "{here} of {clients} have come back");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn stop(server: &mut Server) {
    server.signal("TERM").await;
    assert_eq!(server.exit(PATIENCE).await.and_then(|status| status.code()), Some(0));
    server.assert_no_panic();
}

fn note(way: &str, opened: usize, clients: usize, restarts: usize) {
    assert!(opened >= clients * (restarts + 1), "{opened} sockets");
    figure("RESTART", &format!("connections refused, {way}"), 0.0, "", Goal::Exactly(0.0));
    figure("RESTART", &format!("restarts, {way}"), restarts as f64, "", Goal::Told);
    figure("RESTART", &format!("sockets opened, {way}"), opened as f64, "", Goal::Told);
}

#[tokio::test]
async fn restarts_on_a_shared_port_refuse_no_connection() {
    let _alone = alone().await;
    let (all, restarts) = scale((100, 1), (2_000, 10));
    let shared = [("REUSE_PORT", "true"), GRACE];
    let mut server = Server::with(&shared).await;
    let port = server.address.port().to_string();
    let crowd = Crowd::gather(server.address, all).await;
    for _ in 0..restarts {
        everybody(&server, all).await;
        let next = Server::with(&[&shared[..], &[("PORT", &port)]].concat()).await;
        stop(&mut server).await;
        server = next;
    }
    note("SO_REUSEPORT", crowd.part(&mut server, all).await, all, restarts);
}

#[tokio::test]
async fn restarts_on_a_shared_port_refuse_no_connection_and_hand_the_database_on() {
    let _alone = alone().await;
    let (all, restarts) = scale((100, 1), (2_000, 10));
    let disk = Disk::default();
    let path = disk.path();
    let shared = [("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", path.as_str()), ("REUSE_PORT", "true"), GRACE];
    let mut server = Server::with(&shared).await;
    let port = server.address.port().to_string();
    let crowd = Crowd::gather(server.address, all).await;
    for _ in 0..restarts {
        everybody(&server, all).await;
        let mut next = Starting::launch(meetpoint(&[], &[&shared[..], &[("PORT", &port)]].concat()));
        next.logs("another process has the storage: waiting for its end").await;
        stop(&mut server).await;
        server = next.listening().await;
    }
    note("SO_REUSEPORT with SQLite", crowd.part(&mut server, all).await, all, restarts);
}

#[tokio::test]
async fn a_process_that_waits_for_the_database_can_be_stopped() {
    let disk = Disk::default();
    let path = disk.path();
    let shared = [("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", path.as_str()), ("REUSE_PORT", "true")];
    let server = Server::with(&shared).await;
    let mut next = Starting::launch(meetpoint(&[], &shared));
    next.logs("another process has the storage: waiting for its end").await;
    assert_eq!(next.stop().await.code(), Some(0));
    assert_eq!(http::get(server.address, "/readyz").await.status, 200);
}

#[tokio::test]
async fn restarts_on_a_socket_that_was_given_refuse_no_connection_and_keep_the_database() {
    let _alone = alone().await;
    let (all, restarts) = scale((100, 1), (2_000, 10));
    let disk = Disk::default();
    let path = disk.path();
    let settings = [("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", path.as_str()), ("PORT", "1"), GRACE];
    let socket = given();
    let mut server = Server::launch(activated(&socket, &settings)).await;
    assert_eq!(server.address, socket.local_addr().expect("an address"), "whatever PORT says");
    let crowd = Crowd::gather(server.address, all).await;
    for _ in 0..restarts {
        everybody(&server, all).await;
        stop(&mut server).await;
        server = Server::launch(activated(&socket, &settings)).await;
    }
    note("socket activation", crowd.part(&mut server, all).await, all, restarts);
}

#[tokio::test]
async fn more_than_one_socket_is_one_too_many() {
    let mut command = meetpoint_after("exec 3<&0 4<&0 </dev/null; export LISTEN_FDS=2 LISTEN_PID=$$", &[]);
    command.stdin(Stdio::from(OwnedFd::from(given())));
    let ended = crate::support::server::ended(command).await;
    let said = String::from_utf8(ended.stderr).expect("text");
    assert!(
        ended.status.code() == Some(1) && said.contains("2 sockets were given (LISTEN_FDS, expected one)"),
        "{said}"
    );
}

/// A listening socket, as a service manager has it.
fn given() -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
    socket.listen(BACKLOG).expect("a listener");
    socket.into()
}

/// A server that gets the socket as its third descriptor (sd_listen_fds(3)).
fn activated(socket: &TcpListener, settings: &[(&str, &str)]) -> Command {
    let mut command = meetpoint_after("exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$", settings);
    command.stdin(Stdio::from(OwnedFd::from(socket.try_clone().expect("a descriptor"))));
    command
}
