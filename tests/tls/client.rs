//! Clients that verify whom they talk to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, DEFAULT_VERSIONS, RootCertStore, SupportedProtocolVersion};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::support::PATIENCE;
use crate::support::http::{self, Response};
use crate::support::server::Server;

/// What a client trusts, speaks and offers.
pub struct Client {
    pub trusts: CertificateDer<'static>,
    pub versions: &'static [&'static SupportedProtocolVersion],
    pub protocols: &'static [&'static str],
}

impl Client {
    pub fn trusting(cert: &CertificateDer<'static>) -> Self {
        Self { trusts: cert.clone(), versions: DEFAULT_VERSIONS, protocols: &[] }
    }

    /// A connection with a server that proves to be the trusted one.
    pub async fn connect(&self, server: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusts.clone()).expect("a certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(self.versions)
            .expect("suites")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = self.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from("localhost").expect("a name");
        let shaking = TlsConnector::from(Arc::new(config)).connect(name, http::connect(server).await);
        timeout(PATIENCE, shaking).await.expect("the server shakes hands")
    }

    pub async fn get(&self, server: SocketAddr, path: &str) -> Response {
        let mut stream = self.connect(server).await.expect("a handshake");
        stream.write_all(&http::head(&format!("GET {path} HTTP/1.1"), &[])).await.expect("a request");
        let answer = timeout(PATIENCE, http::read_response(&mut stream, &mut BytesMut::new(), false)).await;
        answer.expect("the server answers").expect("an answer")
    }

    /// A WebSocket that has heard nothing yet.
    pub async fn open(&self, server: SocketAddr, path: &str) -> Guest {
        let stream = self.connect(server).await.expect("a handshake");
        let config = WebSocketConfig::default().max_message_size(Some(16 << 20)).max_frame_size(Some(16 << 20));
        let joining = client_async_with_config(format!("wss://localhost{path}"), stream, Some(config));
        let (socket, _) = timeout(PATIENCE, joining).await.expect("an answer").expect("an upgrade");
        Guest { socket }
    }

    /// A guest of the chat that has heard `ready`.
    pub async fn join(&self, server: SocketAddr) -> Guest {
        let mut guest = self.open(server, "/ws").await;
        assert_eq!(guest.hear().await["type"], "ready");
        guest
    }

    /// Two guests that are partners.
    pub async fn pair(&self, server: SocketAddr) -> [Guest; 2] {
        let (mut one, mut other) = (self.join(server).await, self.join(server).await);
        for guest in [&mut one, &mut other] {
            guest.say(&json!({"type": "available"})).await;
        }
        for guest in [&mut one, &mut other] {
            assert_eq!(guest.hear().await["type"], "matched");
        }
        [one, other]
    }
}

/// A client over wss.
pub struct Guest {
    pub socket: WebSocketStream<TlsStream<TcpStream>>,
}

impl Guest {
    pub async fn say(&mut self, frame: &Value) {
        self.socket.send(Message::text(frame.to_string())).await.expect("an open socket");
    }

    /// The next frame.
    pub async fn hear(&mut self) -> Value {
        loop {
            match self.next().await {
                Some(Message::Text(text)) => return serde_json::from_str(&text).expect("JSON"),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next message; `None` when the server has said goodbye to the end.
    pub async fn next(&mut self) -> Option<Message> {
        let next = timeout(PATIENCE, self.socket.next()).await.expect("something comes");
        next.map(|message| message.expect("an open socket"))
    }
}

/// Two partners say something to each other.
pub async fn talk(one: &mut Guest, other: &mut Guest) {
    tell(one, other, "there").await;
    tell(other, one, "and back").await;
}

/// One says something and the other hears exactly that.
pub async fn tell(speaker: &mut Guest, listener: &mut Guest, sdp: &str) {
    speaker.say(&json!({"type": "offer", "sdp": sdp})).await;
    let heard = listener.hear().await;
    assert!(heard["type"] == "offer" && heard["sdp"] == sdp, "{:.200}", heard.to_string());
}

/// Two strangers can meet over wss, and nothing has panicked.
pub async fn assert_unharmed(server: &Server, cert: &CertificateDer<'static>) {
    let [mut one, mut other] = Client::trusting(cert).pair(server.address).await;
    talk(&mut one, &mut other).await;
    server.assert_no_panic();
}
