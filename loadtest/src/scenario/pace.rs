//! Whether the server reads its clients more slowly than it could.

use crate::cost::Cost;

/// Messages a second for each client, where the server is not told otherwise.
const DEFAULT_RATE: f64 = 100.0;
/// CPU seconds per second below which neither side of a closed loop was at its limit, not even where one waits for the other.
const IDLE: f64 = 0.25;

const ADVICE: &str = "the server is pacing its clients: start it with MAX_MSG_PER_SECOND=0 and MAX_BYTES_PER_SECOND=0 to measure what it can do.";

/// The note for so many messages of so many `senders`. `waits` for storage, which explains why nobody is busy.
pub fn note(messages: u64, senders: usize, cost: &Cost, waits: bool) -> Option<String> {
    let rate = messages as f64 / cost.seconds / senders.max(1) as f64;
    if (0.9 * DEFAULT_RATE..=1.1 * DEFAULT_RATE).contains(&rate) {
        return Some(format!("PACED: each sender came to {rate:.0} messages a second; {ADVICE}"));
    }
    let (server, own) = (cost.cores(&cost.server?), cost.cores(&cost.own?));
    // On a machine that is busy with other things, both may be waiting for a core.
    let idle = !waits && server < IDLE && own < IDLE && messages > 0 && cost.noise().is_none();
    idle.then(|| format!("PACED? The server used {server:.2} cores and this generator {own:.2}: perhaps {ADVICE}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::CpuTime;

    #[test]
    fn the_default_rate_and_idle_cores_are_noticed() {
        let cost = |server: Option<u64>| {
            let used = |ms| {
                let total = Duration::from_millis(ms);
                CpuTime { total, source: "stat", user: total, system: Duration::ZERO, busiest: total }
            };
            Cost { seconds: 5.0, server: server.map(used), own: Some(used(400)), others: None }
        };
        let note = |messages, cost: Cost, waits| note(messages, 200, &cost, waits).unwrap_or_default();
        assert!(note(100_000, cost(None), false).starts_with("PACED: each sender came to 100 messages"));
        assert_eq!(note(500_000, cost(None), false), "");
        assert!(note(500_000, cost(Some(900)), false).contains("0.18 cores"));
        assert_eq!(note(500_000, cost(Some(900)), true), "", "a disk may take its time");
        assert_eq!(note(500_000, cost(Some(4_900)), false), "");
    }
}
