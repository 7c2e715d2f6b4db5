//! The scorecard: each promise is a row, with the commands that prove it and the figures that they have measured.
//!
//! Whatever proves a row (a test, a load run, a script) writes its figures down where [`figure()`] does. `scorecard page` takes
//! them over into `docs/scorecard.json` and draws `docs/scorecard.md` from it.

pub mod card;
pub mod figure;
pub mod page;
pub mod row;
pub mod soak;

pub use figure::{Figure, Goal, figure};

/// Whether this is a run of `make soak`, which has minutes for what `make test` has seconds for.
pub fn soaking() -> bool {
    std::env::var_os(soak::VARIABLE).is_some_and(|value| value == "1")
}

/// How much of something: so much in `make test`, so much in `make soak`.
pub fn scale<T>(test: T, soak: T) -> T {
    if soaking() { soak } else { test }
}
