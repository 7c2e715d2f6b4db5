//! What meetpoint promises on the Rondevu wires beyond the originals, or where they err.

mod cors;
mod discovery;
mod held_polls;
mod held_rpc_polls;
mod isolation;
mod limits;
mod merged;
mod offers;
mod privacy;
mod restart;
mod sessions;
mod sizes;
mod usernames;

use meetpoint_test_support as support;

/// Nothing of this test may be left on the disk.
const IN_MEMORY: (&str, &str) = ("STORAGE_TYPE", "memory");
