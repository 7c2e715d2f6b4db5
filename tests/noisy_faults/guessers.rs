//! Somebody tries all codes, from one address and from very many, while others meet.

use std::net::Ipv4Addr;
use std::time::Duration;

use meetpoint_scorecard::{Goal, figure};
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::support::line::Line;
use crate::support::noisy::{assert_unharmed, minted, wanted};
use crate::support::server::Server;

const CODES: usize = 10_000;
const ADDRESSES: usize = 250;
const PAIRS: u8 = 100;

/// What became of guesses.
#[derive(Clone, Copy, Default, Debug)]
struct Guesses {
    hits: usize,
    failures: usize,
    refused: usize,
}

/// Tries these codes from one address.
async fn guess(server: std::net::SocketAddr, source: Ipv4Addr, codes: std::ops::Range<usize>) -> Guesses {
    let mut line = Line::from(source, server).await;
    let mut guesses = Guesses::default();
    for code in codes {
        match line.post("/rendezvous/redeem", &wanted(&format!("{code:04}"))).await.status {
            200 => guesses.hits += 1,
            410 => guesses.failures += 1,
            429 => guesses.refused += 1,
            status => panic!("a guess was answered {status}"),
        }
    }
    guesses
}

/// One mints, tells the other, who redeems; whether they meet.
async fn meet(server: std::net::SocketAddr, number: u8) -> bool {
    let mut host = Line::from(Ipv4Addr::new(127, 2, 1, number), server).await;
    let mut guest = Line::from(Ipv4Addr::new(127, 2, 2, number), server).await;
    let minted = minted(&host.post("/rendezvous/code", "").await);
    let redeemed = guest.post("/rendezvous/redeem", &wanted(&minted.code)).await;
    redeemed.status == 200 && redeemed.json()["appID"] == minted.app.as_str()
}

#[tokio::test]
async fn guessers_are_slowed_to_nothing_and_the_honest_meet() {
    let server = Server::start().await;
    let address = server.address;
    let mut guessing = JoinSet::new();
    guessing.spawn(guess(address, Ipv4Addr::new(127, 1, 0, 1), 0..CODES));
    let share = CODES / ADDRESSES;
    for number in 0..ADDRESSES {
        let source = Ipv4Addr::new(127, 1, 1, number as u8 + 1);
        guessing.spawn(guess(address, source, number * share..(number + 1) * share));
    }
    let honest = async {
        let mut beat = interval(Duration::from_millis(20));
        let mut met = 0;
        for number in 1..=PAIRS {
            beat.tick().await;
            met += u8::from(meet(address, number).await);
        }
        met
    };
    let (all, met) = tokio::join!(guessing.join_all(), honest);
    let sum = |count: fn(&Guesses) -> usize| all.iter().map(count).sum::<usize>();
    let total =
        Guesses { hits: sum(|all| all.hits), failures: sum(|all| all.failures), refused: sum(|all| all.refused) };
    println!("{met} of {PAIRS} pairs met; {total:?} from {} addresses", ADDRESSES + 1);
    assert_eq!(total.hits + total.failures + total.refused, 2 * CODES);
    for guesses in &all {
        assert!(guesses.failures <= 11, "{guesses:?} of one address");
    }
    let most = all.iter().map(|guesses| guesses.failures + guesses.hits).max().unwrap_or_default();
    figure("A2", "guesses of one address that were looked at in a minute", most as f64, "", Goal::AtMost(11.0));
    figure("A2", "codes hit, of 10,000 tried by 251 addresses", total.hits as f64, "", Goal::Told);
    figure("A2", "honest pairs that met meanwhile", f64::from(met), "%", Goal::AtLeast(99.0));
    assert!(met >= PAIRS - 1 && total.hits <= 3, "{met} pairs met, {total:?}");
    assert_unharmed(&server).await;
}
