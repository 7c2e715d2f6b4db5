//! Whether the runtime comes round to its tasks: what holds it up holds all clients up.

use std::time::Duration;

use prometheus::Histogram;
use tokio::time::{Instant, sleep_until};

/// Ten looks a second cost less than a ten-thousandth of a core.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Asks to be woken every 100 ms and observes how much later that is done, in seconds. What lasts shorter may fall between two
/// looks; what lasts longer is seen, but for at most those 100 ms of it.
pub async fn watch(late: &Histogram) {
    loop {
        let due = Instant::now() + BETWEEN_LOOKS;
        sleep_until(due).await;
        late.observe(due.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use prometheus::HistogramOpts;
    use tokio::{
        select,
        time::{advance, sleep},
    };

    use super::*;

    /// What is observed while something goes on: how often, and seconds in all.
    async fn observed(meanwhile: impl Future<Output = ()>) -> (u64, f64) {
        let late = Histogram::with_opts(HistogramOpts::new("late", "late")).expect("a histogram");
        select! {
            biased;
            () = watch(&late) => unreachable!("it never ends"),
            () = meanwhile => {}
        }
        (late.get_sample_count(), late.get_sample_sum())
    }

    #[tokio::test(start_paused = true)]
    async fn a_runtime_that_is_on_time_is_never_late() {
        let looks = observed(sleep(Duration::from_millis(1_050))).await;
        assert_eq!(looks, (10, 0.0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_holds_the_runtime_up_is_seen() {
        let looks = observed(async {
            sleep(Duration::from_millis(150)).await;
            // Time passes, and no task is woken.
            advance(Duration::from_millis(650)).await;
            sleep(Duration::from_millis(1)).await;
        });
        assert_eq!(looks.await, (2, 0.6));
    }
}
