//! What is acknowledged is kept: through crashes, power cuts, orderly ends, full disks and restarts, and it is gone when its time is over.

mod clock_step;
mod crash;
mod crowd;
mod expiry;
mod full_disk;
mod orderly;
mod place;
mod power_cut;
mod race;
mod small_disk;
mod start;

use meetpoint_test_support as support;

/// Longer than any of these tests runs: what is not meant to expire does not.
const LONG: &str = "1h";

/// So that credentials outlive the process that gave them out.
const AUTH_SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
