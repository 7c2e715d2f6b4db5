//! Every request of the phases, encoded before it is needed.

use super::offers::{self, NEAR_TOPICS, PER_TOPIC, SERIAL_PLACE, Topic, Topics};
use crate::http::{Request, Slot};

/// A session's code: a UUID.
pub type Code = [u8; 36];
/// Stands for a code in templates.
const CODE_PLACE: &str = "????????-????-????-????-????????????";

/// A kind of request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `POST /{topic}/offer`
    Announce,
    /// `POST /answer` by the answerer
    Answer,
    /// `POST /poll`
    Poll(Side),
    /// A listing of a near topic.
    Discover(Wire),
}

/// Who polls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Offerer,
    Answerer,
}

/// One of the APIs that offers can be found by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Wire {
    /// `GET /{topic}/sessions`
    Sessions,
    /// `GET /offers/by-topic/{topic}`
    Topics,
    /// `discover` of `POST /rpc`
    Tags,
}

/// What every request carries beside its own.
pub struct Common<'a> {
    pub authority: &'a str,
    pub origin: &'a str,
    /// Characters of a description.
    pub payload: usize,
}

/// A template and where its parts stand.
struct Template<const N: usize> {
    request: Request,
    slots: [Slot; N],
}

/// All requests of a run.
pub struct Book {
    near: Vec<Template<1>>,
    far: Vec<Template<1>>,
    answer: Template<2>,
    polls: [Template<1>; 2],
    held_poll: Template<1>,
    listings: [Vec<Request>; 3],
}

impl<const N: usize> Template<N> {
    fn new(request: Request, places: [&str; N]) -> Option<Self> {
        let slots: Option<Vec<Slot>> = places.iter().map(|place| request.slot(place)).collect();
        Some(Self { slots: slots?.try_into().ok()?, request })
    }

    fn filled(&mut self, values: [&[u8]; N]) -> &[u8] {
        for (slot, value) in self.slots.iter().zip(values) {
            self.request.fill(*slot, value);
        }
        self.request.bytes()
    }
}

impl Book {
    /// `None` only if a template lacked a place of its own, which the tests rule out.
    pub fn new(common: &Common<'_>, topics: &Topics) -> Option<Self> {
        let Common { authority, origin, payload } = *common;
        let headers = format!("Origin: {origin}\r\n");
        let post = |path: &str, body: &str| Request::post(path, authority, &headers, body);
        let get = |path: String| Request::get(&path, authority, &headers);
        let description = offers::description(payload, SERIAL_PLACE);
        let announce = |topic: String| {
            let body = format!(r#"{{"info":"loadtest","offer":{description}}}"#);
            Template::new(post(&format!("/{topic}/offer"), &body), [SERIAL_PLACE])
        };
        let answer = format!(r#"{{"code":"{CODE_PLACE}","side":"answerer","answer":{description}}}"#);
        let poll =
            |rest: &str| Template::new(post("/poll", &format!(r#"{{"code":"{CODE_PLACE}",{rest}}}"#)), [CODE_PLACE]);
        let by_tag = |tag: String| {
            let params = format!(r#"{{"tags":["{tag}"],"limit":{PER_TOPIC}}}"#);
            post("/rpc", &format!(r#"[{{"method":"discover","params":{params}}}]"#))
        };
        Some(Self {
            near: topics.near().map(announce).collect::<Option<_>>()?,
            far: topics.far().map(announce).collect::<Option<_>>()?,
            answer: Template::new(post("/answer", &answer), [CODE_PLACE, SERIAL_PLACE])?,
            polls: [poll(r#""side":"offerer""#)?, poll(r#""side":"answerer""#)?],
            held_poll: poll(&format!(r#""side":"offerer","wait":{HELD_MS},"since":0"#))?,
            listings: [
                topics.near().map(|topic| get(format!("/{topic}/sessions"))).collect(),
                topics.near().map(|topic| get(format!("/offers/by-topic/{topic}?limit={PER_TOPIC}"))).collect(),
                topics.near().map(by_tag).collect(),
            ],
        })
    }

    pub fn announce(&mut self, topic: Topic, serial: u64) -> &[u8] {
        let template = match topic {
            Topic::Near(index) => &mut self.near[index],
            Topic::Far(index) => &mut self.far[index],
        };
        template.filled([&offers::serial(serial)])
    }

    pub fn answer(&mut self, code: &Code, serial: u64) -> &[u8] {
        self.answer.filled([code, &offers::serial(serial)])
    }

    pub fn poll(&mut self, side: Side, code: &Code) -> &[u8] {
        self.polls[side as usize].filled([code])
    }

    /// The offerer's poll that is answered only when something has come, or after [`HELD_MS`].
    pub fn held_poll(&mut self, code: &Code) -> &[u8] {
        self.held_poll.filled([code])
    }

    /// The listing of a near topic; the topics go round.
    pub fn discover(&self, wire: Wire, number: usize) -> &[u8] {
        self.listings[wire as usize][number % NEAR_TOPICS].bytes()
    }
}

/// Milliseconds for which a poll is held at most: the longest that the server permits.
pub const HELD_MS: u64 = 30_000;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn book() -> (Book, Topics) {
        let topics = Topics::new(2);
        let common = Common { authority: "127.0.0.1:9", origin: "http://o", payload: 300 };
        (Book::new(&common, &topics).expect("all places"), topics)
    }

    /// The request line, and the body as JSON if its length is the one that the head tells.
    fn parts(request: &[u8]) -> (String, Value) {
        let text = String::from_utf8(request.to_vec()).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("\r\nHost: 127.0.0.1:9\r\nOrigin: http://o"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        assert_eq!(length.map_or(Ok(0), str::parse), Ok(body.len()));
        let line = head.lines().next().expect("a line").to_owned();
        (line, if body.is_empty() { Value::Null } else { serde_json::from_str(body).expect("JSON") })
    }

    #[test]
    fn an_announcement_carries_its_serial_to_its_topic() {
        let (mut book, topics) = book();
        for topic in [Topic::Near(3), Topic::Far(1)] {
            let (line, body) = parts(book.announce(topic, 0x1f));
            assert_eq!(line, format!("POST /{}/offer HTTP/1.1", topics.name(topic)));
            assert_eq!(body["info"], "loadtest");
            let offer = body["offer"].as_str().expect("text");
            assert!(offer.len() == 300 && offer.contains("\r\no=- 00000000001f 2"), "{offer}");
        }
    }

    #[test]
    fn answers_and_polls_name_their_session() {
        let (mut book, _) = book();
        let code = *b"00000000-0000-4000-8000-00000000000a";
        let (line, body) = parts(book.answer(&code, 7));
        assert_eq!((line.as_str(), &body["side"]), ("POST /answer HTTP/1.1", &"answerer".into()));
        assert_eq!(body["code"].as_str(), std::str::from_utf8(&code).ok());
        assert!(body["answer"].as_str().is_some_and(|sdp| sdp.contains("o=- 000000000007 ")));
        for (side, name) in [(Side::Offerer, "offerer"), (Side::Answerer, "answerer")] {
            let (line, body) = parts(book.poll(side, &code));
            assert_eq!((line.as_str(), &body["side"]), ("POST /poll HTTP/1.1", &name.into()));
            assert_eq!(body.as_object().map(serde_json::Map::len), Some(2));
        }
        assert_eq!(parts(book.held_poll(&code)).1["wait"], 30_000);
    }

    #[test]
    fn each_wire_is_asked_for_ten_in_its_own_way() {
        let (book, topics) = book();
        let topic = topics.name(Topic::Near(1));
        let line = |wire| parts(book.discover(wire, 1)).0;
        assert_eq!(line(Wire::Sessions), format!("GET /{topic}/sessions HTTP/1.1"));
        assert_eq!(line(Wire::Topics), format!("GET /offers/by-topic/{topic}?limit=10 HTTP/1.1"));
        let (line, body) = parts(book.discover(Wire::Tags, 17));
        assert_eq!(line, "POST /rpc HTTP/1.1");
        assert_eq!(body, serde_json::json!([{"method": "discover", "params": {"tags": [topic], "limit": 10}}]));
    }
}
