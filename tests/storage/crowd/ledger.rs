//! What somebody was told is kept, and the one thing of which it does not know.

use std::fmt::Debug;

use super::Told;

/// Something that is kept, as its owner can see it.
pub trait Record: Clone + PartialEq + Debug {
    /// What it is found by.
    fn key(&self) -> &str;

    /// Whether they are the same but for what only an answer of the server's tells: ids and times.
    fn is_like(&self, other: &Self) -> bool;
}

pub struct Ledger<R> {
    pub kept: Vec<R>,
    doubt: Option<Doubt<R>>,
}

/// What was asked for last, without an answer: all of it is kept, or nothing.
#[derive(Debug)]
enum Doubt<R> {
    Added(Vec<R>),
    /// The record at that place became another, or none.
    Changed(usize, Option<R>),
}

impl<R: Record> Ledger<R> {
    pub fn new() -> Self {
        Self { kept: Vec::new(), doubt: None }
    }

    /// `as_told` makes the new records of an acknowledgement; `new` are they as far as they are known without one.
    pub fn add<T>(&mut self, new: Vec<R>, told: Told<T>, as_told: impl FnOnce(Vec<R>, T) -> Vec<R>) -> Told<()> {
        match told {
            Told::Done(value) => self.kept.extend(as_told(new, value)),
            Told::Refused => return Told::Refused,
            Told::Nothing => {
                self.doubt = Some(Doubt::Added(new));
                return Told::Nothing;
            }
        }
        Told::Done(())
    }

    /// The record at that place is to become another, or none.
    pub fn change<T>(
        &mut self,
        place: usize,
        after: Option<R>,
        told: Told<T>,
        as_told: impl FnOnce(R, T) -> R,
    ) -> Told<()> {
        match (told, after) {
            (Told::Done(value), Some(after)) => self.kept[place] = as_told(after, value),
            (Told::Done(_), None) => drop(self.kept.remove(place)),
            (Told::Refused, _) => return Told::Refused,
            (Told::Nothing, after) => {
                self.doubt = Some(Doubt::Changed(place, after));
                return Told::Nothing;
            }
        }
        Told::Done(())
    }

    /// Keys of what may be there.
    pub fn keys(&self) -> Vec<String> {
        let new = match &self.doubt {
            Some(Doubt::Added(new)) => new.as_slice(),
            _ => &[],
        };
        self.kept.iter().chain(new).map(|record| record.key().to_owned()).collect()
    }

    /// Compares with all that is there: what was told is there exactly, what is doubtful wholly or not at all, and nothing else is.
    /// Nothing is doubtful afterwards.
    pub fn settle(&mut self, mut seen: Vec<R>) {
        let doubt = self.doubt.take();
        let mut removed = None;
        for (place, kept) in self.kept.iter_mut().enumerate() {
            let found = seen.iter().position(|seen| seen.key() == kept.key()).map(|at| seen.swap_remove(at));
            match (found, &doubt) {
                (Some(found), _) if found == *kept => {}
                (Some(found), Some(Doubt::Changed(at, Some(after)))) if *at == place && found.is_like(after) => {
                    *kept = found;
                }
                (None, Some(Doubt::Changed(at, None))) if *at == place => removed = Some(place),
                (found, doubt) => panic!("kept  {kept:?}\nfound {found:?}\ndoubt {doubt:?}"),
            }
        }
        if let Some(place) = removed {
            self.kept.remove(place);
        }
        if seen.is_empty() {
            return;
        }
        match doubt {
            Some(Doubt::Added(new)) if are_alike(&new, &seen) => self.kept.extend(seen),
            doubt => panic!("nobody was told of {seen:?}\ndoubt {doubt:?}"),
        }
    }
}

/// In any order.
fn are_alike<R: Record>(some: &[R], others: &[R]) -> bool {
    let all_in = |some: &[R], others: &[R]| some.iter().all(|one| others.iter().any(|other| other.is_like(one)));
    some.len() == others.len() && all_in(some, others) && all_in(others, some)
}
