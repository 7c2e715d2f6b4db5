//! Where meetpoint answers otherwise than its originals did, on purpose.

use serde_json::{Value, json};

#[derive(Clone, Copy)]
pub struct Deviation {
    pub step: &'static str,
    answer: Answer,
    pub why: &'static str,
    /// A header that is another than recorded.
    header: Option<(&'static str, &'static str)>,
    /// Variables and where in the body they are found.
    bind: &'static [(&'static str, &'static str)],
    /// Requests (as recorded ones) that lead back to the state in which the recording goes on.
    pub then: &'static [&'static str],
    /// Played against a server of its own: what it does cannot be taken back.
    pub apart: bool,
}

#[derive(Clone, Copy)]
pub enum Answer {
    /// `{"error": …}` with this status.
    Error(u16, &'static str),
    /// 200 and `{"success": false, "error": …}`.
    Rpc(&'static str),
    /// Status and body, with the recording's matchers.
    Json(u16, &'static str),
    /// As recorded.
    Same,
}

pub const fn deviates(step: &'static str, answer: Answer, why: &'static str) -> Deviation {
    Deviation { step, answer, why, header: None, bind: &[], then: &[], apart: false }
}

impl Deviation {
    pub const fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    pub const fn bind(mut self, bind: &'static [(&'static str, &'static str)]) -> Self {
        self.bind = bind;
        self
    }

    pub const fn then(mut self, requests: &'static [&'static str]) -> Self {
        self.then = requests;
        self
    }

    pub const fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// Puts meetpoint's answer into the recorded step.
    pub fn apply(&self, step: &mut Value) {
        let response = &mut step["response"];
        if let Some((name, value)) = self.header {
            response["headers"][name] = value.into();
        }
        let (status, body) = match self.answer {
            Answer::Error(status, text) => (status, json!({"error": text})),
            Answer::Rpc(text) => (200, json!({"success": false, "error": text})),
            Answer::Json(status, body) => (status, serde_json::from_str(body).expect("the table holds JSON")),
            Answer::Same => return,
        };
        response["status"] = status.into();
        response["body"] = body;
        if !self.bind.is_empty() {
            step["bind"] =
                self.bind.iter().map(|(name, pointer)| ((*name).to_owned(), Value::from(*pointer))).collect();
        }
    }
}
