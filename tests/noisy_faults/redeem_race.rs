//! Very many want the same code at the same moment.

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
            // Anew for each round, and at the same time: a connection that asks nothing is closed after a while.
            let address = server.address;
            let opening: JoinSet<_> = (0..CONNECTIONS).map(|_| Line::open(address)).collect();
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
        figure("A1", &what, rounds as f64, "", Goal::Exactly(rounds as f64));
        assert_unharmed(&server).await;
    }
}
