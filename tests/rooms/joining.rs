//! Who joins learns who is there, and those who are there learn who has come.

use serde_json::{Value, json};

use crate::support::handshake::Handshake;
use crate::support::room::{Member, ids, room};
use crate::support::server::Server;

#[tokio::test]
async fn ready_says_that_there_are_rooms() {
    let server = Server::start().await;
    let mut peer = Handshake::default().open(server.address).await.unwrap();
    assert_eq!(peer.hear().await["features"], json!(["match", "rooms", "resume"]));
}

#[tokio::test]
async fn whoever_joins_is_told_who_is_there_in_order_of_joining_and_the_others_who_came() {
    let server = Server::start().await;
    let mut first = Member::enter(&server).await;
    let alone = json!({"type": "joined", "topic": "lobby", "clientId": first.id, "peers": [], "total": 0});
    assert_eq!(first.join("lobby").await, alone);
    let mut second = Member::enter(&server).await;
    let peers = json!([first.as_peer(true)]);
    let expected = json!({"type": "joined", "topic": "lobby", "clientId": second.id, "peers": peers, "total": 1});
    assert_eq!(second.join("lobby").await, expected);
    first.hears_arrival("lobby", &second).await;
    let mut third = Member::enter(&server).await;
    let peers = json!([first.as_peer(true), second.as_peer(true)]);
    let expected = json!({"type": "joined", "topic": "lobby", "clientId": third.id, "peers": peers, "total": 2});
    assert_eq!(third.join("lobby").await, expected);
    first.hears_arrival("lobby", &third).await;
    second.hears_arrival("lobby", &third).await;
    for member in [&mut first, &mut second, &mut third] {
        member.silence().await;
    }
}

#[tokio::test]
async fn of_any_two_members_exactly_the_later_one_makes_the_offer() {
    let server = Server::start().await;
    let mut members: [Member; 5] = room(&server, "mesh").await;
    let order: Vec<String> = members.iter().map(|member| member.id.clone()).collect();
    // A page and the answer to a second `join` say the same as the first words did.
    for request in ["peers", "join"] {
        for (at, member) in members.iter_mut().enumerate() {
            let updates = member.heard().await;
            assert!(updates.iter().all(|frame| frame["type"] == "peer-updated"), "{updates:?}");
            let told = member.ask(json!({"type": request, "topic": "mesh"})).await;
            for peer in told["peers"].as_array().unwrap() {
                let other = order.iter().position(|id| peer["clientId"] == **id).unwrap();
                assert_eq!(peer["initiator"], other < at, "{other} as {at} sees it in {told}");
            }
        }
    }
}

#[tokio::test]
async fn who_leaves_and_comes_back_is_the_last_and_makes_the_offers() {
    let server = Server::start().await;
    let [mut first, mut second, mut third] = room(&server, "mesh").await;
    first.leave("mesh").await;
    for stays in [&mut second, &mut third] {
        stays.hears_departure("mesh", &first.id, "left").await;
    }
    let joined = first.join("mesh").await;
    assert_eq!(joined["peers"], json!([second.as_peer(true), third.as_peer(true)]));
    for stays in [&mut second, &mut third] {
        stays.hears_arrival("mesh", &first).await;
        let order = stays.peers("mesh").await;
        assert_eq!(ids(&order)[1], first.id, "{order}");
    }
}

#[tokio::test]
async fn info_is_told_as_it_was_given() {
    let server = Server::start().await;
    let mut first = Member::enter(&server).await;
    first.join_as("lobby", json!({"name": "Ada", "tags": [1, null, "\u{1f44b}"]})).await;
    let mut second = Member::enter(&server).await;
    let joined = second.join_as("lobby", json!("plain")).await;
    let ada = json!({"clientId": first.id, "initiator": true, "info": {"name": "Ada", "tags": [1, null, "\u{1f44b}"]}});
    assert_eq!(joined["peers"], json!([ada]));
    let plain = json!({"clientId": second.id, "initiator": false, "info": "plain"});
    first.hears(json!({"type": "peer-joined", "topic": "lobby", "peer": plain})).await;
    assert_eq!(first.peers("lobby").await["peers"], json!([plain]));
}

#[tokio::test]
async fn info_is_passed_on_byte_for_byte() {
    let server = Server::start().await;
    let mut first = Member::enter(&server).await;
    first.join("lobby").await;
    for info in [r#"{"a":1e400,"b" : [ 1.0, -0 ]}"#, r#""\ud800""#, r#"{"k":1,"k":2}"#, r#""\u0041\/""#, "0.10"] {
        let mut second = Member::enter(&server).await;
        second.send_text(&format!(r#"{{"type":"join","topic":"lobby","info":{info}}}"#)).await;
        let heard = first.hear_text().await;
        assert!(heard.starts_with(r#"{"type":"peer-joined","#), "{heard}");
        assert!(heard.contains(&format!(r#""info":{info}}}"#)), "{info} became {heard}");
        first.send_text(r#"{"type":"peers","topic":"lobby"}"#).await;
        let page = first.hear_text().await;
        assert!(page.contains(&format!(r#""info":{info}}}"#)), "{info} became {page}");
        second.hear_text().await;
        second.leave("lobby").await;
        first.hears_departure("lobby", &second.id, "left").await;
    }
}

#[tokio::test]
async fn joining_again_updates_what_the_others_know() {
    let server = Server::start().await;
    let [mut first, mut second, mut third] = room(&server, "lobby").await;
    let updates: [(Value, Value); 3] = [
        (json!({"hand": "up"}), json!({"clientId": second.id, "initiator": false, "info": {"hand": "up"}})),
        (json!([]), json!({"clientId": second.id, "initiator": false, "info": []})),
        (Value::Null, second.as_peer(false)),
    ];
    for (info, seen) in updates {
        let mut request = json!({"type": "join", "topic": "lobby", "ref": "again"});
        if !info.is_null() {
            request["info"] = info;
        }
        let peers = json!([first.as_peer(true), third.as_peer(false)]);
        let again = second.ask(request).await;
        let id = &second.id;
        let joined =
            json!({"type": "joined", "topic": "lobby", "clientId": id, "peers": peers, "total": 2, "ref": "again"});
        assert_eq!(again, joined);
        first.hears(json!({"type": "peer-updated", "topic": "lobby", "peer": seen})).await;
        assert_eq!(first.peers("lobby").await["peers"][0], seen);
        // The third came later: towards the second it makes the offer.
        let mut seen = seen;
        seen["initiator"] = json!(true);
        third.hears(json!({"type": "peer-updated", "topic": "lobby", "peer": seen})).await;
        assert_eq!(third.peers("lobby").await["peers"], json!([first.as_peer(true), seen]));
    }
}

#[tokio::test]
async fn the_user_behind_a_member_is_told_when_it_was_named_before_joining() {
    let server = Server::start().await;
    let mut first = Member::enter(&server).await;
    first.send(json!({"type": "auth", "userId": {"n": 1}})).await;
    first.join("lobby").await;
    let mut second = Member::enter(&server).await;
    second.send(json!({"type": "auth", "userId": "bob"})).await;
    let joined = second.join_as("lobby", json!(7)).await;
    assert_eq!(joined["peers"], json!([{"clientId": first.id, "initiator": true, "userId": {"n": 1}}]));
    let bob = json!({"clientId": second.id, "initiator": false, "userId": "bob", "info": 7});
    first.hears(json!({"type": "peer-joined", "topic": "lobby", "peer": bob})).await;
    assert_eq!(first.peers("lobby").await["peers"], json!([bob]));
    // A second `join` tells the user of now.
    second.send(json!({"type": "auth", "userId": "robert"})).await;
    second.join("lobby").await;
    let robert = json!({"clientId": second.id, "initiator": false, "userId": "robert"});
    first.hears(json!({"type": "peer-updated", "topic": "lobby", "peer": robert})).await;
    second.send(json!({"type": "auth"})).await;
    second.join("lobby").await;
    first.hears(json!({"type": "peer-updated", "topic": "lobby", "peer": second.as_peer(false)})).await;
}

#[tokio::test]
async fn one_member_may_be_in_several_topics_and_each_has_its_own_members() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "both").await;
    one.join_as("mine", json!("m")).await;
    other.join("yours").await;
    one.silence().await;
    other.silence().await;
    assert_eq!(one.peers("both").await["peers"], json!([other.as_peer(false)]), "info belongs to its topic");
    assert_eq!(one.peers("mine").await["total"], 0);
    one.leave("both").await;
    other.hears_departure("both", &one.id, "left").await;
    assert_eq!(one.peers("mine").await["total"], 0, "still there");
    assert_eq!(other.topics().await, [("both".into(), 1), ("mine".into(), 1), ("yours".into(), 1)]);
}

#[tokio::test]
async fn fields_may_come_in_any_order_and_unknown_ones_are_ignored() {
    let server = Server::start().await;
    let mut member = Member::enter(&server).await;
    member
        .send_text(r#" {"x":{"topic":"no"},"info":1,"to":5,"topic":"no","topic":"a\u0062","type":"join","sdp":[]} "#)
        .await;
    let expected = json!({"type": "joined", "topic": "ab", "clientId": member.id, "peers": [], "total": 0});
    member.hears(expected).await;
    assert_eq!(member.topics().await, [("ab".into(), 1)]);
}
