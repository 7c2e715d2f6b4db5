//! Results as pictures: one sheet of panels below each other, as SVG.
//!
//! - [`over_time`]: what a run looked like · [`percentiles`]: latencies · [`ratios`]: one server against another

pub mod over_time;
pub mod percentiles;
pub mod ratios;

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::Error;

/// Pixels.
const WIDTH: u32 = 960;
/// What stands at the left of a plot: the axis and its numbers, or names.
const LEFT: u32 = 84;
const RIGHT: u32 = 24;
const CAPTION: u32 = 34;

const FONT: &str = "sans-serif";
/// Sizes of text. The library counts the space above and below the letters, too: 15 is written as 12 pixels.
const TITLE: i32 = 25;
const NAME: i32 = 17;
const SMALL: i32 = 15;
const TEXT: RGBColor = RGBColor(0x22, 0x22, 0x22);
const FAINT: RGBColor = RGBColor(0x5f, 0x5f, 0x5f);
const BROKEN: RGBColor = RGBColor(0xb0, 0x2a, 0x1a);
const GRID: RGBColor = RGBColor(0xe2, 0xe2, 0xe2);
/// Colours that people with any colour vision tell apart (Okabe and Ito), without those too light for white.
const COLOURS: [RGBColor; 4] =
    [RGBColor(0x00, 0x72, 0xb2), RGBColor(0xd5, 0x5e, 0x00), RGBColor(0x00, 0x9e, 0x73), RGBColor(0xcc, 0x79, 0xa7)];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A part of a sheet.
pub struct Panel<'a> {
    /// Pixels.
    height: u32,
    draw: Box<dyn Fn(&Area) -> Drawn + 'a>,
}

impl<'a> Panel<'a> {
    fn new(height: u32, draw: impl Fn(&Area) -> Drawn + 'a) -> Self {
        Self { height, draw: Box::new(draw) }
    }
}

/// The panels below each other; above them, where they are to stand alone, a title, what explains it, and what broke.
pub fn sheet(head: Option<(&str, &str, &[String])>, panels: &[Panel<'_>]) -> Result<String, Error> {
    const HEAD: u32 = 60;
    const FAULT: u32 = 18;
    const FOOT: u32 = 12;
    let mut svg = String::new();
    let above = head.map_or(0, |(_, _, faults)| HEAD + FAULT * faults.len() as u32);
    let height = above + panels.iter().map(|panel| panel.height).sum::<u32>() + FOOT;
    let draw = |svg| {
        let area = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        if let Some((title, subtitle, faults)) = head {
            text(&area, title, (16, 22), TITLE, TEXT, HPos::Left)?;
            text(&area, subtitle, (16, 46), NAME, FAINT, HPos::Left)?;
            for (place, fault) in faults.iter().enumerate() {
                text(&area, fault, (16, (HEAD + FAULT * place as u32) as i32), NAME, BROKEN, HPos::Left)?;
            }
        }
        let mut rest = area.margin(above, 0, 0, 0);
        for panel in panels {
            let (this, below) = rest.split_vertically(panel.height);
            (panel.draw)(&this)?;
            rest = below;
        }
        Ok(area.present()?)
    };
    draw(&mut svg).map_err(|error: Box<dyn std::error::Error>| Error::Chart(error.to_string()))?;
    Ok(svg)
}

/// One line of text whose middle is at this height; `at` is its beginning, middle or end.
fn text(area: &Area, text: &str, at: (i32, i32), size: i32, colour: RGBColor, anchor: HPos) -> Drawn {
    let style = TextStyle::from((FONT, size).into_font()).color(&colour).pos(Pos::new(anchor, VPos::Center));
    Ok(area.draw_text(text, &style, at)?)
}

/// The first line of a panel: what it shows and, at the right, the colours of several things that it shows.
fn caption(area: &Area, title: &str, legend: &[(&str, RGBColor)]) -> Drawn {
    const LINE: i32 = 18;
    const GAP: i32 = 6;
    const MIDDLE: i32 = CAPTION as i32 - 14;
    text(area, title, (16, MIDDLE), NAME, TEXT, HPos::Left)?;
    let mut right = (WIDTH - RIGHT) as i32;
    for (name, colour) in legend.iter().rev() {
        text(area, name, (right, MIDDLE), SMALL, TEXT, HPos::Right)?;
        right -= width_of(name) + GAP;
        area.draw(&Rectangle::new([(right - LINE, MIDDLE - 2), (right, MIDDLE + 2)], colour.filled()))?;
        right -= LINE + 2 * GAP;
    }
    Ok(())
}

/// About so many pixels wide, in the size of legends.
fn width_of(text: &str) -> i32 {
    7 * text.chars().count() as i32
}

/// Text as it stands in HTML or XML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
