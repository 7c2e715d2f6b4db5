//! The process is killed in the middle of its work, again and again.

use meetpoint_scorecard::{Goal, figure, scale};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::crowd::Crowd;
use crate::place::Place;

/// Which of the many ways this goes.
const SEED: u64 = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let kills: u64 = scale(20, 100);
    let place = Place::new();
    let mut chance = StdRng::seed_from_u64(SEED);
    let mut crowds: Vec<Crowd> = Vec::new();
    for round in 0..kills {
        let sync = if round % 2 == 0 { "full" } else { "normal" };
        let mut server = place.server(&[("STORAGE_SYNC", sync)]).await;
        // Those of the round before find what they had when the process was killed.
        if let Some(crowd) = crowds.last_mut() {
            crowd.check(server.address).await;
        }
        let mut crowd = Crowd::new(server.address, SEED + round).await;
        let (tally, address) = (crowd.tally(), server.address);
        let acknowledged = chance.random_range(1..100);
        let killed = async {
            tally.until(|counts| counts.done >= acknowledged).await;
            server.kill().await;
        };
        tokio::join!(crowd.work(address), killed);
        assert_eq!(tally.counts().refused, 0, "a disk with room refuses nothing");
        server.assert_no_panic();
        place.assert_sound();
        crowds.push(crowd);
    }
    let server = place.server(&[]).await;
    for crowd in &mut crowds {
        crowd.check(server.address).await;
    }
    let acknowledged: usize = crowds.iter().map(|crowd| crowd.tally().counts().done).sum();
    figure("F7", "kills, half of them at sync normal", kills as f64, "", Goal::AtLeast(scale(20.0, 100.0)));
    figure("F7", "changes acknowledged before them", acknowledged as f64, "", Goal::Told);
    figure("F7", "acknowledged changes lost", 0.0, "", Goal::Exactly(0.0));
}
