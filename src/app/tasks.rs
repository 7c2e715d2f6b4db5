//! What the server does by itself: matches whose time has come, sessions and offers whose time is over, mail that is durable.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::yield_now,
    time::{Instant, interval, sleep_until},
};

use crate::{core::turn::Turn, dialects::chat::Chat, server::Server};

/// How often what has expired is taken out of memory, where nobody looks anyway.
const RETIRE_EVERY: Duration = Duration::from_secs(1);

/// Matches those whose re-match cooldown ends.
pub(super) async fn watch_cooldowns(server: Arc<Server>) {
    loop {
        let next = in_turn(&server, |turn| server.lobby.cooled(turn));
        until(next, server.lobby.deadline_moved()).await;
    }
}

/// Ends the sessions that nobody has come back to.
pub(super) async fn watch_sessions(server: &Server, chat: &Chat) {
    loop {
        let next = in_turn(server, |turn| chat.sessions.expire(turn));
        until(next, chat.sessions.moved()).await;
    }
}

fn in_turn<R>(server: &Server, act: impl FnOnce(&mut Turn) -> R) -> R {
    let mut turn = Turn::new(Instant::now().into_std());
    let done = act(&mut turn);
    server.metrics.absorb(&mut turn.tally);
    done
}

/// Waits until then, if there is anything to wait for, or until it may be earlier.
async fn until(deadline: Option<std::time::Instant>, moved: impl Future<Output = ()>) {
    match deadline {
        Some(deadline) => tokio::select! {
            biased;
            () = sleep_until(deadline.into()) => {}
            () = moved => {}
        },
        None => moved.await,
    }
}

/// Removes what has expired from the storage.
pub(super) async fn sweep(server: &Server, every: Duration) {
    let mut ticks = interval(every);
    loop {
        ticks.tick().await;
        while let Ok((more, commit)) = server.book.sweep(server.clock.now()) {
            if commit.wait().await.is_err() || !more {
                break;
            }
            yield_now().await;
        }
    }
}

/// Takes what has expired out of memory before anybody has to wait for it.
pub(super) async fn retire(server: &Server) {
    let mut ticks = interval(RETIRE_EVERY);
    loop {
        ticks.tick().await;
        while !server.book.retire(server.clock.now()) {
            yield_now().await;
        }
        server.sides.retire(Instant::now().into_std());
    }
}

/// Shows mail when it is durable.
pub(super) async fn deliver(server: &Server) {
    loop {
        let parcel = server.sides.next_parcel().await;
        in_turn(server, |turn| server.sides.settle(parcel, turn));
    }
}
