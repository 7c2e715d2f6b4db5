//! A relay of the chat wire in few lines, which can be told to go wrong.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::{SinkExt, StreamExt};
use meetpoint_protocol::ClientId;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
};
use tokio_tungstenite::{accept_async, tungstenite::Message};

/// What the relay does to the hundredth frame that it relays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    Nothing,
    Drop,
    /// Sends it after the frame that follows.
    Swap,
    Double,
    /// Answers it with an error frame.
    RateLimit,
    /// Closes the receiver.
    Close,
    /// Keeps it for a second, and whatever its sender says meanwhile.
    Stall,
}

struct Relay {
    wrong: Wrong,
    relayed: AtomicU64,
    waiting: Mutex<Option<ClientId>>,
    clients: Mutex<HashMap<ClientId, Sender<Message>>>,
    partners: Mutex<HashMap<ClientId, ClientId>>,
}

/// Serves until the test's runtime ends.
pub async fn start(wrong: Wrong) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let relay = Arc::new(Relay {
        wrong,
        relayed: AtomicU64::new(0),
        waiting: Mutex::default(),
        clients: Mutex::default(),
        partners: Mutex::default(),
    });
    tokio::spawn(async move {
        for serial in 1_u128.. {
            let (stream, _) = listener.accept().await.expect("accept");
            tokio::spawn(serve(Arc::clone(&relay), ClientId::from_random(serial.to_be_bytes()), stream));
        }
    });
    address
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(relay: Arc<Relay>, id: ClientId, stream: TcpStream) {
    let (mut sink, mut source) = accept_async(stream).await.expect("upgrade").split();
    let (outbox, mut queue): (Sender<Message>, Receiver<Message>) = channel(4096);
    // Right behind the upgrade, and after a control frame that every client must answer.
    outbox.send(Message::Ping("are you there".into())).await.expect("queue");
    outbox.send(format!(r#"{{"type":"ready","clientId":"{id}"}}"#).into()).await.expect("queue");
    locked(&relay.clients).insert(id, outbox.clone());
    tokio::spawn(async move {
        while let Some(message) = queue.recv().await {
            let last = message.is_close();
            if sink.send(message).await.is_err() || last {
                break;
            }
        }
    });
    let mut held = None;
    while let Some(Ok(message)) = source.next().await {
        let Ok(text) = message.into_text() else { continue };
        if text.contains(r#""type":"available""#) {
            relay.available(id).await;
        } else if text.contains(r#""type":"ping""#) {
            outbox.send(r#"{"type":"pong"}"#.into()).await.expect("queue");
        } else if text.contains(r#""type":"ice""#) {
            relay.pass_on(id, &text, &outbox, &mut held).await;
        }
    }
}

impl Relay {
    fn outbox(&self, id: ClientId) -> Sender<Message> {
        locked(&self.clients)[&id].clone()
    }

    async fn available(&self, id: ClientId) {
        let other = {
            let mut waiting = locked(&self.waiting);
            match waiting.take() {
                Some(other) => other,
                None => return *waiting = Some(id),
            }
        };
        locked(&self.partners).extend([(id, other), (other, id)]);
        for (to, partner) in [(id, other), (other, id)] {
            let matched = format!(r#"{{"type":"matched","roomId":"r","partnerId":"{partner}"}}"#);
            let _ = self.outbox(to).send(matched.into()).await;
        }
    }

    async fn pass_on(&self, from: ClientId, text: &str, sender: &Sender<Message>, held: &mut Option<Message>) {
        let partner = self.outbox(locked(&self.partners)[&from]);
        let stamped = text.replacen(r#""candidate""#, &format!(r#""from":"{from}","candidate""#), 1);
        let mut out: Vec<Message> = vec![stamped.into()];
        out.extend(held.take());
        if self.relayed.fetch_add(1, Ordering::Relaxed) == 99 {
            match self.wrong {
                Wrong::Nothing => {}
                Wrong::Drop => out.clear(),
                Wrong::Swap => *held = out.pop(),
                Wrong::Double => out.push(out[0].clone()),
                Wrong::RateLimit => {
                    let error = r#"{"type":"error","code":"RATE_LIMIT","message":"Too many messages"}"#;
                    let _ = sender.send(error.into()).await;
                }
                Wrong::Close => out = vec![Message::Close(None)],
                Wrong::Stall => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
            }
        }
        for message in out {
            // The partner may have gone already.
            let _ = partner.send(message).await;
        }
    }
}
