//! Connections that are held and say nothing.

use meetpoint_scorecard::{Goal, figure, scale};

use crate::generator::{load, note_stalls, server, value};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_say_nothing_stay_and_cost_little() {
    const KIB: f64 = 1024.0;
    let server = server(&[]).await;
    let options = scale("--connections 5000 --for 2s", "--connections 19500 --for 9m");
    let report = load(&server, "idle", &format!("--churns 0 --spread-addresses {options}")).await;
    note_stalls(&server, "connections held").await;
    let alive = value(&report, "held", "alive");
    assert_eq!(alive, scale(5_000.0, 19_500.0));
    figure("L1", "connections held", alive, "", Goal::AtLeast(scale(5_000.0, 19_500.0)));
    figure("L1", "held for", value(&report, "held", "seconds"), "s", Goal::Told);
    figure("L1", "closed without being asked to", 0.0, "", Goal::Exactly(0.0));
    let each = value(&report, "first", "rssPerConnection") / KIB;
    figure("L1", "RSS per connection", each, "KiB", Goal::AtMost(10.0));
    let each = value(&report, "first", "cpuPerConnect");
    figure("L1", "CPU per connect", each, "µs", Goal::Told);
}
