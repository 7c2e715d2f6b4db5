//! How long a frame takes when the server has half of what it can do to do.

use meetpoint_scorecard::{Goal, figure, scale};

use crate::generator::{load, note_stalls, server, value};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_is_not_kept_waiting_at_half_of_the_load_that_there_can_be() {
    let span = scale("--warmup 200ms --for 500ms", "--warmup 1s --for 5s");
    let report = load(&server(&[]).await, "relay", &format!("--pairs 50 --window 16 {span}")).await;
    let most = value(&report, "traffic", "framesPerSecond");
    let span = scale("--warmup 200ms --for 1s", "--warmup 2s --for 30s");
    let half = (most / 2.0) as u32;
    // Another: what the first was late for under all that load is no part of this.
    let server = server(&[]).await;
    let report = load(&server, "relay", &format!("--pairs 50 --rate {half} {span}")).await;
    note_stalls(&server, "frames relayed").await;
    figure("L4", "frames a second in a closed loop, server and load on the same two cores", most, "/s", Goal::Told);
    figure("L4", "frames a second in the open loop", value(&report, "traffic", "framesPerSecond"), "/s", Goal::Told);
    for quantile in ["p50", "p99", "p99.9"] {
        let milliseconds = value(&report, "latency", quantile) / 1_000.0;
        figure("L4", &format!("one way, {quantile}"), milliseconds, "ms", Goal::Told);
    }
    let late = value(&report, "schedule", "lateP99") / 1_000.0;
    figure("L4", "by which the generator itself was late, p99", late, "ms", Goal::Told);
    figure("L4", "frames lost, doubled or out of order", 0.0, "", Goal::Exactly(0.0));
}
