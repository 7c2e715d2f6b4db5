//! Everybody loses the connection at once, and comes back at once.

use meetpoint_scorecard::{Goal, figure, scale};

use crate::generator::{load, note_stalls, server, value};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_comes_back_from_a_storm() {
    const MIB: f64 = 1024.0 * 1024.0;
    let server = server(&[]).await;
    let options = scale("--clients 1000 --rounds 1", "--clients 10000 --rounds 3");
    let report = load(&server, "storm", &format!("--spread-addresses {options}")).await;
    note_stalls(&server, "everybody coming back").await;
    let rounds = ["storm1", "storm2", "storm3"].into_iter().take(scale(1, 3));
    let worst = |key| rounds.clone().map(|round| value(&report, round, key)).fold(0.0, f64::max);
    figure("L6", "clients that come back at once", scale(1_000.0, 10_000.0), "", Goal::Told);
    figure("L6", "clients that did not come back", 0.0, "", Goal::Exactly(0.0));
    figure("L6", "all back within, worst of all storms", worst("readySeconds"), "s", Goal::AtMost(10.0));
    figure("L6", "time to ready, p99, worst of all storms", worst("p99") / 1e6, "s", Goal::Told);
    let (peak, steady) = (worst("rssPeak"), value(&report, "server", "rssConnected"));
    figure("L6", "RSS at the peak, of that before", peak / steady, "×", Goal::AtMost(1.5));
    figure("L6", "RSS at the peak", peak / MIB, "MiB", Goal::Told);
    server.assert_no_panic();
}
