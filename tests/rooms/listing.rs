//! Which topics there are, for those who look for one.

use serde_json::{Value, json};

use crate::support::room::{Member, listed, room};
use crate::support::server::Server;

/// The topics that answer a request, in their order.
async fn named(asker: &mut Member, request: Value) -> (Vec<String>, Option<Value>) {
    let page = asker.ask(request).await;
    (listed(&page).into_iter().map(|(topic, _)| topic).collect(), page.get("next").cloned())
}

#[tokio::test]
async fn topics_are_listed_by_name_with_the_number_of_their_members() {
    let server = Server::start().await;
    let mut looker = Member::enter(&server).await;
    let empty = looker.ask(json!({"type": "topics", "ref": "list"})).await;
    assert_eq!(empty, json!({"type": "topics", "topics": [], "ref": "list"}));
    let _members: ([Member; 1], [Member; 3], [Member; 2]) =
        (room(&server, "b").await, room(&server, "a").await, room(&server, "c").await);
    let expected = json!([{"topic": "a", "count": 3}, {"topic": "b", "count": 1}, {"topic": "c", "count": 2}]);
    assert_eq!(looker.ask(json!({"type": "topics"})).await, json!({"type": "topics", "topics": expected}));
}

#[tokio::test]
async fn the_order_is_that_of_the_bytes() {
    let server = Server::start().await;
    let mut member = Member::enter(&server).await;
    // UTF-16 would order the last two the other way round.
    let sorted = ["", "\0", " ", "A", "B", "a", "a\0", "aa", "ab", "b", "é", "z\u{301}", "\u{ffee}", "\u{1f44b}"];
    let mut sorted: Vec<_> = sorted[1..].to_vec();
    sorted.sort_unstable();
    for topic in sorted.iter().rev() {
        member.join(topic).await;
    }
    assert_eq!(named(&mut member, json!({"type": "topics"})).await.0, sorted);
    for limit in 1..=sorted.len() + 1 {
        let mut all = Vec::new();
        let mut request = json!({"type": "topics", "limit": limit});
        loop {
            let (page, next) = named(&mut member, request.clone()).await;
            assert!(page.len() <= limit);
            all.extend(page);
            let Some(next) = next else { break };
            assert_eq!(Some(&next), all.last().map(|last| json!(last)).as_ref());
            request["after"] = next;
        }
        assert_eq!(all, sorted, "{limit} a page");
    }
}

#[tokio::test]
async fn a_prefix_narrows_the_list() {
    let server = Server::start().await;
    let mut member = Member::enter(&server).await;
    for topic in ["game:1", "game:2", "game:20", "game;", "gam", "chat:1", "\u{1f44b}1", "\u{1f44b}2"] {
        member.join(topic).await;
    }
    let mut prefixed = async |prefix: Value, after: Value, limit: u64| {
        named(&mut member, json!({"type": "topics", "prefix": prefix, "after": after, "limit": limit})).await
    };
    assert_eq!(
        prefixed(json!("game:"), json!(""), 100).await,
        (vec!["game:1".into(), "game:2".into(), "game:20".into()], None)
    );
    assert_eq!(prefixed(json!("game:"), json!(""), 3).await.1, None, "there is no more");
    assert_eq!(
        prefixed(json!("game:"), json!(""), 2).await,
        (vec!["game:1".into(), "game:2".into()], Some(json!("game:2")))
    );
    assert_eq!(prefixed(json!("game:"), json!("game:2"), 100).await, (vec!["game:20".into()], None));
    assert_eq!(prefixed(json!("game:"), json!("a"), 1).await, (vec!["game:1".into()], Some(json!("game:1"))));
    assert_eq!(prefixed(json!("game:"), json!("z"), 100).await, (vec![], None));
    assert_eq!(
        prefixed(json!("\u{1f44b}"), json!(""), 100).await,
        (vec!["\u{1f44b}1".into(), "\u{1f44b}2".into()], None)
    );
    assert_eq!(prefixed(json!("Game"), json!(""), 100).await, (vec![], None));
    assert_eq!(prefixed(json!(""), json!("game:20"), 100).await.0, ["game;", "\u{1f44b}1", "\u{1f44b}2"]);
}

#[tokio::test]
async fn a_page_of_topics_is_a_hundred_at_most_and_by_default() {
    const TOPICS: usize = 130;
    let server = Server::with(&[("MAX_TOPICS_PER_CLIENT", "130")]).await;
    let mut member = Member::enter(&server).await;
    let names: Vec<String> = (0..TOPICS).map(|number| format!("topic {number:03}")).collect();
    for name in &names {
        member.join(name).await;
    }
    for request in
        [json!({"type": "topics"}), json!({"type": "topics", "limit": 100}), json!({"type": "topics", "limit": 5000})]
    {
        let (page, next) = named(&mut member, request).await;
        assert_eq!((&page[..], next), (&names[..100], Some(json!(names[99]))));
    }
    assert_eq!(named(&mut member, json!({"type": "topics", "after": names[99]})).await, (names[100..].to_vec(), None));
}

#[tokio::test]
async fn a_page_of_long_topics_is_no_longer_than_half_of_what_may_wait_for_a_client() {
    const TOPICS: usize = 100;
    let server = Server::with(&[("MAX_TOPICS_PER_CLIENT", "100")]).await;
    let mut member = Member::enter(&server).await;
    // Six bytes a unit on the wire.
    let names: Vec<String> = (0..TOPICS).map(|number| format!("{}{number:03}", "\0".repeat(253))).collect();
    for name in &names {
        member.join(name).await;
    }
    let mut request = json!({"type": "topics"});
    let (mut all, mut pages) = (Vec::new(), 0);
    loop {
        member.send(request).await;
        let answer = member.hear_text().await;
        assert!(answer.len() <= 128 * 1024, "{} bytes", answer.len());
        let page = serde_json::from_str(&answer).unwrap();
        all.extend(listed(&page).into_iter().map(|(topic, _)| topic));
        pages += 1;
        let Some(next) = page.get("next") else { break };
        request = json!({"type": "topics", "after": next});
    }
    assert_eq!((all, pages), (names, 2));
}

#[tokio::test]
async fn listing_can_be_switched_off() {
    let server = Server::with(&[("TOPIC_LISTING", "false")]).await;
    let [mut one, mut other] = room(&server, "secret").await;
    one.refused_for(json!({"type": "topics"}), "LISTING_DISABLED").await;
    one.refused_for(json!({"type": "topics", "prefix": "s", "ref": "r"}), "LISTING_DISABLED").await;
    one.publish("secret", 1).await;
    other.hears_message("secret", &one, 1).await;
    assert_eq!(other.peers("secret").await["total"], 1, "members still see each other");
}
