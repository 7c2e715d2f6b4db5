//! The server's process over hours: does it grow?

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    process::Process,
    report::{Figure, Section, Unit},
};

/// How often one looks.
const EVERY: Duration = Duration::from_secs(1);
const HOUR: f64 = 3_600.0;

/// What was seen, and when.
#[derive(Clone, Copy, Debug)]
struct Look {
    seconds: f64,
    resident: u64,
    threads: u64,
    descriptors: Option<u64>,
}

/// All that was seen of a process: a few megabytes in a day.
#[derive(Default, Debug)]
pub struct Growth(Vec<Look>);

impl Growth {
    /// Looks at the process every second, until it is dropped.
    pub async fn watch(&mut self, process: &Process) -> ! {
        let begun = Instant::now();
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // A process that is gone is what others report.
            if let (Ok(resident), Ok(threads)) = (process.resident_bytes(), process.threads()) {
                let descriptors = process.descriptors().ok();
                self.0.push(Look { seconds: begun.elapsed().as_secs_f64(), resident, threads, descriptors });
            }
        }
    }

    /// The figures of `from..until`, in seconds since it was first looked at; the slope is that of the second half.
    pub fn figures(&self, from: f64, until: f64) -> Option<Section> {
        let of = |from: f64| self.0.iter().filter(move |look| (from..=until).contains(&look.seconds));
        let count =
            |key, label, value: Option<u64>| value.map(|value| Figure::new(key, label, Unit::Count, value as f64));
        let first = of(from).next()?;
        let mut section =
            Section::new("growth", [Figure::new("rssFirst", "RSS when it began", Unit::Bytes, first.resident as f64)]);
        let greatest = of(from).map(|look| look.resident).max()?;
        section.extend([Figure::new("rssMax", "RSS, greatest", Unit::Bytes, greatest as f64)]);
        let points: Vec<_> = of((from + until) / 2.0).map(|look| (look.seconds, look.resident as f64)).collect();
        let slope = slope(&points).map(|slope| slope * HOUR);
        section.extend(slope.map(|slope| Figure::new("rssPerHour", "RSS per hour, second half", Unit::Bytes, slope)));
        section.extend(count("threadsMax", "threads, most", of(from).map(|look| look.threads).max()));
        section.extend(count(
            "descriptorsMin",
            "descriptors, fewest",
            of(from).filter_map(|look| look.descriptors).min(),
        ));
        section.extend(count(
            "descriptorsMax",
            "descriptors, most",
            of(from).filter_map(|look| look.descriptors).max(),
        ));
        Some(section)
    }
}

/// Of the line through points `(x, y)` by least squares; `None` for fewer than two different ones.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let common: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    (spread > 0.0).then(|| common / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_that_of_the_line_nearest_to_all_points() {
        assert_eq!(slope(&[(1.0, 5.0), (2.0, 7.0), (3.0, 9.0)]), Some(2.0));
        assert_eq!(slope(&[(0.0, 0.0), (1.0, 3.0), (2.0, 0.0)]), Some(0.0));
        assert_eq!(slope(&[(1.0, 5.0)]), None);
        assert_eq!(slope(&[]), None);
    }

    #[test]
    fn what_grew_before_the_second_half_is_no_growth() {
        let look = |seconds: u32| {
            let resident = 1_000
                + 10 * u64::from(seconds.min(50))
                + u64::from(seconds > 50) * u64::from(seconds - seconds.min(50));
            Look { seconds: seconds.into(), resident, threads: 3, descriptors: Some(u64::from(seconds)) }
        };
        let growth = Growth((0..=120).map(look).collect());
        let section = growth.figures(10.0, 110.0).expect("figures");
        let of = |key| section.value(key).expect(key);
        assert_eq!((of("rssFirst"), of("rssMax")), (1_100.0, 1_560.0));
        assert!((of("rssPerHour") - HOUR).abs() < 1e-6, "a byte a second: {section}");
        assert_eq!((of("threadsMax"), of("descriptorsMin"), of("descriptorsMax")), (3.0, 10.0, 110.0));
        assert!(growth.figures(200.0, 300.0).is_none());
    }
}
