//! The sessions API, in both its ages: an offer is announced under a topic, whoever finds it there answers it by its code, and both
//! sides poll for what the other has sent. Nobody says who he is: a page sees the sessions of its own Origin and no others, and whoever knows
//! a code there may use it on either side.
//!
//! | route | what |
//! |---|---|
//! | `GET /{topic}/sessions` | unanswered sessions, newest first: as many of the newest 1,000 as fit into 8 MiB |
//! | `POST /{topic}/offer` | `info` or `peerId`, `offer`, `code?` → `{code}` |
//! | `POST /answer` | `code`, `side`, and an `answer` or a `candidate` |
//! | `POST /poll` | `code`, `side`, `wait?`, `since?` → what the other side has sent, all of it |
//!
//! The older age called `info` what the newer one calls `peerId`: either is taken, both are given.

mod announce;
mod exchange;
mod list;
mod realm;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

pub(super) use self::realm::Realm;
use super::Rondevu;
pub use super::topics::index;
use crate::guard::cors::Cors;

/// As both ages together allow it.
pub static CORS: Cors = Cors {
    methods: "GET,POST,OPTIONS",
    headers: "Content-Type,Origin,X-Rondevu-Global",
    more_headers: None,
    max_age: "600",
    credentials: true,
    exposed: "Content-Type",
};

/// Paths of other routes that are topics as well: the router would look no further than there.
const SHADOWED: [&str; 3] = ["offers", "assets", "client"];

/// The routes of the sessions API.
pub fn routes() -> Router<Arc<Rondevu>> {
    let routes = Router::new()
        .route("/{topic}/sessions", get(list::list))
        .route("/{topic}/offer", post(announce::announce))
        .route("/answer", post(exchange::answer))
        .route("/poll", post(exchange::poll));
    SHADOWED.iter().fold(routes, |routes, topic| {
        routes
            .route(&format!("/{topic}/sessions"), get(list::list))
            .route(&format!("/{topic}/offer"), post(announce::announce))
    })
}
