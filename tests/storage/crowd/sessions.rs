//! Somebody on the sessions API, on both sides of its sessions.

use serde_json::{Value, json};

use super::ledger::{Ledger, Record};
use super::{Line, Told, Words};
use crate::support::rondevu::client::text;

const SIDES: [&str; 2] = ["offerer", "answerer"];

/// As many are announced; after that they are only talked on.
const MOST: usize = 60;

pub struct Guest {
    words: Words,
    origin: String,
    sessions: Ledger<Session>,
}

#[derive(Clone, PartialEq, Debug)]
struct Session {
    code: String,
    info: String,
    offer: String,
    answer: Option<String>,
    candidates: [Vec<Value>; 2],
}

impl Record for Session {
    fn key(&self) -> &str {
        &self.code
    }

    fn is_like(&self, other: &Self) -> bool {
        *self == Self { code: self.code.clone(), ..other.clone() }
    }
}

impl Guest {
    pub fn new(words: Words) -> Self {
        Self { origin: format!("https://{}.example", words.name), words, sessions: Ledger::new() }
    }

    pub async fn act(&mut self, line: &mut Line) -> Told<()> {
        let known = self.sessions.kept.len();
        if known == 0 || (known < MOST && self.words.percent(30)) {
            return self.announce(line).await;
        }
        let place = self.words.below(known);
        let mut after = self.sessions.kept[place].clone();
        let side = self.words.below(2);
        let mut body = json!({"code": after.code, "side": SIDES[side]});
        if self.words.percent(20) {
            let answer = self.words.sdp();
            body["answer"] = json!(answer);
            after.answer = Some(answer);
        } else {
            let candidate = self.words.candidate();
            body["candidate"] = candidate.clone();
            after.candidates[side].push(candidate);
        }
        let told = line.change("POST", "/answer", &[("Origin", &self.origin)], &body).await;
        self.sessions.change(place, Some(after), told, |after, _| after)
    }

    async fn announce(&mut self, line: &mut Line) -> Told<()> {
        let (code, info, offer) = (self.words.fresh(), self.words.fresh(), self.words.sdp());
        let mut body = json!({"info": info, "offer": offer});
        if self.words.percent(50) {
            body["code"] = json!(code);
        }
        let told = line.change("POST", &self.path("offer"), &[("Origin", &self.origin)], &body).await;
        let new = Session { code, info, offer, answer: None, candidates: Default::default() };
        self.sessions.add(vec![new], told, |mut new, told| {
            new[0].code = text(&told["code"]);
            new
        })
    }

    pub async fn check(&mut self, line: &mut Line) {
        let headers = [("Origin", self.origin.as_str())];
        let list = line.hear("GET", &self.path("sessions"), &headers, "").await.json()["sessions"].take();
        let list = list.as_array().expect("a list");
        let mut codes = self.sessions.keys();
        codes.extend(list.iter().map(|session| text(&session["code"])));
        codes.sort();
        codes.dedup();
        let mut seen = Vec::new();
        for code in codes {
            let listed = list.iter().find(|session| session["code"] == code);
            seen.extend(self.look(line, &code, listed).await);
        }
        self.sessions.settle(seen);
    }

    /// A session as both sides see it.
    async fn look(&self, line: &mut Line, code: &str, listed: Option<&Value>) -> Option<Session> {
        let mut polled = Vec::new();
        for side in SIDES {
            let body = json!({"code": code, "side": side}).to_string();
            polled.push(line.hear("POST", "/poll", &[("Origin", &self.origin)], &body).await);
        }
        if polled.iter().all(|answer| answer.status == 404) {
            return None;
        }
        let (offerers, answerers) = (polled[0].json(), polled[1].json());
        let answer = offerers["answer"].as_str().map(str::to_owned);
        assert_eq!(answer.is_none(), listed.is_some(), "who is answered is not listed, who is not is: {offerers}");
        // Of an answered session nobody is told who announced it.
        let known = self.sessions.kept.iter().find(|session| session.code == code);
        let info = listed.map(|session| text(&session["info"])).or(known.map(|session| session.info.clone()));
        let candidates = [&answerers["offerCandidates"], &offerers["answerCandidates"]];
        Some(Session {
            code: code.to_owned(),
            info: info.expect("nobody has answered what nobody has announced"),
            offer: text(&answerers["offer"]),
            answer,
            candidates: candidates.map(|list| list.as_array().expect("a list").clone()),
        })
    }

    fn path(&self, last: &str) -> String {
        format!("/{}/{last}", self.words.name)
    }
}
