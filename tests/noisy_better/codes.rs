//! Codes that do not run out, and do not come back while somebody may still type them.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::line::{Line, many, post, statuses};
use crate::support::noisy::{Minted, mint, minted, redeem, wanted};
use crate::support::server::Server;
use crate::support::storage::each;

const CONNECTIONS: usize = 16;

async fn mint_many(server: &Server, count: usize) -> Vec<Minted> {
    let answers = many(server.address, CONNECTIONS, count, &post("/rendezvous/code", "")).await;
    answers.iter().map(minted).collect()
}

/// Redeems all of them, each for the app that it was minted for.
async fn redeem_all(server: &Server, codes: Vec<Minted>) {
    let mut codes: Vec<Vec<Minted>> = {
        let mut codes = codes.into_iter();
        std::iter::from_fn(|| Some(codes.by_ref().take(500).collect()))
            .take_while(|some: &Vec<_>| !some.is_empty())
            .collect()
    };
    let mut redeeming = JoinSet::new();
    for share in codes.drain(..) {
        let server = server.address;
        redeeming.spawn(async move {
            let mut line = Line::open(server).await;
            for Minted { code, app } in share {
                let redeemed = line.post("/rendezvous/redeem", &wanted(&code)).await;
                assert_eq!((redeemed.status, &redeemed.json()["appID"]), (200, &json!(app)));
            }
        });
    }
    redeeming.join_all().await;
}

fn distinct<'a>(codes: impl IntoIterator<Item = &'a Minted>) -> usize {
    codes.into_iter().map(|minted| minted.code.as_str()).collect::<HashSet<_>>().len()
}

#[tokio::test]
async fn a_used_code_is_not_minted_again_while_somebody_may_still_type_it() {
    const EACH: usize = 2_400;
    for server in each(&[]).await {
        let first = mint_many(&server, EACH).await;
        let used: HashSet<String> = first.iter().map(|minted| minted.code.clone()).collect();
        assert_eq!(used.len(), EACH);
        redeem_all(&server, first).await;
        let second = mint_many(&server, EACH).await;
        let again = second.iter().filter(|minted| used.contains(&minted.code)).count();
        assert_eq!((again, distinct(&second)), (0, EACH), "on {}", server.name);
        // All of them are four digits: nothing has grown that did not have to.
        assert!(second.iter().all(|minted| minted.code.len() == 4));
    }
}

#[tokio::test]
async fn above_half_of_the_space_codes_grow_by_a_digit() {
    for server in each(&[]).await {
        let short = mint_many(&server, 5_000).await;
        assert!(short.iter().all(|minted| minted.code.len() == 4), "half of the space is not more than half");
        let _between = mint(&server).await;
        let long = mint_many(&server, 200).await;
        assert!(long.iter().all(|minted| minted.code.len() == 5), "on {}", server.name);
        assert_eq!((distinct(&short), distinct(&long)), (5_000, 200));
        redeem_all(&server, short.into_iter().take(100).chain(long).collect()).await;
    }
}

#[tokio::test]
async fn the_number_of_digits_can_be_set() {
    for (setting, digits) in [("4", 4), ("6", 6), ("8", 8)] {
        let server = Server::with(&[("CODE_DIGITS", setting)]).await;
        let codes = mint_many(&server, 32).await;
        assert!(codes.iter().all(|minted| minted.code.len() == digits));
        assert!(codes.iter().all(|minted| minted.code.bytes().all(|digit| digit.is_ascii_digit())));
        assert_eq!(distinct(&codes), 32);
        redeem_all(&server, codes).await;
    }
}

#[tokio::test]
async fn unknown_used_and_expired_codes_look_the_same() {
    join_all(each(&[("ROOM_TTL", "3s"), ("CODE_DIGITS", "8")]).await.map(|server| async move {
        let (expired, used) = (mint(&server).await, mint(&server).await);
        assert_eq!(redeem(&server, &used.code).await.status, 200);
        let early = redeem(&server, &used.code).await;
        sleep(Duration::from_millis(3200)).await;
        for code in [&expired.code, &used.code, "0000", "99999999"] {
            let mut answer = redeem(&server, code).await;
            answer.headers.retain(|(name, _)| name != "date");
            let mut first = early.clone();
            first.headers.retain(|(name, _)| name != "date");
            assert_eq!((answer.status, &answer.body, &answer.headers), (410, &"gone\n".to_owned(), &first.headers));
        }
    }))
    .await;
}

#[tokio::test]
async fn one_of_many_redeems_a_code() {
    for server in each(&[]).await {
        for _ in 0..20 {
            let code = mint(&server).await.code;
            let answers = many(server.address, 16, 16, &post("/rendezvous/redeem", &wanted(&code))).await;
            assert_eq!(statuses(&answers), [(200, 1), (410, 15)].into(), "on {}", server.name);
        }
    }
}
