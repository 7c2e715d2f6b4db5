//! Members by the page, for rooms that are larger than a frame should be.

use serde_json::{Value, json};

use crate::support::room::{Member, NOBODY, ids, room};
use crate::support::server::Server;

/// All the others by pages of this size.
async fn paged(asker: &mut Member, topic: &str, limit: u64) -> Vec<String> {
    let mut all = Vec::new();
    let mut after = Value::Null;
    loop {
        let mut request = json!({"type": "peers", "topic": topic, "limit": limit});
        if !after.is_null() {
            request["after"] = after;
        }
        let page = asker.ask(request).await;
        assert_eq!(page["type"], "peers", "{page}");
        let listed = ids(&page);
        assert!(listed.len() as u64 <= limit, "{page}");
        all.extend(listed.iter().map(|id| (*id).to_owned()));
        match page.get("next") {
            None => return all,
            Some(next) => {
                assert_eq!(Some(next), listed.last().map(|last| json!(last)).as_ref(), "the last one listed");
                assert_eq!(listed.len() as u64, limit, "a page before the last one is full");
                after = next.clone();
            }
        }
    }
}

#[tokio::test]
async fn a_page_lists_the_others_in_order_of_joining() {
    let server = Server::start().await;
    let mut members: [Member; 4] = room(&server, "t").await;
    let order: Vec<String> = members.iter().map(|member| member.id.clone()).collect();
    for (at, member) in members.iter_mut().enumerate() {
        let others = order.iter().enumerate().filter(|(other, _)| *other != at);
        let peers: Vec<Value> = others.map(|(other, id)| json!({"clientId": id, "initiator": other < at})).collect();
        let page = member.ask(json!({"type": "peers", "topic": "t", "ref": "page"})).await;
        assert_eq!(page, json!({"type": "peers", "topic": "t", "peers": peers, "total": 3, "ref": "page"}));
    }
}

#[tokio::test]
async fn a_limit_makes_pages_and_next_leads_through_all_of_them() {
    let server = Server::start().await;
    let mut members: [Member; 7] = room(&server, "t").await;
    let order: Vec<String> = members.iter().map(|member| member.id.clone()).collect();
    for limit in 1..=8 {
        for (at, asker) in members.iter_mut().enumerate() {
            let mut others = order.clone();
            others.remove(at);
            assert_eq!(paged(asker, "t", limit).await, others, "{limit} a page, asked by {at}");
        }
    }
}

#[tokio::test]
async fn pages_go_on_behind_somebody_and_an_unknown_one_gives_the_first_page() {
    let server = Server::start().await;
    let [mut asker, one, two, three] = room(&server, "t").await;
    let all = [one.id.as_str(), &two.id, &three.id];
    let mut after = async |after: Value| {
        let page = asker.ask(json!({"type": "peers", "topic": "t", "after": after})).await;
        assert_eq!(page["total"], 3, "{page}");
        ids(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(after(json!(one.id)).await, all[1..]);
    assert_eq!(after(json!(three.id)).await, Vec::<String>::new());
    assert_eq!(after(json!(NOBODY)).await, all);
    assert_eq!(after(json!("no id")).await, all);
    let myself = json!(asker.id);
    let page = asker.ask(json!({"type": "peers", "topic": "t", "after": myself})).await;
    assert_eq!(ids(&page), all, "the first of all joined before everybody else");
}

#[tokio::test]
async fn a_page_is_a_hundred_at_most_and_by_default() {
    const OTHERS: usize = 130;
    let server = Server::start().await;
    let mut asker = Member::enter(&server).await;
    asker.join("t").await;
    let mut order = Vec::new();
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        let mut other = Member::enter(&server).await;
        other.join("t").await;
        asker.hears_arrival("t", &other).await;
        order.push(other.id.clone());
        others.push(other);
    }
    for limit in [json!(null), json!(100), json!(101), json!(1_000_000_000_000_000_000_u64)] {
        let mut request = json!({"type": "peers", "topic": "t"});
        if !limit.is_null() {
            request["limit"] = limit.clone();
        }
        let page = asker.ask(request).await;
        assert_eq!(ids(&page), order[..100], "a limit of {limit}");
        assert_eq!((&page["next"], &page["total"]), (&json!(order[99]), &json!(OTHERS)));
    }
    assert_eq!(paged(&mut asker, "t", 100).await, order);
    let arrivals = others[64].heard().await;
    assert_eq!(arrivals.len(), OTHERS - 65);
    assert_eq!(paged(&mut others[64], "t", 33).await.len(), OTHERS);
}

#[tokio::test]
async fn who_left_between_two_pages_does_not_disturb_them() {
    let server = Server::start().await;
    let [mut asker, one, mut two, three] = room(&server, "t").await;
    let page = asker.ask(json!({"type": "peers", "topic": "t", "limit": 2})).await;
    assert_eq!(ids(&page), [&one.id, &two.id]);
    two.leave("t").await;
    asker.hears_departure("t", &two.id, "left").await;
    // Who is no longer there is unknown: the first page again, and nobody is missed.
    let again = asker.ask(json!({"type": "peers", "topic": "t", "limit": 2, "after": two.id})).await;
    assert_eq!(ids(&again), [&one.id, &three.id]);
}

#[tokio::test]
async fn only_members_may_ask_who_is_there() {
    let server = Server::start().await;
    let [_member] = room(&server, "t").await;
    let mut outsider = Member::enter(&server).await;
    for topic in ["t", "empty"] {
        outsider.refused_for(json!({"type": "peers", "topic": topic, "ref": "who"}), "NOT_IN_TOPIC").await;
    }
}

#[tokio::test]
async fn a_room_too_large_for_one_frame_is_told_in_part_and_the_rest_is_fetched_by_pages() {
    const OTHERS: usize = 180;
    const HALF_OUTBOX: usize = 128 * 1024;
    /// A peer with the longest user and info.
    const PEER: usize = 2200;
    let server = Server::start().await;
    let text = "x".repeat(1022);
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        let mut other = Member::enter(&server).await;
        other.send(json!({"type": "auth", "userId": text})).await;
        other.send(json!({"type": "join", "topic": "t", "info": text})).await;
        other.settle().await;
        others.push(other);
    }
    let order: Vec<String> = others.iter().map(|member| member.id.clone()).collect();
    let mut newcomer = Member::enter(&server).await;
    let mut request = json!({"type": "join", "topic": "t"});
    let mut told: Vec<String> = Vec::new();
    loop {
        newcomer.send(request).await;
        let answer = newcomer.hear_text().await;
        let page: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(page["total"], OTHERS);
        assert_eq!((&page["peers"][0]["info"], &page["peers"][0]["userId"]), (&json!(text), &json!(text)));
        told.extend(ids(&page).into_iter().map(str::to_owned));
        assert_eq!(told, order[..told.len()], "in order, without a gap");
        assert!(answer.len() <= HALF_OUTBOX, "{} bytes", answer.len());
        let Some(next) = page.get("next") else { break };
        assert!(answer.len() > HALF_OUTBOX - PEER, "as many as fit, but {} bytes", answer.len());
        assert_eq!(next, told.last().unwrap());
        request = json!({"type": "peers", "topic": "t", "after": next});
    }
    assert_eq!(told, order);
    newcomer.silence().await;
}
