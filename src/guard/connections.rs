//! How many connections there may be, in all and of one client, and how fast they may come. Asked before a byte is read.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{address::AddressKey, bucket::Bucket, window::RetryAfter};

/// The bounds. They may change while connections are open: whoever is in stays in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caps {
    pub total: usize,
    /// Of one client; 0 means any.
    pub per_client: u32,
    /// New ones in a second, after a burst of four seconds' worth; 0 means any.
    pub per_second: u32,
}

/// Why there is no place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// The server has as many connections as it may have.
    Server,
    /// The client has.
    Client,
    /// Too many come at once.
    Rate,
}

impl Full {
    /// When to come again: a place must have become free, or the crowd must have passed.
    pub const fn retry_after(self) -> RetryAfter {
        RetryAfter(Duration::from_secs(match self {
            Self::Server | Self::Client => 10,
            Self::Rate => 2,
        }))
    }
}

/// The places that are taken.
pub struct Connections(Mutex<State>);

struct State {
    caps: Caps,
    open: usize,
    /// No client is here that has no place: there are never more entries than places.
    of_client: HashMap<AddressKey, u32>,
    arrivals: Bucket,
    filled: Instant,
}

/// What a connection holds for as long as it is there.
pub struct Place {
    connections: Arc<Connections>,
    /// Whether it is one of all.
    in_all: bool,
    client: Option<AddressKey>,
}

impl Connections {
    pub fn new(caps: Caps, now: Instant) -> Arc<Self> {
        let arrivals = Bucket::new(caps.per_second, 1);
        Arc::new(Self(Mutex::new(State { caps, open: 0, of_client: HashMap::new(), arrivals, filled: now })))
    }

    /// Other bounds from now on.
    pub fn set_caps(&self, caps: Caps) {
        let mut state = self.0.lock();
        if caps.per_second != state.caps.per_second {
            state.arrivals = Bucket::new(caps.per_second, 1);
        }
        state.caps = caps;
    }

    /// How many there are, and how many there may be.
    pub fn census(&self) -> (usize, usize) {
        let state = self.0.lock();
        (state.open, state.caps.total)
    }

    /// One more connection, of this client. `None` where it is a proxy's, who brings many: it is counted when it is known whose it is.
    ///
    /// # Errors
    /// There is no place. Whoever is refused for having too many itself does not slow down others.
    pub fn enter(self: &Arc<Self>, client: Option<IpAddr>, now: Instant) -> Result<Place, Full> {
        let client = client.map(AddressKey::from);
        let mut state = self.0.lock();
        if state.open >= state.caps.total {
            return Err(Full::Server);
        }
        if client.is_some_and(|client| state.is_full(client)) {
            return Err(Full::Client);
        }
        if !state.admits_one_more(now) {
            return Err(Full::Rate);
        }
        state.open += 1;
        if let Some(client) = client {
            *state.of_client.entry(client).or_default() += 1;
        }
        Ok(Place { connections: self.clone(), in_all: true, client })
    }

    /// A place for a client whose connection came through a proxy and is counted among all already.
    ///
    /// # Errors
    /// [`Full::Client`].
    pub fn claim(self: &Arc<Self>, client: IpAddr) -> Result<Place, Full> {
        let client = AddressKey::from(client);
        let mut state = self.0.lock();
        if state.is_full(client) {
            return Err(Full::Client);
        }
        *state.of_client.entry(client).or_default() += 1;
        Ok(Place { connections: self.clone(), in_all: false, client: Some(client) })
    }
}

impl State {
    fn is_full(&self, client: AddressKey) -> bool {
        let cap = self.caps.per_client;
        cap > 0 && self.of_client.get(&client).is_some_and(|open| *open >= cap)
    }

    fn admits_one_more(&mut self, now: Instant) -> bool {
        self.arrivals.fill(now.saturating_duration_since(self.filled));
        self.filled = self.filled.max(now);
        let admits = self.arrivals.has(1.0);
        if admits {
            self.arrivals.take(1.0);
        }
        admits
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.connections.0.lock();
        state.open -= usize::from(self.in_all);
        if let Some(client) = self.client
            && let Entry::Occupied(mut open) = state.of_client.entry(client)
        {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
            }
        }
    }
}
