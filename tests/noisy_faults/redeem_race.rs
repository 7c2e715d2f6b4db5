//! Very many want the same code at the same moment.

use std::net::Ipv4Addr;

use meetpoint_scorecard::{Goal, figure, scale};
use tokio::task::JoinSet;

use crate::support::line::{Line, post, statuses};
use crate::support::noisy::{assert_unharmed, mint, wanted};
use crate::support::server::CROWDED;
use crate::support::storage::each;

const CONNECTIONS: usize = 500;

#[tokio::test]
async fn exactly_one_of_thousands_redeems_a_code_in_every_round() {
    // Each connection writes so many at once.
    let (rounds, each_writes) = scale((10, 4), (50, 20));
    let redeems = CONNECTIONS * each_writes;
    for server in each(&[CROWDED]).await {
        for round in 0..rounds {
            let requests = post("/rendezvous/redeem", &wanted(&mint(&server).await.code)).repeat(each_writes);
            // Anew for each round, and at the same time: a connection that asks nothing is closed after a while. Each round from
            // an address of its own: where most ports are taken or have just been, looking for a free one takes milliseconds.
            let (address, source) = (server.address, Ipv4Addr::new(127, 0, 1, round));
            let opening: JoinSet<_> = (0..CONNECTIONS).map(|_| Line::from(source, address)).collect();
            let lines = opening.join_all().await;
            let mut asking = JoinSet::new();
            for mut line in lines {
                let requests = requests.clone();
                asking.spawn(async move {
                    line.write(&requests).await;
                    let mut answers = Vec::new();
                    for _ in 0..each_writes {
                        answers.push(line.answer().await);
                    }
                    answers
                });
            }
            let answers = asking.join_all().await.concat();
            assert_eq!(statuses(&answers), [(200, 1), (410, redeems - 1)].into(), "round {round} on {}", server.name);
        }
        let what = format!("rounds with exactly one winner of {redeems} on {}", server.name);
        figure("A1", &what, f64::from(rounds), "", Goal::Exactly(f64::from(rounds)));
        assert_unharmed(&server).await;
    }
}
