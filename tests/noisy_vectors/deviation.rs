//! Where meetpoint answers otherwise than its original did, on purpose.

use serde_json::{Value, json};

pub struct Deviation {
    pub group: &'static str,
    /// The number of the recorded step in its group, from 0.
    pub step: usize,
    change: Change,
    pub why: &'static str,
}

enum Change {
    /// What is expected of the answer, as JSON: each field takes the place of the recorded one, null of none.
    Answer(&'static str),
    /// These steps, as JSON, take the place of the recorded one.
    Steps(&'static str),
    /// These steps, as JSON, come before the recorded one.
    Before(&'static str),
    /// These steps, as JSON, come after the recorded one.
    After(&'static str),
}

pub const fn answers(group: &'static str, step: usize, answer: &'static str, why: &'static str) -> Deviation {
    Deviation { group, step, change: Change::Answer(answer), why }
}

pub const fn instead(group: &'static str, step: usize, steps: &'static str, why: &'static str) -> Deviation {
    Deviation { group, step, change: Change::Steps(steps), why }
}

pub const fn before(group: &'static str, step: usize, steps: &'static str, why: &'static str) -> Deviation {
    Deviation { group, step, change: Change::Before(steps), why }
}

pub const fn after(group: &'static str, step: usize, steps: &'static str, why: &'static str) -> Deviation {
    Deviation { group, step, change: Change::After(steps), why }
}

impl Deviation {
    /// What is played in the place of the recorded step.
    pub fn apply(&self, mut step: Value) -> Vec<Value> {
        match self.change {
            Change::Answer(answer) => {
                let expected = step["expect"].as_object_mut().expect("a step that expects an answer");
                for (field, value) in read::<serde_json::Map<_, _>>(answer) {
                    if value.is_null() {
                        expected.remove(&field);
                    } else {
                        expected.insert(field, value);
                    }
                }
                vec![step]
            }
            Change::Steps(steps) => read(steps),
            Change::Before(steps) => [read(steps), vec![step]].concat(),
            Change::After(steps) => [vec![step], read(steps)].concat(),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|fault| panic!("the table holds JSON: {fault} in {json}"))
}

/// A mailbox counts from 1, so that "all up to 0" is nothing: every recorded number is one more.
pub fn count_from_one(step: &mut Value) {
    let said = step["send"]["type"].as_str().is_some_and(|kind| ["hello", "delivered"].contains(&kind));
    if said {
        for field in ["deliveredUpTo", "upTo"] {
            if let Some(up_to @ 1..) = step["send"][field].as_u64() {
                step["send"][field] = json!(up_to + 1);
            }
        }
    }
    if let Some(seq) = step["expect"]["seq"].as_u64() {
        step["expect"]["seq"] = json!(seq + 1);
    }
    let words = step["expectText"].as_str().and_then(one_more);
    if let Some(words) = words {
        step["expectText"] = json!(words);
    }
}

/// An item of the mailbox with the next number.
fn one_more(words: &str) -> Option<String> {
    let (head, rest) = words.split_once("\"seq\":")?;
    let (number, tail) = rest.split_once(',')?;
    Some(format!("{head}\"seq\":{},{tail}", number.parse::<u64>().ok()? + 1))
}
