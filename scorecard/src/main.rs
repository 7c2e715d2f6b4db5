//! `scorecard page` draws the page; `scorecard soak` runs what takes minutes first.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::Parser;
use meetpoint_scorecard::{
    card::{Card, Shown},
    figure::{Figure, folder},
    page,
    row::Row,
    soak::{self, Ended},
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use time::OffsetDateTime;

/// What meetpoint promises, what proves it, and what was measured.
#[derive(Parser)]
#[command(name = "scorecard")]
enum Asked {
    /// Take over what was measured since, and draw docs/scorecard.md.
    Page,
    /// Run the long versions of all rows, or of those that are named; then the page.
    Soak { rows: Vec<String> },
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let rows = Row::read_all(&home.join("scorecard/rows"))?;
    let ended = match Asked::parse() {
        Asked::Page => Vec::new(),
        Asked::Soak { rows: named } => {
            if let Some(unknown) = named.iter().find(|name| rows.iter().all(|row| row.name != **name)) {
                return Err(format!("there is no row {unknown} in scorecard/rows").into());
            }
            let chosen: Vec<_> =
                rows.iter().filter(|row| named.is_empty() || named.contains(&row.name)).cloned().collect();
            let stop = Arc::new(AtomicBool::new(false));
            for signal in [SIGINT, SIGTERM] {
                flag::register(signal, stop.clone())?;
            }
            soak::run(&chosen, &home, &folder().join("logs"), &stop, |line| println!("{line}"))?
        }
    };
    renew(&home, &rows, &ended)?;
    let failed: Vec<_> = ended.iter().filter(|ended| ended.failed.is_some()).map(|ended| ended.row.as_str()).collect();
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("failed: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn renew(home: &Path, rows: &[Row], ended: &[Ended]) -> Result<(), Box<dyn Error>> {
    let [data, drawn] = ["docs/scorecard.json", "docs/scorecard.md"].map(|name| PathBuf::from(home).join(name));
    let mut card = if data.exists() { Card::read(&data)? } else { Card::default() };
    let today = OffsetDateTime::now_utc().date().to_string();
    card.keep(rows);
    for row in rows {
        card.take(&row.name, Figure::read_all(&folder(), &row.name)?, &today);
    }
    for Ended { row, failed } in ended {
        card.rows.entry(row.clone()).or_insert_with(Shown::default).failed.clone_from(failed);
    }
    card.write(&data)?;
    fs::write(drawn, page::draw(rows, &card))?;
    Ok(())
}
