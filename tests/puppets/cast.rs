//! Members of topics without sockets, and the plainest account of what each of them must hear.

use std::collections::{BTreeMap, VecDeque};

use meetpoint::{
    core::outbox::Bounds,
    dialects::{Ending, chat::RoomRules},
};
use serde_json::{Value, json};

use crate::presence::Presence;
use crate::stage::{Puppet, Stage, requeueing};

pub const TOPICS: [&str; 3] = ["a", "b", "\u{1f44b} \"\u{202e}"];

/// Whose page each client is, if it is one.
const ORIGINS: [Option<&str>; 7] = [
    Some("https://a.example"),
    Some("https://a.example"),
    Some("https://a.example"),
    Some("https://a.example"),
    Some("https://b.example"),
    Some("https://b.example"),
    None,
];

/// Small enough to be reached all the time.
const RULES: RoomRules = RoomRules { max_per_client: 2, is_global: false, listing: true, max_answer: 1024 };
const CAPACITY: usize = 4;
const BOUNDS: Bounds = Bounds { bytes: 4 * 1024, frames: 8, kept: 1024 };

pub struct Cast {
    stage: Stage,
    is_global: bool,
    players: Vec<Player>,
    rooms: BTreeMap<Place, Vec<Member>>,
    said: u64,
}

/// A bucket and a topic.
type Place = (Option<&'static str>, &'static str);

struct Player {
    puppet: Puppet,
    presence: Presence,
    user: Option<Value>,
    /// What it must hear of others, in order; the frames of one entry in any.
    due: VecDeque<Vec<Value>>,
    /// What the answers to its own frames must say, in order.
    answers: VecDeque<Value>,
    /// It does not read.
    is_stalled: bool,
}

/// Somebody in a topic, in order of joining.
struct Member {
    who: usize,
    user: Option<Value>,
    info: Option<Value>,
}

impl Player {
    fn enter(stage: &Stage, who: usize) -> Self {
        let puppet = stage.enter_from(ORIGINS[who]);
        let presence = Presence::new(&puppet.id);
        Self { puppet, presence, user: None, due: VecDeque::new(), answers: VecDeque::new(), is_stalled: false }
    }

    /// Takes note of all that has come, which must be what was due.
    fn listen(&mut self) -> Result<(), String> {
        for frame in self.puppet.heard() {
            if frame["type"] == "ready" {
                continue;
            }
            self.presence.listen(&frame)?;
            if frame.get("ref").is_some() {
                let answer = self.answers.pop_front().ok_or_else(|| format!("unasked: {frame}"))?;
                let fields = answer.as_object().into_iter().flatten();
                for (field, value) in fields {
                    if frame[field] != *value {
                        return Err(format!("{answer} was due, but {frame} came"));
                    }
                }
                continue;
            }
            let due = self.due.front_mut().ok_or_else(|| format!("nothing was due, but {frame} came"))?;
            let at = due.iter().position(|due| *due == frame);
            due.swap_remove(at.ok_or_else(|| format!("{due:?} was due, but {frame} came"))?);
            self.due.pop_front_if(|due| due.is_empty());
        }
        Ok(())
    }
}

impl Cast {
    pub fn new(clients: usize, is_global: bool) -> Self {
        let stage = Stage::with(requeueing(true, true), RoomRules { is_global, ..RULES }, CAPACITY, BOUNDS);
        let players = (0..clients).map(|who| Player::enter(&stage, who)).collect();
        Self { stage, is_global, players, rooms: BTreeMap::new(), said: 0 }
    }

    pub fn join(&mut self, who: usize, topic: &'static str, info: Option<Value>) {
        let user = self.players[who].user.clone();
        let mut request = json!({"type": "join", "topic": topic});
        if let Some(info) = &info {
            request["info"] = info.clone();
        }
        let place = self.place(who, topic);
        let joined = self.rooms.values().flatten().filter(|member| member.who == who).count();
        let room = self.rooms.entry(place).or_default();
        let at = room.iter().position(|member| member.who == who);
        let newcomer = Member { who, user, info };
        let kind = match at {
            Some(at) => {
                room[at] = newcomer;
                "peer-updated"
            }
            None if joined >= RULES.max_per_client => return self.refused(who, request, "TOO_MANY_TOPICS"),
            None if room.len() >= CAPACITY => return self.refused(who, request, "TOPIC_FULL"),
            None => {
                room.push(newcomer);
                "peer-joined"
            }
        };
        let others: Vec<usize> = self.others(place, who);
        for other in &others {
            let seen =
                self.seen_by(*other, place).into_iter().find(|peer| peer["clientId"] == *self.players[who].puppet.id);
            self.tell(*other, json!({"type": kind, "topic": topic, "peer": seen}));
        }
        self.answered(who, request, json!({"type": "joined", "topic": topic, "total": others.len()}));
    }

    pub fn leave(&mut self, who: usize, topic: &'static str) {
        let request = json!({"type": "leave", "topic": topic});
        let place = self.place(who, topic);
        if !self.is_in(place, who) {
            return self.refused(who, request, "NOT_IN_TOPIC");
        }
        for other in self.others(place, who) {
            let id = &self.players[who].puppet.id;
            let left = json!({"type": "peer-left", "topic": topic, "clientId": id, "reason": "left"});
            self.tell(other, left);
        }
        self.remove(place, who);
        self.answered(who, request, json!({"type": "left", "topic": topic}));
    }

    pub fn auth(&mut self, who: usize, user: Option<Value>) {
        self.say(who, &json!({"type": "auth", "userId": user}));
        self.players[who].user = user;
    }

    pub fn publish(&mut self, who: usize, topic: &'static str, data: String) {
        let request = json!({"type": "publish", "topic": topic, "data": [self.said, data]});
        let place = self.place(who, topic);
        if !self.is_in(place, who) {
            return self.refused(who, request, "NOT_IN_TOPIC");
        }
        for other in self.others(place, who) {
            let from = &self.players[who].puppet.id;
            let message = json!({"type": "message", "topic": topic, "from": from, "data": request["data"]});
            self.tell(other, message);
        }
        self.say(who, &request);
    }

    pub fn direct(&mut self, who: usize, to: usize, topic: Option<&'static str>, kind: &str) {
        let (heard_as, payload) = if kind == "send" { ("message", "data") } else { (kind, "sdp") };
        let [from, target] = [who, to].map(|player| self.players[player].puppet.id.clone());
        let mut request = json!({"type": kind, "to": target, payload: self.said});
        let mut heard = json!({"type": heard_as, "from": from, payload: self.said});
        if let Some(topic) = topic {
            request["topic"] = json!(topic);
            heard["topic"] = json!(topic);
            if !self.is_in(self.place(who, topic), who) {
                return self.refused(who, request, "NOT_IN_TOPIC");
            }
        }
        let shares = |shared| {
            let place = self.place(who, shared);
            topic.is_none_or(|topic| topic == shared) && self.is_in(place, who) && self.is_in(place, to)
        };
        if who == to || !TOPICS.into_iter().any(shares) {
            return self.refused(who, request, "TARGET_GONE");
        }
        self.tell(to, heard);
        self.say(who, &request);
    }

    pub fn peers(&mut self, who: usize, topic: &'static str, limit: usize) {
        let request = json!({"type": "peers", "topic": topic, "limit": limit});
        let place = self.place(who, topic);
        if !self.is_in(place, who) {
            return self.refused(who, request, "NOT_IN_TOPIC");
        }
        let total = self.others(place, who).len();
        self.players[who].presence.asks(topic);
        self.answered(who, request, json!({"type": "peers", "topic": topic, "total": total}));
    }

    pub fn list(&mut self, who: usize) {
        let (bucket, _) = self.place(who, "");
        let own = self.rooms.iter().filter(|((of, _), members)| *of == bucket && !members.is_empty());
        let topics: Vec<Value> =
            own.map(|((_, topic), members)| json!({"topic": topic, "count": members.len()})).collect();
        self.answered(who, json!({"type": "topics"}), json!({"type": "topics", "topics": topics}));
    }

    /// Its socket ends, and another client comes in its place.
    pub fn cut(&mut self, who: usize, ending: Ending) {
        let reason = if ending == Ending::Silent { "timeout" } else { "disconnected" };
        let mut missed: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
        for topic in TOPICS {
            let place = self.place(who, topic);
            if self.is_in(place, who) {
                for other in self.others(place, who) {
                    let id = &self.players[who].puppet.id;
                    let left = json!({"type": "peer-left", "topic": topic, "clientId": id, "reason": reason});
                    missed.entry(other).or_default().push(left);
                }
                self.remove(place, who);
            }
        }
        for (other, left) in missed {
            self.players[other].due.push_back(left);
        }
        let successor = Player::enter(&self.stage, who);
        std::mem::replace(&mut self.players[who], successor).puppet.end(ending, self.stage.now);
    }

    pub fn stall(&mut self, who: usize, bytes: usize) {
        self.players[who].is_stalled = true;
        self.players[who].puppet.stall(bytes);
    }

    pub fn flow(&mut self, who: usize) {
        let player = &mut self.players[who];
        if player.is_stalled && !player.puppet.is_given_up() {
            player.is_stalled = false;
            player.puppet.flow();
        }
    }

    pub fn reap(&mut self) {
        for who in 0..self.players.len() {
            if self.players[who].puppet.is_given_up() {
                self.cut(who, Ending::Expelled);
            }
        }
    }

    /// Asks for a page of what `joined` had no room for; whether there was anything to ask for.
    pub fn catch_up(&mut self, who: usize) -> bool {
        let topics = self.players[who].presence.topics();
        let rest = topics.filter_map(|(topic, roster)| Some((topic.to_owned(), roster.rest.clone()?))).next();
        let Some((topic, rest)) = rest else { return false };
        // It may have left without having heard so.
        let is_in = TOPICS.into_iter().any(|known| known == topic && self.is_in(self.place(who, known), who));
        let request = json!({"type": "peers", "topic": topic, "limit": 1, "after": rest});
        match is_in {
            true => {
                self.players[who].presence.asks(&topic);
                self.answered(who, request, json!({"type": "peers", "topic": topic}));
            }
            false => self.refused(who, request, "NOT_IN_TOPIC"),
        }
        true
    }

    /// Everybody reads on, and all that there is, or has gone.
    pub fn settle(&mut self) -> Result<(), String> {
        for who in 0..self.players.len() {
            self.flow(who);
        }
        self.reap();
        for who in 0..self.players.len() {
            self.players[who].listen()?;
            while self.catch_up(who) {
                self.players[who].listen()?;
            }
        }
        Ok(())
    }

    /// How many topics there are, and how many members they have.
    pub fn census(&self) -> (usize, usize) {
        self.stage.topics.census()
    }

    /// Who reads has heard all that was due, and knows exactly who is there.
    pub fn check(&mut self) -> Result<(), String> {
        for who in 0..self.players.len() {
            if self.players[who].puppet.is_given_up() {
                continue;
            }
            self.players[who].listen()?;
            let player = &self.players[who];
            if player.is_stalled {
                continue;
            }
            if !player.due.is_empty() || !player.answers.is_empty() {
                return Err(format!("{who} was not told {:?} {:?}", player.due, player.answers));
            }
            if player.presence.topics().any(|(_, roster)| roster.rest.is_some()) {
                continue;
            }
            let known: Vec<_> = player.presence.topics().map(|(topic, roster)| (topic, roster.peers.clone())).collect();
            let places = self.rooms.keys().filter(|place| self.is_in(**place, who));
            let mut true_ones: Vec<_> = places.map(|place| (place.1, self.seen_by(who, *place))).collect();
            true_ones.sort_by_key(|(topic, _)| *topic);
            if known != true_ones {
                return Err(format!("{who} knows {known:?}, but true is {true_ones:?}"));
            }
        }
        Ok(())
    }

    /// The server's own lists say the same.
    pub fn check_against_server(&mut self) -> Result<(), String> {
        let members = self.rooms.values().map(Vec::len);
        let census = (members.clone().filter(|members| *members > 0).count(), members.sum());
        if self.census() != census {
            return Err(format!("{:?} are counted, but there are {census:?}", self.census()));
        }
        for who in 0..self.players.len() {
            self.list(who);
            for topic in TOPICS {
                self.peers(who, topic, 100);
            }
            self.players[who].listen()?;
        }
        Ok(())
    }

    fn place(&self, who: usize, topic: &'static str) -> Place {
        (ORIGINS[who].filter(|_| !self.is_global), topic)
    }

    fn is_in(&self, place: Place, who: usize) -> bool {
        self.rooms.get(&place).is_some_and(|room| room.iter().any(|member| member.who == who))
    }

    fn others(&self, place: Place, who: usize) -> Vec<usize> {
        let members = self.rooms.get(&place).into_iter().flatten();
        members.map(|member| member.who).filter(|other| *other != who).collect()
    }

    fn remove(&mut self, place: Place, who: usize) {
        if let Some(room) = self.rooms.get_mut(&place) {
            room.retain(|member| member.who != who);
        }
    }

    /// The others of a place as one of its members must know them.
    fn seen_by(&self, who: usize, place: Place) -> Vec<Value> {
        let members = &self.rooms[&place];
        let mine = members.iter().position(|member| member.who == who);
        let others = members.iter().enumerate().filter(|(_, member)| member.who != who);
        let seen = others.map(|(at, member)| {
            let mut peer = json!({"clientId": self.players[member.who].puppet.id, "initiator": Some(at) < mine});
            for (field, value) in [("userId", &member.user), ("info", &member.info)] {
                if let Some(value) = value {
                    peer[field] = value.clone();
                }
            }
            peer
        });
        seen.collect()
    }

    fn tell(&mut self, who: usize, frame: Value) {
        self.players[who].due.push_back(vec![frame]);
    }

    fn refused(&mut self, who: usize, request: Value, code: &str) {
        self.answered(who, request, json!({"type": "error", "code": code}));
    }

    fn answered(&mut self, who: usize, mut request: Value, mut answer: Value) {
        for frame in [&mut request, &mut answer] {
            frame["ref"] = json!(self.said.to_string());
        }
        self.players[who].answers.push_back(answer);
        self.say(who, &request);
    }

    fn say(&mut self, who: usize, frame: &Value) {
        self.said += 1;
        self.players[who].puppet.say(&frame.to_string(), self.stage.now);
    }
}
