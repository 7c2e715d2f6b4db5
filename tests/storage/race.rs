//! Many want the same at the same moment.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::crowd::Line;
use crate::place::Place;
use crate::support::http::Response;
use crate::support::rondevu::client::{OfferPeer, Tagger, text};
use crate::support::server::Server;

const MANY: usize = 64;

async fn servers() -> [(Place, Server); 2] {
    let (on_disk, unused) = (Place::new(), Place::new());
    let server = on_disk.server(&[]).await;
    [(on_disk, server), (unused, Server::start().await)]
}

/// A request for each of many, and where it goes.
struct Asked {
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

/// Sends all of them at once, each on a connection that is open already.
async fn at_once(server: SocketAddr, asked: impl Iterator<Item = Asked>) -> Vec<Response> {
    let mut lines = Vec::new();
    for asked in asked {
        let mut line = Line::new(server, true);
        assert_eq!(line.hear("GET", "/healthz", &[], "").await.status, 200);
        lines.push((line, asked));
    }
    let mut answers = JoinSet::new();
    for (mut line, Asked { path, headers, body }) in lines {
        answers.spawn(async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            line.hear("POST", &path, &headers, &body.to_string()).await
        });
    }
    answers.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_answers_an_offer() {
    for (_place, server) in servers().await {
        let owner = OfferPeer::register(server.address).await;
        let offer = owner.offered(json!({"sdp": "s", "topics": ["t"]})).await;
        let mut asked = Vec::new();
        for number in 0..MANY {
            let OfferPeer { id, secret, .. } = OfferPeer::register(server.address).await;
            let headers = vec![("Authorization", format!("Bearer {id}:{secret}"))];
            asked.push(Asked {
                path: format!("/offers/{offer}/answer"),
                headers,
                body: json!({"sdp": number.to_string()}),
            });
        }
        let answers = at_once(server.address, asked.into_iter()).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, MANY - 1));
        for answer in lost {
            assert_eq!((answer.status, answer.error().as_str()), (400, "Offer already answered"));
        }
        let told = owner.get("/offers/answers").await.json()["answers"].take();
        assert_eq!(told.as_array().map(Vec::len), Some(1));
        assert_eq!(text(&told[0]["answererId"]), text(&won[0].json()["answererId"]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_gets_a_code() {
    for (_place, server) in servers().await {
        let asked = (0..MANY).map(|number| Asked {
            path: "/topic/offer".to_owned(),
            headers: vec![("Origin", format!("https://{number}.example"))],
            body: json!({"info": "i", "offer": "s", "code": "own"}),
        });
        let answers = at_once(server.address, asked).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, MANY - 1));
        assert!(lost.iter().all(|answer| answer.status == 409), "{lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_sent_many_times_is_done_once() {
    for (_place, server) in servers().await {
        let key = Tagger::new(server.address, 1);
        let request = json!([key.request("publishOffer", json!({"tags": ["a"], "offers": [{"sdp": "s"}]}))]);
        let asked = (0..MANY).map(|_| Asked { path: "/rpc".to_owned(), headers: Vec::new(), body: request.clone() });
        let answers = at_once(server.address, asked).await;
        let done = answers.iter().filter(|answer| answer.json()[0]["success"] == true).count();
        assert_eq!(done, 1);
        let counted = key.done("countOffersByTags", json!({"tags": ["a"]})).await;
        assert_eq!(counted, json!({"counts": {"a": 1}}));
    }
}
