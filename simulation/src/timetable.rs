//! What a simulation of sixty seconds is at which time.

use std::time::Duration;

/// Until then there are faults, and clients do what chance says.
pub const CALM: Duration = Duration::from_secs(40);

/// Until then clients look for a partner once more.
pub const LAST_SEARCH: Duration = Duration::from_secs(50);

/// By then everybody is connected again, and who was not has been given up; each says something for the last time.
pub const LAST_WORDS: Duration = Duration::from_secs(54);

/// Nothing is on its way.
pub const REST: Duration = Duration::from_secs(56);

/// Everybody has said what it takes for true.
pub const CHECK: Duration = Duration::from_millis(56_200);

/// Everybody goes.
pub const FAREWELL: Duration = Duration::from_millis(56_500);

/// Nothing is left.
pub const END: Duration = Duration::from_secs(60);
