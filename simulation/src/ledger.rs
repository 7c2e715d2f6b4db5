//! Who knows everything: whatever the clients of a simulation hear comes here, and is held against what the others heard.

mod mail;
mod pairs;
mod rest;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    ops::AddAssign,
    rc::Rc,
    time::Duration,
};

use self::{mail::Mail, pairs::Pairs};
pub use self::{
    pairs::{Matched, Wait},
    rest::{Belief, Seat},
};

/// A handle of the one ledger of a simulation.
#[derive(Clone)]
pub struct Ledger(Rc<RefCell<Inner>>);

/// How much was checked.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Frames that clients heard.
    pub heard: u64,
    /// Frames from partner to partner, and their numbers.
    pub relayed: u64,
    /// Frames to the members of a topic.
    pub published: u64,
    /// Mail that was delivered.
    pub mail: u64,
    pub matches: u64,
    /// How often somebody who waited saw another one matched with a client that it might have met itself.
    pub turns: u64,
    /// Sessions that came back.
    pub resumed: u64,
    /// Connections that ended before their clients wanted it.
    pub cuts: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        let Self { heard, relayed, published, mail, matches, turns, resumed, cuts } = more;
        self.heard += heard;
        self.relayed += relayed;
        self.published += published;
        self.mail += mail;
        self.matches += matches;
        self.turns += turns;
        self.resumed += resumed;
        self.cuts += cuts;
    }
}

#[derive(Default)]
struct Inner {
    hash: DefaultHasher,
    /// The last lines of the trace, and how many are kept.
    tail: VecDeque<(Duration, String, String)>,
    kept: usize,
    counts: Counts,
    violation: Option<String>,
    pairs: Pairs,
    mail: Mail,
    beliefs: BTreeMap<String, Belief>,
}

/// The simulated time since the beginning.
pub fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

impl Ledger {
    /// Of a server that keeps two that parted apart for so long. `kept` lines of the trace are shown with a violation.
    pub fn new(cooldown: Duration, kept: usize) -> Self {
        Self(Rc::new(RefCell::new(Inner { pairs: Pairs::new(cooldown), kept, ..Inner::default() })))
    }

    /// A line of the trace.
    pub fn note(&self, who: &str, what: &str) {
        let mut inner = self.0.borrow_mut();
        let at = now();
        (at, who, what).hash(&mut inner.hash);
        inner.tail.push_back((at, who.to_owned(), what.to_owned()));
        if inner.tail.len() > inner.kept {
            inner.tail.pop_front();
        }
    }

    pub fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.0.borrow_mut().counts);
    }

    /// Something that must not be. Only the first is kept: the others follow from it.
    pub fn violation(&self, what: impl FnOnce() -> String) {
        let mut inner = self.0.borrow_mut();
        if inner.violation.is_none() {
            inner.violation = Some(what());
        }
    }

    /// The same for what may be wrong.
    pub fn check(&self, checked: Result<(), String>) {
        if let Err(what) = checked {
            self.violation(|| what);
        }
    }

    pub fn violated(&self) -> Option<String> {
        self.0.borrow().violation.clone()
    }

    /// What was heard last, line by line.
    pub fn tail(&self) -> String {
        let inner = self.0.borrow();
        let lines = inner.tail.iter().map(|(at, who, what)| format!("{:>9.3} {who} {what}\n", at.as_secs_f64()));
        lines.collect()
    }

    pub fn counts(&self) -> Counts {
        self.0.borrow().counts
    }

    /// The same for every run of a seed.
    pub fn trace_hash(&self) -> u64 {
        self.0.borrow().hash.finish()
    }

    /// A session's id and whose user it is.
    pub fn enters(&self, client: &str, user: Option<u8>) {
        self.0.borrow_mut().pairs.enters(client, user);
    }

    /// A match as one of its two heard of it.
    pub fn matched(&self, matched: Matched) {
        let checked = {
            let Inner { pairs, counts, .. } = &mut *self.0.borrow_mut();
            pairs.matched(matched, counts)
        };
        self.check(checked);
    }

    /// The client has certainly waited throughout this time.
    pub fn waits(&self, client: &str, wait: Wait) {
        let checked = {
            let Inner { pairs, counts, .. } = &mut *self.0.borrow_mut();
            pairs.waits(client, wait, counts)
        };
        self.check(checked);
    }

    pub fn mail(&self, act: impl FnOnce(&mut Mail) -> Result<(), String>) {
        let checked = act(&mut self.0.borrow_mut().mail);
        self.check(checked);
    }

    /// What a client takes for true while nothing happens.
    pub fn believes(&self, who: &str, belief: Belief) {
        self.0.borrow_mut().beliefs.insert(who.to_owned(), belief);
    }
}
