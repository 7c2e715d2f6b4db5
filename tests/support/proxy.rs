//! A TCP proxy that cuts, as the networks of phones do: between the bytes of a frame, of the handshake, or of nothing.
//! What is cut when is a list made beforehand, so that a failure can be replayed from its seed.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long what still comes is read and dropped behind a FIN; else the kernel would make a reset of it.
const LAST_WORDS: Duration = Duration::from_secs(1);

const CHUNK: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Manner {
    /// RST to both ends.
    Reset,
    /// FIN to both ends; nothing is carried any more.
    Fin,
    /// FIN to the end that the way leads to; the other way goes on until that end hangs up.
    HalfFin,
    /// Both connections stay open, and nothing is carried.
    BlackHole,
}

pub const MANNERS: [Manner; 4] = [Manner::Reset, Manner::Fin, Manner::HalfFin, Manner::BlackHole];

/// Cuts a connection as soon as it has carried so many bytes one way.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub way: Way,
    pub after: u64,
    pub manner: Manner,
}

/// Ends with all its connections when it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    planned: VecDeque<Cut>,
    /// What has been cut, in order.
    done: Vec<Cut>,
    /// Of the connections that are carried.
    open: Vec<oneshot::Sender<Order>>,
}

/// To cut now, and to say when that is done.
type Order = (Manner, oneshot::Sender<()>);

impl Proxy {
    /// Carries without ever cutting by itself.
    pub async fn to(upstream: SocketAddr) -> Self {
        Self::with(upstream, []).await
    }

    /// Each connection suffers the next cut of the list; one that ends before leaves it to the next. Those that come
    /// when the list is empty are left alone.
    pub async fn with(upstream: SocketAddr, cuts: impl IntoIterator<Item = Cut>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port of the loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, upstream, Arc::clone(&shared)));
        let proxy = Self { address, shared, _serving: serving };
        proxy.plan(cuts);
        proxy
    }

    /// Adds to the list.
    pub fn plan(&self, cuts: impl IntoIterator<Item = Cut>) {
        self.shared.state().planned.extend(cuts);
    }

    /// Cuts all connections that are open now; when this returns, nothing is carried for them any more.
    pub async fn cut(&self, manner: Manner) {
        let open = std::mem::take(&mut self.shared.state().open);
        for connection in open {
            let (done, is_done) = oneshot::channel();
            // One that has ended by itself needs no cut.
            if connection.send((manner, done)).is_ok() {
                let _ = is_done.await;
            }
        }
    }

    /// The cuts of the list that have happened.
    pub fn done(&self) -> Vec<Cut> {
        self.shared.state().done.clone()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder panics")
    }
}

async fn serve(listener: TcpListener, upstream: SocketAddr, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(carry(client, upstream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// Why a connection is carried no further.
enum Stopped {
    /// The byte of the list has been reached.
    AtCut(Cut),
    Ordered(Order),
    /// Both ends have said all they had to say.
    Ended,
    /// One of them has reset its connection.
    Broken,
}

async fn carry(mut client: TcpStream, upstream: SocketAddr, shared: Arc<Shared>) {
    let Ok(mut server) = TcpStream::connect(upstream).await else { return };
    for stream in [&client, &server] {
        // Small frames are to arrive one by one, as they were sent.
        stream.set_nodelay(true).expect("a socket option");
    }
    let (order, ordered) = oneshot::channel();
    let cut = {
        let mut state = shared.state();
        state.open.retain(|open| !open.is_closed());
        state.open.push(order);
        state.planned.pop_front()
    };
    let stopped = exchange(&mut client, &mut server, cut, ordered).await;
    match (&stopped, cut) {
        (Stopped::AtCut(cut), _) => shared.state().done.push(*cut),
        (_, Some(unused)) => shared.state().planned.push_front(unused),
        _ => {}
    }
    match stopped {
        Stopped::AtCut(cut) => remain(sever(client, server, cut.manner, cut.way).await).await,
        Stopped::Ordered((manner, done)) => {
            let remains = sever(client, server, manner, Way::Up).await;
            // Whoever ordered it may not wait for it.
            let _ = done.send(());
            remain(remains).await;
        }
        Stopped::Broken => remain(sever(client, server, Manner::Reset, Way::Up).await).await,
        Stopped::Ended => {}
    }
}

/// Carries both ways.
async fn exchange(
    client: &mut TcpStream,
    server: &mut TcpStream,
    cut: Option<Cut>,
    mut ordered: oneshot::Receiver<Order>,
) -> Stopped {
    let limit = |way| cut.filter(|cut| cut.way == way).map_or(u64::MAX, |cut| cut.after);
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let mut up = pin!(pump(from_client, to_server, limit(Way::Up)));
    let mut down = pin!(pump(from_server, to_client, limit(Way::Down)));
    let mut ended = [false; 2];
    while ended != [true; 2] {
        let pumped = tokio::select! {
            pumped = &mut up, if !ended[0] => { ended[0] = true; pumped }
            pumped = &mut down, if !ended[1] => { ended[1] = true; pumped }
            Ok(order) = &mut ordered => return Stopped::Ordered(order),
        };
        match (pumped, cut) {
            (Ok(Pumped::Limit), Some(cut)) => return Stopped::AtCut(cut),
            (Ok(_), _) => {}
            (Err(_), _) => return Stopped::Broken,
        }
    }
    Stopped::Ended
}

enum Pumped {
    Limit,
    End,
}

/// Carries one way: at most so many bytes, or to the end, which it passes on.
async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, limit: u64) -> io::Result<Pumped> {
    let mut left = limit;
    let mut chunk = [0; CHUNK];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let read = from.read(&mut chunk[..most]).await?;
        if read == 0 {
            to.shutdown().await?;
            return Ok(Pumped::End);
        }
        to.write_all(&chunk[..read]).await?;
        left -= read as u64;
    }
    Ok(Pumped::Limit)
}

/// What has still to be done, or not done, with sockets that were cut.
enum Remains {
    Nothing,
    Drain(TcpStream, TcpStream),
    Carry(TcpStream, TcpStream),
    Hold(TcpStream, TcpStream),
}

/// Cuts; when this returns, it is done.
async fn sever(mut client: TcpStream, mut server: TcpStream, manner: Manner, way: Way) -> Remains {
    match manner {
        Manner::Reset => {
            for stream in [client, server] {
                stream.set_zero_linger().expect("a socket option");
            }
            Remains::Nothing
        }
        Manner::Fin => {
            for stream in [&mut client, &mut server] {
                // One that its end has reset meanwhile is cut as well.
                let _ = stream.shutdown().await;
            }
            Remains::Drain(client, server)
        }
        Manner::HalfFin => {
            let (mut told, other) = if way == Way::Up { (server, client) } else { (client, server) };
            let _ = told.shutdown().await;
            Remains::Carry(told, other)
        }
        Manner::BlackHole => Remains::Hold(client, server),
    }
}

async fn remain(remains: Remains) {
    match remains {
        Remains::Nothing => {}
        Remains::Drain(mut client, mut server) => {
            let drained = async { tokio::join!(drain(&mut client), drain(&mut server)) };
            let _ = timeout(LAST_WORDS, drained).await;
        }
        Remains::Carry(mut from, mut to) => {
            let (from, _shut) = from.split();
            let (_unread, to) = to.split();
            let _ = pump(from, to, u64::MAX).await;
        }
        Remains::Hold(client, server) => {
            std::future::pending::<()>().await;
            drop((client, server));
        }
    }
}

/// Reads and drops whatever comes.
async fn drain(stream: &mut TcpStream) {
    let mut chunk = [0; 1024];
    while matches!(stream.read(&mut chunk).await, Ok(1..)) {}
}
