//! Ten thousand want the same code at the same moment.

use tokio::task::JoinSet;

use crate::support::line::{Line, post, statuses};
use crate::support::noisy::{assert_unharmed, mint, wanted};
use crate::support::storage::each;

const CONNECTIONS: usize = 500;
/// Written at once on each connection.
const EACH: usize = 20;

#[tokio::test]
async fn exactly_one_of_ten_thousand_redeems_a_code() {
    for server in each(&[]).await {
        let code = mint(&server).await.code;
        let mut lines = Vec::new();
        for _ in 0..CONNECTIONS {
            lines.push(Line::open(server.address).await);
        }
        let requests = post("/rendezvous/redeem", &wanted(&code)).repeat(EACH);
        let mut asking = JoinSet::new();
        for mut line in lines {
            let requests = requests.clone();
            asking.spawn(async move {
                line.write(&requests).await;
                let mut answers = Vec::new();
                for _ in 0..EACH {
                    answers.push(line.answer().await);
                }
                answers
            });
        }
        let answers = asking.join_all().await.concat();
        assert_eq!(statuses(&answers), [(200, 1), (410, CONNECTIONS * EACH - 1)].into(), "on {}", server.name);
        assert_unharmed(&server).await;
    }
}
