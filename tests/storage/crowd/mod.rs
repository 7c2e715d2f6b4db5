//! A crowd of clients on all APIs that keep records, each of whom remembers what it was told is kept, and finds it again.

mod ledger;
mod line;
mod mailers;
mod offers;
mod services;
mod sessions;
mod tags;
mod words;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use line::{Line, UNAVAILABLE};
pub use words::Words;

use crate::support::PATIENCE;

/// How many there are.
const ON_EACH_REST_API: u64 = 4;

/// Fewer: everything is signed there, and a build for tests takes its time for it.
const ON_EACH_RPC_API: u64 = 2;

const MAILERS: u64 = 2;

/// What became of something that was asked for.
#[derive(Clone, Debug)]
pub enum Told<T> {
    /// It is kept.
    Done(T),
    /// The storage takes nothing: it is not kept.
    Refused,
    /// There was no answer: nobody knows.
    Nothing,
}

enum Guest {
    Sessions(sessions::Guest),
    Offers(offers::Guest),
    Services(services::Guest),
    Tags(tags::Guest),
    Mailer(Box<mailers::Guest>),
}

impl Guest {
    /// Does one thing or another.
    async fn act(&mut self, line: &mut Line) -> Told<()> {
        match self {
            Self::Sessions(guest) => guest.act(line).await,
            Self::Offers(guest) => guest.act(line).await,
            Self::Services(guest) => guest.act(line).await,
            Self::Tags(guest) => guest.act(line).await,
            Self::Mailer(guest) => guest.act(line).await,
        }
    }

    /// Finds all that it was told is kept, as it was, and nothing else.
    async fn check(&mut self, line: &mut Line) {
        match self {
            Self::Sessions(guest) => guest.check(line).await,
            Self::Offers(guest) => guest.check(line).await,
            Self::Services(guest) => guest.check(line).await,
            Self::Tags(guest) => guest.check(line).await,
            Self::Mailer(guest) => guest.check(line).await,
        }
    }
}

pub struct Crowd {
    guests: Vec<Guest>,
    tally: Tally,
}

/// What a crowd has been told so far, and whether it goes on.
#[derive(Clone)]
pub struct Tally(watch::Sender<Counts>);

#[derive(Clone, Copy, Default, Debug)]
pub struct Counts {
    pub done: usize,
    pub refused: usize,
    is_over: bool,
}

impl Tally {
    pub fn counts(&self) -> Counts {
        *self.0.borrow()
    }

    /// Waits until the crowd was told enough.
    pub async fn until(&self, enough: impl FnMut(&Counts) -> bool) {
        let mut counts = self.0.subscribe();
        let waited = timeout(PATIENCE, counts.wait_for(enough)).await;
        waited.unwrap_or_else(|_| panic!("only {:?}", self.counts())).expect("the crowd counts");
    }

    /// Sends everybody home.
    pub fn stop(&self) {
        self.0.send_modify(|counts| counts.is_over = true);
    }
}

impl Crowd {
    /// The same crowd for the same seed. Crowds of different seeds on one server do not see each other.
    pub async fn new(server: SocketAddr, seed: u64) -> Self {
        let mut crowd = Self::unsigned(server, seed).await;
        for guest in 0..ON_EACH_RPC_API {
            crowd.guests.push(Guest::Services(services::Guest::new(server, words(seed, 2, guest)).await));
            crowd.guests.push(Guest::Tags(tags::Guest::new(server, words(seed, 3, guest))));
        }
        crowd
    }

    /// Only those who sign nothing, whatever time it is.
    pub async fn unsigned(server: SocketAddr, seed: u64) -> Self {
        let mut guests = Vec::new();
        for guest in 0..ON_EACH_REST_API {
            guests.push(Guest::Sessions(sessions::Guest::new(words(seed, 0, guest))));
            guests.push(Guest::Offers(offers::Guest::new(server, words(seed, 1, guest)).await));
        }
        for guest in 0..MAILERS {
            let mailer = mailers::Guest::new(server, words(seed, 4, guest), seed * 100 + guest).await;
            guests.push(Guest::Mailer(Box::new(mailer)));
        }
        Self { guests, tally: Tally(watch::Sender::new(Counts::default())) }
    }

    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Everybody does something all the time, until the server is gone or they are sent home.
    pub async fn work(&mut self, server: SocketAddr) {
        /// Who is refused comes back, but does not hammer.
        const PAUSE: Duration = Duration::from_millis(20);
        let mut working = JoinSet::new();
        for (index, mut guest) in std::mem::take(&mut self.guests).into_iter().enumerate() {
            let tally = self.tally.0.clone();
            working.spawn(async move {
                let mut line = Line::new(server, index % 2 == 0);
                while !tally.borrow().is_over {
                    match guest.act(&mut line).await {
                        Told::Done(()) => tally.send_modify(|counts| counts.done += 1),
                        Told::Refused => {
                            tally.send_modify(|counts| counts.refused += 1);
                            sleep(PAUSE).await;
                        }
                        Told::Nothing => break,
                    }
                }
                guest
            });
        }
        self.guests = all(working).await;
    }

    /// Everybody works until so much more is acknowledged.
    pub async fn work_for(&mut self, server: SocketAddr, acknowledged: usize) {
        let tally = self.tally();
        tally.0.send_modify(|counts| counts.is_over = false);
        let target = tally.counts().done + acknowledged;
        let enough = async {
            tally.until(|counts| counts.done >= target).await;
            tally.stop();
        };
        tokio::join!(self.work(server), enough);
    }

    /// Everybody finds what it was told is kept.
    pub async fn check(&mut self, server: SocketAddr) {
        let mut checking = JoinSet::new();
        for (index, mut guest) in std::mem::take(&mut self.guests).into_iter().enumerate() {
            checking.spawn(async move {
                guest.check(&mut Line::new(server, index % 2 == 0)).await;
                guest
            });
        }
        self.guests = all(checking).await;
    }
}

fn words(seed: u64, api: u64, guest: u64) -> Words {
    Words::new(seed * 100 + api * 10 + guest)
}

async fn all(mut tasks: JoinSet<Guest>) -> Vec<Guest> {
    let mut guests = Vec::new();
    while let Some(guest) = tasks.join_next().await {
        guests.push(guest.unwrap_or_else(|fault| std::panic::resume_unwind(fault.into_panic())));
    }
    guests
}
