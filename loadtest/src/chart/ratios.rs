//! One server against another: a line for each figure, a dot for each round, and where the medians stand.

use plotters::{prelude::*, style::text_anchor::HPos};

use super::{CAPTION, COLOURS, FAINT, GRID, Panel, RIGHT, SMALL, TEXT, WIDTH, caption, text};
use crate::compare::factor;

const LINE: u32 = 22;
const AXIS: u32 = 24;
/// For the figures' names.
const NAMES: u32 = 260;
/// For the numbers at the right.
const NUMBERS: u32 = 300;
/// No line reaches further: what differs by more is off the scale, and its number says so.
const FURTHEST: f64 = 1_000.0;

/// A figure of both.
pub struct Ratio {
    pub name: String,
    /// Of the peer to the server, for each round.
    pub rounds: Vec<f64>,
    pub median: f64,
    /// The medians of server and peer, as they are shown.
    pub values: [String; 2],
}

/// The panel of all figures; `None` when there is none.
pub fn panel<'a>(ratios: Vec<Ratio>) -> Option<Panel<'a>> {
    let reach = reach(ratios.iter().flat_map(|ratio| ratio.rounds.iter().copied()))?;
    let count = ratios.len() as u32;
    Some(Panel::new(CAPTION + LINE * (count + 1) + AXIS, move |area| {
        let legend = [("of the medians", COLOURS[0]), ("of a round", COLOURS[1])];
        caption(area, "peer divided by server", &legend)?;
        let left = (WIDTH - RIGHT - NUMBERS) as i32;
        let columns = [left + 60, left + 175, left + NUMBERS as i32];
        let head = (CAPTION + LINE / 2) as i32;
        for (column, name) in columns.into_iter().zip(["ratio", "server", "peer"]) {
            text(area, name, (column, head), SMALL, FAINT, HPos::Right)?;
        }
        let mut chart = ChartBuilder::on(area)
            .margin_top(CAPTION + LINE)
            .margin_right(RIGHT + NUMBERS)
            .margin_left(NAMES)
            .margin_bottom(AXIS)
            .build_cartesian_2d((1.0 / reach..reach).log_scale(), 0.0..f64::from(count))?;
        for tick in ticks(reach) {
            let colour = if tick == 1.0 { FAINT } else { GRID };
            let (across, down) = chart.backend_coord(&(tick, 0.0));
            chart.draw_series(LineSeries::new([(tick, 0.0), (tick, f64::from(count))], colour.stroke_width(1)))?;
            let (_, above) = area.get_base_pixel();
            text(area, &tick.to_string(), (across, down - above + 12), SMALL, TEXT, HPos::Center)?;
        }
        for (place, Ratio { name, rounds, median, values: [server, peer] }) in ratios.iter().enumerate() {
            let middle = f64::from(count) - place as f64 - 0.5;
            let at = |ratio: f64| (ratio.clamp(1.0 / reach, reach), middle);
            chart.draw_series(rounds.iter().map(|ratio| Circle::new(at(*ratio), 3, COLOURS[1].filled())))?;
            chart.draw_series([Circle::new(at(*median), 5, COLOURS[0].filled())])?;
            let height = (CAPTION + LINE * (place as u32 + 1) + LINE / 2) as i32;
            text(area, name, (NAMES as i32 - 10, height), SMALL, TEXT, HPos::Right)?;
            for (column, value) in columns.into_iter().zip([&factor(*median), server, peer]) {
                text(area, value, (column, height), SMALL, TEXT, HPos::Right)?;
            }
        }
        Ok(())
    }))
}

/// The largest ratio that is shown; `None` of none. The axis reaches as far below 1, where both are alike, as above it.
fn reach(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    let far = |ratio: f64| ratio.max(1.0 / ratio.max(1.0 / FURTHEST)).min(FURTHEST);
    Some((ratios.map(far).reduce(f64::max)? * 1.15).max(2.1))
}

/// Numbers at the axis: powers of ten and, while there are few, what lies between.
fn ticks(reach: f64) -> impl Iterator<Item = f64> {
    const FEW: f64 = 12.0;
    let all = [0.001, 0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0, 1_000.0];
    let is_between = |tick: &f64| [0.2, 0.5, 2.0, 5.0].contains(tick);
    all.into_iter()
        .filter(move |tick| (1.0 / reach..=reach).contains(tick))
        .filter(move |tick| reach < FEW || !is_between(tick))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_reaches_as_far_to_both_sides_and_has_few_numbers() {
        let ticks = |ratios: &[f64]| ticks(reach(ratios.iter().copied()).expect("some")).collect::<Vec<_>>();
        assert_eq!(ticks(&[1.1]), [0.5, 1.0, 2.0]);
        assert_eq!(ticks(&[0.25, 3.0]), [0.5, 1.0, 2.0]);
        assert_eq!(ticks(&[0.15]), [0.2, 0.5, 1.0, 2.0, 5.0]);
        assert_eq!(ticks(&[30.0]), [0.1, 1.0, 10.0]);
        assert_eq!(ticks(&[0.0, 1e9]), [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0]);
    }

    #[test]
    fn nothing_to_compare_is_no_panel() {
        assert!(panel(Vec::new()).is_none());
    }
}
