//! What a run looked like over time: how much was done a second, what it took of the CPU, how large the server was. Its phases
//! stand above it.

use plotters::{prelude::*, style::text_anchor::HPos};

use super::{CAPTION, COLOURS, FAINT, FONT, GRID, LEFT, Panel, RIGHT, SMALL, TEXT, WIDTH, caption, text, width_of};
use crate::{
    timeline::{Phase, Slice, Timeline},
    units::grouped,
};

const PLOT: u32 = 150;
/// Numbers at the left, about.
const LABELS: usize = 5;
const AXIS: u32 = 24;
const STRIP: u32 = 24;
/// Every other phase has this colour behind it.
const BAND: RGBColor = RGBColor(0xf1, 0xf3, 0xf6);
const MIB: f64 = (1 << 20) as f64;

/// Points of one phase, seconds and values; `None` where nothing is known.
type Points = Vec<Option<(f64, f64)>>;

struct Curve {
    name: &'static str,
    colour: RGBColor,
    /// One piece for each phase: nothing is known between them.
    pieces: Vec<Points>,
}

struct Plot {
    title: String,
    curves: Vec<Curve>,
}

/// The panels of a timeline; none of one in which nothing was seen.
pub fn panels(timeline: &Timeline) -> Vec<Panel<'_>> {
    let phases: Vec<&Phase> = timeline.phases().collect();
    let bands: Vec<(&str, f64, f64)> = phases
        .iter()
        .filter_map(|phase| Some((phase.name, phase.slices.first()?.from, phase.slices.last()?.to)))
        .collect();
    let Some(end) = bands.last().map(|(_, _, to)| *to) else { return Vec::new() };
    let mut panels = vec![strip(bands.clone(), end)];
    let mut plots = rates(&phases);
    plots.extend([processors(&phases), memory(&phases)].into_iter().flatten());
    panels.extend(plots.into_iter().map(|plot| panel(plot, bands.clone(), end)));
    panels
}

/// A plot for each thing that was counted.
fn rates(phases: &[&Phase]) -> Vec<Plot> {
    let mut names: Vec<&'static str> = phases.iter().map(|phase| phase.counts).collect();
    names.sort_unstable();
    names.dedup();
    let plot = |name| {
        let counted: Vec<&Phase> = phases.iter().copied().filter(|phase| phase.counts == name).collect();
        let rate = |slice: &Slice| Some(slice.done as f64 / slice.length());
        Plot { title: format!("{name} per second"), curves: vec![curve(name, 0, &counted, rate)] }
    };
    // What was named and never done would be an empty picture.
    let is_done = |plot: &Plot| plot.curves.iter().flat_map(Curve::points).any(|(_, value)| value > 0.0);
    names.into_iter().map(plot).filter(is_done).collect()
}

fn processors(phases: &[&Phase]) -> Option<Plot> {
    let server = curve("server", 0, phases, |slice| Some(slice.server? / slice.length()));
    let own = curve("load generator", 1, phases, |slice| Some(slice.own? / slice.length()));
    let curves: Vec<_> = [server, own].into_iter().filter(Curve::is_known).collect();
    let only = if let [Curve { name, .. }] = curves[..] { format!(" ({name})") } else { String::new() };
    let title = format!("CPU seconds per second{only}");
    (!curves.is_empty()).then_some(Plot { title, curves })
}

fn memory(phases: &[&Phase]) -> Option<Plot> {
    let resident = curve("server", 0, phases, |slice| Some(slice.resident? as f64 / MIB));
    let known = resident.is_known();
    known.then_some(Plot { title: "resident memory of the server, MiB".into(), curves: vec![resident] })
}

fn curve(name: &'static str, colour: usize, phases: &[&Phase], of: impl Fn(&Slice) -> Option<f64>) -> Curve {
    let point = |slice: &Slice| Some(((slice.from + slice.to) / 2.0, of(slice)?));
    let piece = |phase: &&Phase| {
        let (first, last) = (phase.slices.first(), phase.slices.last());
        // A slice is a mean, which stands in its middle; the curve begins and ends with the phase.
        let begin = first.map(|slice| Some((slice.from, of(slice)?)));
        let end = last.map(|slice| Some((slice.to, of(slice)?)));
        begin.into_iter().chain(phase.slices.iter().map(point)).chain(end).collect()
    };
    Curve { name, colour: COLOURS[colour], pieces: phases.iter().map(piece).collect() }
}

impl Curve {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.pieces.iter().flatten().copied().flatten()
    }

    fn is_known(&self) -> bool {
        self.points().next().is_some()
    }
}

/// Where a moment of a run stands, in pixels.
fn across(seconds: f64, end: f64) -> i32 {
    LEFT as i32 + (seconds / end * f64::from(WIDTH - LEFT - RIGHT)).round() as i32
}

/// The names of the phases, each as wide as it took.
fn strip(bands: Vec<(&str, f64, f64)>, end: f64) -> Panel<'_> {
    Panel::new(STRIP, move |area| {
        for (place, (name, from, to)) in bands.iter().enumerate() {
            let (left, right) = (across(*from, end), across(*to, end));
            let band = if place % 2 == 0 { BAND } else { GRID };
            area.draw(&Rectangle::new([(left, 2), (right, STRIP as i32 - 2)], band.filled()))?;
            if width_of(name) < right - left {
                text(area, name, ((left + right) / 2, STRIP as i32 / 2), SMALL, FAINT, HPos::Center)?;
            }
        }
        Ok(())
    })
}

fn panel<'a>(plot: Plot, bands: Vec<(&'a str, f64, f64)>, end: f64) -> Panel<'a> {
    Panel::new(CAPTION + PLOT + AXIS, move |area| {
        let legend: Vec<_> = plot.curves.iter().map(|curve| (curve.name, curve.colour)).collect();
        caption(area, &plot.title, if legend.len() > 1 { &legend } else { &[] })?;
        let most = plot.curves.iter().flat_map(Curve::points).map(|(_, value)| value).fold(0.0, f64::max);
        let top = if most > 0.0 { most * 1.1 } else { 1.0 };
        let decimals = (-(top / LABELS as f64).log10()).ceil().clamp(0.0, 3.0) as usize;
        let (unit, unit_seconds) = unit_of(end);
        let end = end / unit_seconds;
        let mut chart = ChartBuilder::on(area)
            .margin_top(CAPTION)
            .margin_right(RIGHT)
            .x_label_area_size(AXIS)
            .y_label_area_size(LEFT)
            .build_cartesian_2d(0.0..end, 0.0..top)?;
        let band = |(_, from, to): &(&str, f64, f64)| {
            Rectangle::new([(from / unit_seconds, 0.0), (to / unit_seconds, top)], BAND.filled())
        };
        chart.draw_series(bands.iter().step_by(2).map(band))?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(FAINT)
            .x_labels(12)
            .y_labels(LABELS)
            .label_style((FONT, SMALL).into_font().color(&TEXT))
            .x_label_formatter(&|time| format!("{} {unit}", grouped(*time, if end < 5.0 { 1 } else { 0 })))
            .y_label_formatter(&|value| grouped(*value, decimals))
            .draw()?;
        for curve in &plot.curves {
            for piece in curve.pieces.iter().flat_map(|points| points.split(Option::is_none)) {
                let points = piece.iter().flatten().map(|(seconds, value)| (seconds / unit_seconds, *value));
                chart.draw_series(LineSeries::new(points, curve.colour.stroke_width(2)))?;
            }
        }
        Ok(())
    })
}

/// The unit in which to tell times up to `end` seconds, and how many seconds it is.
fn unit_of(end: f64) -> (&'static str, f64) {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3_600.0;
    match end {
        _ if end > 3.0 * HOUR => ("h", HOUR),
        _ if end > 5.0 * MINUTE => ("min", MINUTE),
        _ => ("s", 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_in_which_nothing_was_seen_has_no_panels() {
        assert!(panels(&Timeline::default()).is_empty());
    }
}
