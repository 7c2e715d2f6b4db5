//! The documents are what the rows and the figures say.

use std::{fs, path::Path};

use meetpoint_scorecard::{card::Card, page, row::Row};

#[test]
fn the_page_shows_what_the_rows_and_the_figures_say() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let rows = Row::read_all(&home.join("scorecard/rows")).expect("rows");
    let card = Card::read(&home.join("docs/scorecard.json")).expect("docs/scorecard.json");
    let page = fs::read_to_string(home.join("docs/scorecard.md")).expect("docs/scorecard.md");
    assert!(page == page::draw(&rows, &card), "docs/scorecard.md is old: `make scorecard`");
}
