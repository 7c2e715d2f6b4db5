//! Pages of one origin see nothing of another's sessions, on no endpoint, whatever they guess.

use meetpoint_scorecard::{Goal, figure};
use serde_json::{Value, json};

use crate::IN_MEMORY;
use crate::support::http::Response;
use crate::support::rondevu::client::{Page, observable};
use crate::support::server::Server;

const PAIRS: usize = 200;
const UNKNOWN: &str = "ffffffff-ffff-4fff-8fff-ffffffffffff";

/// Origins that are easily taken for each other.
const SPELLINGS: [&str; 10] = [
    "https://a.example",
    "http://a.example",
    "https://a.example:8443",
    "https://b.example",
    "https://a.example.evil.example",
    "https://evil-a.example",
    "https://www.a.example",
    "https://[::1]",
    "null",
    "file://",
];

/// Two of the spellings, or of their like, that are never the same.
fn pair(number: usize) -> [&'static str; 2] {
    let [one, other] = [number % SPELLINGS.len(), (number / SPELLINGS.len() + number + 1) % SPELLINGS.len()];
    let other = if one == other { (other + 1) % SPELLINGS.len() } else { other };
    // The rest are of other hosts, so that not always the same ones meet.
    let like = |index: usize| match SPELLINGS[index] {
        word @ ("null" | "file://") => word,
        origin => origin.replacen("example", &format!("example{}", number / SPELLINGS.len()), 1).leak(),
    };
    [like(one), like(other)]
}

/// Whatever a page can do to a session by its code.
fn requests() -> [(&'static str, Value); 9] {
    let candidate = json!({"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host"});
    [
        ("/poll", json!({"side": "offerer"})),
        ("/poll", json!({"side": "answerer"})),
        ("/poll", json!({"side": "answerer", "since": 0})),
        ("/poll", json!({"side": "nobody"})),
        ("/answer", json!({"side": "answerer", "answer": "stolen"})),
        ("/answer", json!({"side": "offerer", "candidate": candidate})),
        ("/answer", json!({"side": "answerer", "candidate": candidate})),
        ("/answer", json!({"side": "offerer", "answer": "stolen"})),
        ("/answer", json!({})),
    ]
}

async fn ask(page: &Page, path: &str, mut body: Value, code: &str) -> Response {
    body["code"] = code.into();
    page.post(path, &body).await
}

#[tokio::test]
async fn two_hundred_pairs_of_origins_see_nothing_of_each_other_on_any_endpoint() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (mut leaks, mut asked) = (0, 0);
    for number in 0..PAIRS {
        let [mine, theirs] = pair(number);
        assert_ne!(mine, theirs);
        let owner = Page { server: server.address, origin: mine };
        let stranger = Page { server: server.address, origin: theirs };
        let topic = format!("room {number}").replace(' ', "%20");
        let code = owner.announce(&topic).await;
        for (path, body) in requests() {
            let foreign = ask(&stranger, path, body.clone(), &code).await;
            let absent = ask(&stranger, path, body.clone(), UNKNOWN).await;
            // A body that is wrong is refused before anybody looks for the session.
            let hides = observable(&foreign) == observable(&absent) && foreign.body.len() == absent.body.len();
            leaks += usize::from(!hides || foreign.status < 400);
            assert!(hides, "{theirs} asks {path} {body} of {mine}: {foreign:?} and {absent:?}");
            asked += 1;
        }
        for path in [format!("/{topic}/sessions"), "/topics".to_owned(), "/topics?page=1&limit=1000".to_owned()] {
            let listed = stranger.get(&path).await;
            leaks += usize::from(listed.body.contains(&code) || listed.body.contains(&topic));
            assert_eq!(listed.status, 200, "{listed:?}");
            asked += 1;
        }
        let untouched = owner.poll(&code, "offerer", json!({})).await.json();
        leaks += usize::from(untouched != json!({"answer": null, "answerCandidates": []}));
    }
    assert_eq!(leaks, 0);
    figure("A4", "leaks between origins", leaks as f64, "", Goal::Exactly(0.0));
    figure("A4", "questions of strangers", f64::from(asked), "", Goal::AtLeast(2000.0));
}
