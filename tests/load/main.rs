//! Many clients at once, from the load generator: connections that are held, lives, storms, readers that do not read. What must not be is
//! asserted; times and sizes are written down.

mod generator;
mod half_load;
mod idle;
mod lives;
mod slow_readers;
mod storm;

use meetpoint_test_support as support;
