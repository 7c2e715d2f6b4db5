//! Whether the time of a comparison tells how much of a guess is right: the method of dudect (Reparaz, Balasch, Verbauwhede 2016), two
//! classes of guesses in a random order, Welch's t of what they take.

use std::{hint::black_box, time::Instant};

use meetpoint::config::Secret;
use meetpoint_scorecard::{Goal, figure};

const SAMPLES: usize = 1_200_000;
/// One comparison takes less than a clock can tell.
const COMPARISONS: usize = 64;
/// What took longer than this part of all samples was interrupted by something else.
const QUICK: f64 = 0.95;

const SECRET: &[u8; 64] = b"3f7a9c1e5b2d8064a1c3e5f70918273645546372819a0bcdef1234567890abcd";

/// Welch's t between guesses that are wrong from the first byte on and those that are wrong in the last alone.
fn t(is: impl Fn(&[u8]) -> bool) -> f64 {
    let (mut early, mut late) = (*SECRET, *SECRET);
    early.iter_mut().for_each(|byte| *byte ^= 1);
    late[63] ^= 1;
    let guesses = [early, late];
    let mut samples: Vec<(usize, f64)> = (0..SAMPLES)
        .map(|_| {
            let class = usize::from(rand::random::<bool>());
            // The same place in memory for both.
            let guess = black_box(guesses[class]);
            let begun = Instant::now();
            for _ in 0..COMPARISONS {
                black_box(is(black_box(&guess)));
            }
            (class, begun.elapsed().as_nanos() as f64)
        })
        .collect();
    samples.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    samples.truncate((SAMPLES as f64 * QUICK) as usize);
    let [(m0, v0, n0), (m1, v1, n1)] = [0, 1].map(|class| {
        let times = || samples.iter().filter(|(of, _)| *of == class).map(|(_, time)| time);
        let count = times().count() as f64;
        let mean = times().sum::<f64>() / count;
        (mean, times().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0), count)
    });
    (m0 - m1) / (v0 / n0 + v1 / n1).sqrt()
}

#[test]
#[ignore = "a measurement, for a quiet machine and an optimised build: make soak"]
fn what_of_a_guess_is_right_shows_in_no_time() {
    let secret = Secret::new(str::from_utf8(SECRET).expect("ASCII"));
    let found = t(|guess| secret.is(guess)).abs();
    let control = t(|guess| SECRET.iter().zip(guess).all(|(one, other)| one == other)).abs();
    figure("A11", "Welch's |t| of comparing a secret, over a million samples", found, "", Goal::AtMost(4.5));
    figure(
        "A11",
        "the same of a comparison that stops early, to see that it would show",
        control,
        "",
        Goal::AtLeast(4.5),
    );
}
