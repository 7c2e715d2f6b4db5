//! A topic's room, with a thread for each who joins and leaves: it is sealed by the last one, while another may be about to come in.

use std::{collections::BTreeSet, sync::Arc};

use meetpoint_models::core::{
    chance::Chance,
    outbox::Encoded,
    room::{Arrival, Seat},
    topics::{Bucket, Topics},
};
use meetpoint_protocol::FrameType;
use shuttle::thread;

use crate::stage::{Client, any, explore, turn};

const CLIENTS: u8 = 3;
const VISITS: usize = 2;
const TOPIC: &str = "topic";

fn text(text: &str) -> Encoded {
    Encoded::new(FrameType::Pong, &[text.as_bytes()])
}

/// Comes and goes, speaks, and may stay. Whether it does, and how often it found the room full.
fn visit(topics: &Topics, bucket: &Bucket, client: &Client) -> (bool, usize) {
    let id = client.id();
    let mut refused = 0;
    for visit in 0..VISITS {
        let joined = topics.join(
            bucket,
            TOPIC,
            || Seat { outbox: client.outbox.clone(), user: None, info: None },
            |seat, arrival, _| {
                assert_eq!(arrival, Arrival::New);
                text(&format!("joined {}", seat.outbox.client()))
            },
            |company| {
                let others: Vec<_> = company.others(None).map(|(id, ..)| id.to_string()).collect();
                text(&format!("here {}", others.join(" ")))
            },
            &mut turn(),
        );
        let Ok(room) = joined else {
            refused += 1;
            continue;
        };
        let others = room.publish(id, &text(&format!("said {id}")), &mut turn());
        assert!(others.is_some(), "whoever sits there is heard");
        if visit + 1 == VISITS && any(2) == 0 {
            return (true, refused);
        }
        topics.leave(bucket, TOPIC, &room, id, Some(&text(&format!("left {id}"))), &mut turn());
        assert_eq!(room.publish(id, &text("nobody"), &mut turn()), None);
    }
    (false, refused)
}

/// Who is there, as one was told since it came in for the last time. Nobody is told what it knows, nor of what it cannot know.
fn present(client: &Client) -> BTreeSet<String> {
    let mut present = BTreeSet::new();
    for frame in client.heard() {
        let [word, who @ ..] = &frame[..] else { panic!("{frame:?}") };
        let who = who.iter().filter(|who| !who.is_empty()).cloned();
        match &**word {
            "here" => present = who.collect(),
            "joined" => who.for_each(|who| assert!(present.insert(who), "joined twice")),
            "left" => who.for_each(|who| assert!(present.remove(&who), "left before it came")),
            "said" => who.for_each(|who| assert!(present.contains(&who), "said by a stranger")),
            _ => panic!("{frame:?}"),
        }
    }
    present
}

fn come_and_go(capacity: usize) {
    let topics = Arc::new(Topics::new(capacity, Arc::new(Chance::from_seed(1))));
    let bucket = Bucket::from("anywhere");
    let clients: Vec<_> = (1..=CLIENTS).map(Client::new).collect();
    let visits: Vec<_> = clients
        .iter()
        .cloned()
        .map(|client| {
            let (topics, bucket) = (topics.clone(), bucket.clone());
            thread::spawn(move || visit(&topics, &bucket, &client))
        })
        .collect();
    let ends: Vec<_> = visits.into_iter().map(|visit| visit.join().expect("no panic")).collect();
    if capacity >= usize::from(CLIENTS) {
        assert!(ends.iter().all(|(_, refused)| *refused == 0), "nobody finds a room full that is not");
    }

    let staying: Vec<_> =
        clients.iter().zip(&ends).filter(|(_, (stays, _))| *stays).map(|(client, _)| client).collect();
    let seated: BTreeSet<_> = staying.iter().map(|client| client.id().to_string()).collect();
    for client in &staying {
        let mut all = present(client);
        assert!(all.insert(client.id().to_string()) && all == seated, "{all:?} instead of {seated:?}");
    }
    clients.iter().for_each(|client| drop(present(client)));
    assert!(seated.len() <= capacity);
    assert_eq!(topics.census(), (usize::from(!seated.is_empty()), seated.len()));
    let listed = topics.list(&bucket, "", None, 10).0;
    assert_eq!(listed.iter().map(|(_, count)| *count).sum::<usize>(), seated.len(), "all of them share one room");
}

#[test]
fn whoever_joins_while_the_last_one_leaves_is_in_the_room_that_others_find() {
    explore(|| come_and_go(usize::from(CLIENTS)));
}

#[test]
fn a_room_never_holds_more_than_it_may() {
    explore(|| come_and_go(2));
}
