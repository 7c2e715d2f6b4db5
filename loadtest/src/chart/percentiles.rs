//! Latencies: a line for each thing that was measured, from its median to its worst.

use plotters::{prelude::*, style::text_anchor::HPos};

use super::{CAPTION, FAINT, FONT, GRID, LEFT, Panel, RIGHT, SMALL, TEXT, caption, text};
use crate::{
    report::{Section, Unit},
    units::grouped,
};

const LINE: u32 = 26;
const AXIS: u32 = 24;
/// For names, which are longer than numbers.
const NAMES: u32 = LEFT + 60;
/// For the numbers at the right.
const NUMBERS: u32 = 250;

/// What is shown, from dark to light.
const QUANTILES: [(&str, RGBColor); 5] = [
    ("p50", RGBColor(0x08, 0x30, 0x6b)),
    ("p90", RGBColor(0x21, 0x71, 0xb5)),
    ("p99", RGBColor(0x6b, 0xae, 0xd6)),
    ("p99.9", RGBColor(0xf0, 0x8a, 0x24)),
    ("max", RGBColor(0xc0, 0x39, 0x2b)),
];

/// The quantiles of one section, in microseconds.
struct Line<'a> {
    name: &'a str,
    values: Vec<(&'static str, RGBColor, f64)>,
}

/// The panel of all sections that hold quantiles of times; `None` when there is none.
pub fn panel(sections: &[Section]) -> Option<Panel<'_>> {
    let lines: Vec<Line<'_>> = sections.iter().filter_map(line).collect();
    let values = || lines.iter().flat_map(|line| &line.values).map(|(_, _, micros)| *micros);
    let least = values().reduce(f64::min)?;
    let most = values().reduce(f64::max)?;
    // At least a decade, so that there are numbers at the axis.
    let (from, to) = (decade(least / 1.3).floor(), decade(most * 1.3).ceil());
    let (from, to) = (10_f64.powf(from), 10_f64.powf(to.max(from + 1.0)));
    let count = lines.len() as u32;
    Some(Panel::new(CAPTION + count * LINE + AXIS, move |area| {
        caption(area, "latency", &QUANTILES)?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(CAPTION)
            .margin_right(RIGHT + NUMBERS)
            .margin_left(NAMES)
            .x_label_area_size(AXIS)
            .build_cartesian_2d((from..to).log_scale(), 0.0..f64::from(count))?;
        let decades = (to / from).log10().round() as usize + 1;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(FAINT)
            .x_labels(decades)
            .label_style((FONT, SMALL).into_font().color(&TEXT))
            .x_label_formatter(&|micros| shown(*micros))
            .draw()?;
        for (place, line) in lines.iter().enumerate() {
            let middle = f64::from(count) - place as f64 - 0.5;
            let at = |micros: f64| (micros, middle);
            let ends = line.values.first().into_iter().chain(line.values.last()).map(|(_, _, micros)| at(*micros));
            chart.draw_series(LineSeries::new(ends, FAINT.stroke_width(1)))?;
            let dots = line.values.iter().rev();
            chart.draw_series(dots.map(|(_, colour, micros)| Circle::new(at(*micros), 5, colour.filled())))?;
            let height = (CAPTION + LINE * place as u32 + LINE / 2) as i32;
            text(area, line.name, (NAMES as i32 - 10, height), SMALL, TEXT, HPos::Right)?;
            let named = |key| line.values.iter().find(|(found, ..)| *found == key);
            let numbers: Vec<_> = ["p50", "p99", "max"]
                .into_iter()
                .filter_map(named)
                .map(|(key, _, micros)| format!("{key} {}", shown(*micros)))
                .collect();
            let left = (super::WIDTH - RIGHT - NUMBERS + 14) as i32;
            text(area, &numbers.join("  ·  "), (left, height), SMALL, TEXT, HPos::Left)?;
        }
        Ok(())
    }))
}

fn line(section: &Section) -> Option<Line<'_>> {
    let figures = section.figures().iter().filter(|figure| figure.unit == Unit::Microseconds && figure.value > 0.0);
    let value = |figure: &crate::report::Figure| {
        let (key, colour) = QUANTILES.iter().find(|(key, _)| *key == figure.key)?;
        Some((*key, *colour, figure.value))
    };
    let values: Vec<_> = figures.filter_map(value).collect();
    (values.len() > 1).then_some(Line { name: &section.key, values })
}

fn decade(micros: f64) -> f64 {
    micros.max(0.1).log10()
}

/// Microseconds in the unit that suits them.
fn shown(micros: f64) -> String {
    let (value, unit) = match micros {
        _ if micros >= 999_500.0 => (micros / 1e6, "s"),
        _ if micros >= 999.5 => (micros / 1e3, "ms"),
        _ => (micros, "µs"),
    };
    let decimals = if value >= 10.0 || value.fract() < 0.005 { 0 } else { 1 };
    format!("{} {unit}", grouped(value, decimals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Figure;

    #[test]
    fn times_are_shown_in_a_unit_that_suits_them() {
        for (micros, text) in
            [(0.5, "0.5 µs"), (17.3, "17 µs"), (999.6, "1.0 ms"), (1_000.0, "1 ms"), (2_500_000.0, "2.5 s")]
        {
            assert_eq!(shown(micros), text);
        }
    }

    #[test]
    fn only_quantiles_of_times_are_latencies() {
        let section = |unit| Section::new("s", ["p50", "p99"].map(|key| Figure::new(key, key, unit, 5.0)));
        assert!(panel(&[section(Unit::Count)]).is_none());
        assert!(panel(&[section(Unit::Microseconds)]).is_some());
    }
}
