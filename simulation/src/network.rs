//! The server's listener over the simulated network.

use std::{
    future::ready,
    io,
    net::{Ipv4Addr, SocketAddr},
};

use meetpoint::{core::outbox::Wire, server::wire::Listener};
use tokio::io::{ReadHalf, split};
use turmoil::net::{TcpListener, TcpStream};

/// The server's name and port in every simulation.
pub const SERVER: &str = "server";
pub const PORT: u16 = 8080;

pub struct Network(TcpListener);

impl Network {
    /// # Errors
    /// The port is taken.
    pub async fn listen() -> io::Result<Self> {
        Ok(Self(TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?))
    }
}

impl Listener for Network {
    type Raw = TcpStream;
    type Io = TcpStream;
    type Reader = ReadHalf<TcpStream>;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.0.accept().await
    }

    fn secure(
        raw: TcpStream,
        _: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = io::Result<TcpStream>> + Send {
        ready(Ok(raw))
    }

    fn split(io: TcpStream) -> (ReadHalf<TcpStream>, Box<dyn Wire>) {
        let (reader, writer) = split(io);
        (reader, Box::new(writer))
    }
}
