//! The corpus of the fuzz targets on stable Rust, in seconds: what was found once is not found again. `make fuzz` looks for more.

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::{
    alloc::System,
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use meetpoint_scorecard::{Goal, figure};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What one input may allocate in all, in bytes: no more than that at once, then.
const MOST: usize = 1 << 20;

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn every_input_of_the_corpus_is_taken_as_it_should_be_and_costs_little_memory() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut inputs = 0;
    for (name, body) in fuzz::TARGETS {
        // What is made once is made now.
        fuzz::feed(name, b"");
        for path in files(&corpus.join(name)) {
            let input = fs::read(&path).expect("an input");
            let region = Region::new(ALLOCATOR);
            body(&input);
            let allocated = region.change().bytes_allocated;
            assert!(allocated <= MOST, "{} allocates {allocated} bytes", path.display());
            inputs += 1;
        }
    }
    figure("B2", "inputs of the corpus that are repeated", f64::from(inputs), "", Goal::Told);
}

#[test]
fn every_corpus_is_some_targets() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let names: BTreeSet<_> = fuzz::TARGETS.iter().map(|(name, _)| corpus.join(name)).collect();
    assert_eq!(files(&corpus), names);
}
