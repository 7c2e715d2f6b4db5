//! The composition root: the only place that names concrete dialects and backends.

use std::sync::Arc;

use meetpoint_protocol::RoomId;
use tokio::time::{Instant, sleep_until};

use crate::{
    config::{Settings, Socket},
    core::{chance::Chance, lobby::Lobby, matchmaker::Rules, outbox::Bounds, registry::Registry, turn::Turn},
    dialects::{Dialect, chat::Chat},
    guard::origin::OriginPolicy,
    server::{About, Limits, Server, accept, drain::Drain, wire::Listener},
    telemetry::metrics::Metrics,
};

/// Puts the server together. Fails only where the metrics are not what Prometheus takes.
pub fn build(settings: &Settings, chance: Chance) -> Result<Arc<Server>, prometheus::Error> {
    let chance = Arc::new(chance);
    let version = settings.version.clone().unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned());
    let build = [("version", version.as_str()), ("package", env!("CARGO_PKG_VERSION"))];
    let metrics = Metrics::new(&Server::end_labels(), &build)?;
    let lobby = Arc::new(Lobby::new(rules(settings), chance.clone()));
    let socket = &settings.socket;
    let dialects: Vec<Box<dyn Dialect>> = vec![Box::new(Chat {
        lobby: lobby.clone(),
        ping_interval: socket.heartbeat,
        max_message: socket.max_message.unwrap_or(Socket::CHAT_MAX_MESSAGE).bytes(),
    })];
    let instance_id =
        settings.instance_id.clone().unwrap_or_else(|| format!("inst-{}", RoomId::from_random(chance.id())));
    Ok(Arc::new(Server {
        about: About { version, instance_id, started: Instant::now().into_std() },
        chance,
        connections: Default::default(),
        dialects,
        drain: Drain::default(),
        limits: limits(socket),
        lobby,
        metrics,
        metrics_route: settings.metrics_route.clone(),
        origins: OriginPolicy::new(&settings.origins),
        registry: Registry::default(),
    }))
}

/// Serves until the server has been drained.
pub async fn serve<L: Listener>(listener: L, server: Arc<Server>) {
    tokio::select! {
        () = accept::serve(listener, server.clone()) => {}
        () = watch_cooldowns(server) => {}
    }
}

/// Matches those whose re-match cooldown ends.
async fn watch_cooldowns(server: Arc<Server>) {
    loop {
        let next = {
            let mut turn = Turn::new(Instant::now().into_std());
            let next = server.lobby.cooled(&mut turn);
            server.metrics.absorb(&mut turn.tally);
            next
        };
        match next {
            Some(next) => tokio::select! {
                () = sleep_until(next.into()) => {}
                () = server.lobby.deadline_moved() => {}
            },
            None => server.lobby.deadline_moved().await,
        }
    }
}

fn rules(settings: &Settings) -> Rules {
    let matching = &settings.matching;
    Rules {
        requeue_on_partner_leave: matching.requeue_on_partner_leave,
        requeue_on_next: matching.requeue_on_next,
        rematch_cooldown: matching.rematch_cooldown,
        rematch_memory: matching.rematch_memory,
    }
}

fn limits(socket: &Socket) -> Limits {
    Limits {
        heartbeat: socket.heartbeat,
        read_buffer: socket.read_buffer.bytes(),
        outbox: Bounds {
            bytes: socket.outbox_max_bytes.bytes(),
            frames: socket.outbox_max_frames,
            kept: socket.write_buffer.bytes(),
        },
        messages_per_second: socket.max_messages_per_second,
    }
}
