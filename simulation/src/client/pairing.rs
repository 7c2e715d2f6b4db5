//! What a client may take its pairing for. Between what it has asked and the answer to the ping behind that, the server may
//! have done it or not: both are possible, and what is heard tells.

use serde_json::Value;

/// What a client can ask about its pairing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    Available,
    Next,
    Leave,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    Idle,
    Waiting,
    Seated(Seat),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seat {
    pub room: String,
    pub partner: String,
    /// The number of the last frame that the partner said; 0 before the first.
    pub heard: u64,
}

/// Whether clients are queued again when their match ends.
#[derive(Clone, Copy, Debug)]
pub struct Requeues {
    pub abandoned: bool,
    pub next: bool,
}

#[derive(Debug)]
pub struct Pairing {
    requeues: Requeues,
    asked: Option<Ask>,
    /// What is possible, and whether what was asked is done there.
    possible: Vec<(State, bool)>,
}

impl Pairing {
    /// Of a new session.
    pub fn new(requeues: Requeues) -> Self {
        Self { requeues, asked: None, possible: vec![(State::Idle, true)] }
    }

    /// The state, where only one is possible and nothing is asked.
    pub fn certain(&self) -> Option<&State> {
        match self.possible.as_slice() {
            [(state, _)] if self.asked.is_none() => Some(state),
            _ => None,
        }
    }

    /// Whether the answer to something is still to come.
    pub fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Something is asked, and a ping behind it. To be done only when what was asked before is answered.
    pub fn ask(&mut self, ask: Ask) {
        self.asked = Some(ask);
        self.possible.iter_mut().for_each(|(_, done)| *done = false);
        self.spread();
    }

    /// The answer to the ping behind what was asked has come.
    pub fn settle(&mut self) {
        self.asked = None;
        self.possible.retain(|(_, done)| *done);
    }

    /// Takes note of a frame about the pairing or from the partner.
    ///
    /// # Errors
    /// It is possible in no state that was possible before.
    pub fn hear(&mut self, frame: &Value) -> Result<(), String> {
        let before = std::mem::take(&mut self.possible);
        for (state, done) in &before {
            for possible in self.after(state, *done, frame) {
                if !self.possible.contains(&possible) {
                    self.possible.push(possible);
                }
            }
        }
        self.spread();
        if self.possible.is_empty() {
            return Err(format!("{before:?} after {:?}, and then comes {frame}", self.asked));
        }
        Ok(())
    }

    /// What a frame makes possible: nothing where it cannot come.
    fn after(&self, state: &State, done: bool, frame: &Value) -> Vec<(State, bool)> {
        if frame["code"] != "NOT_PAIRED" {
            return after(state, frame, self.requeues).map(|state| (state, done)).into_iter().collect();
        }
        match (state, self.asked) {
            (State::Seated(_), _) => Vec::new(),
            // Of a frame for a partner who had gone.
            (_, None) => vec![(state.clone(), done)],
            // Everything that was for a partner was said before.
            (_, Some(_)) if done => Vec::new(),
            // Of such a frame, or of `next` itself.
            (_, Some(Ask::Next)) => vec![(state.clone(), false), (state.clone(), true)],
            (_, Some(_)) => vec![(state.clone(), false)],
        }
    }

    /// What was asked may be done at any moment.
    fn spread(&mut self) {
        let Some(ask) = self.asked else { return };
        for index in 0..self.possible.len() {
            let (state, done) = &self.possible[index];
            if *done {
                continue;
            }
            let state = match (ask, state) {
                (Ask::Available, State::Idle) => State::Waiting,
                (Ask::Available, state) => state.clone(),
                (Ask::Next, State::Seated(_)) if self.requeues.next => State::Waiting,
                (Ask::Next, State::Seated(_)) | (Ask::Leave, _) => State::Idle,
                // Told by an error.
                (Ask::Next, State::Idle | State::Waiting) => continue,
            };
            if !self.possible.contains(&(state.clone(), true)) {
                self.possible.push((state, true));
            }
        }
    }
}

/// The state that a frame leads to; `None` where it cannot come.
fn after(state: &State, frame: &Value, requeues: Requeues) -> Option<State> {
    match (frame["type"].as_str()?, state) {
        ("matched", State::Waiting) => Some(State::Seated(Seat {
            room: frame["roomId"].as_str()?.to_owned(),
            partner: frame["partnerId"].as_str()?.to_owned(),
            heard: 0,
        })),
        ("partner-left", State::Seated(_)) => Some(if requeues.abandoned { State::Waiting } else { State::Idle }),
        ("partner-away" | "partner-back", State::Seated(_)) => Some(state.clone()),
        ("offer", State::Seated(seat)) => {
            let (by, number) = (frame["sdp"]["by"].as_str()?, frame["sdp"]["number"].as_u64()?);
            let fits = frame["from"] == seat.partner && by == seat.partner;
            let follows = seat.heard == 0 || number == seat.heard + 1;
            (fits && follows).then(|| State::Seated(Seat { heard: number, ..seat.clone() }))
        }
        ("error", State::Seated(_)) if frame["code"] == "ALREADY_PAIRED" => Some(state.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const REQUEUES: Requeues = Requeues { abandoned: true, next: true };

    #[test]
    fn what_crosses_with_a_question_is_possible_and_what_follows_its_answer_is_not() {
        let mut pairing = Pairing::new(REQUEUES);
        pairing.ask(Ask::Available);
        pairing.settle();
        assert_eq!(pairing.certain(), Some(&State::Waiting));
        pairing.ask(Ask::Leave);
        pairing.hear(&json!({"type": "matched", "roomId": "r", "partnerId": "p"})).expect("it crossed");
        pairing.hear(&json!({"type": "offer", "from": "p", "sdp": {"by": "p", "number": 7}})).expect("also this");
        pairing.settle();
        assert_eq!(pairing.certain(), Some(&State::Idle));
        assert!(pairing.hear(&json!({"type": "partner-left"})).is_err());
    }

    #[test]
    fn a_partner_is_heard_in_order_and_nobody_else_is() {
        for (from, by, number) in [("q", "q", 2), ("p", "q", 2), ("p", "p", 1), ("p", "p", 3)] {
            let mut pairing = Pairing::new(REQUEUES);
            pairing.ask(Ask::Available);
            pairing.settle();
            pairing.hear(&json!({"type": "matched", "roomId": "r", "partnerId": "p"})).expect("a match");
            let offer = |from, by, number| json!({"type": "offer", "from": from, "sdp": {"by": by, "number": number}});
            pairing.hear(&offer("p", "p", 1)).expect("the first");
            assert!(pairing.hear(&offer(from, by, number)).is_err(), "{from} {by} {number}");
        }
    }
}
