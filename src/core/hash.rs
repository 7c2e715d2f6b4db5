//! Maps by the ids of clients, which are asked at every arrival, match and leave.

use std::collections;

use foldhash::fast::RandomState;

/// The server makes the ids and seeds the hash, so nobody can choose keys that collide; names that clients choose stand in it, too,
/// but none is told how long it took to find another.
pub(super) type HashMap<K, V> = collections::HashMap<K, V, RandomState>;

/// The same in an order.
pub(super) type IndexMap<K, V> = indexmap::IndexMap<K, V, RandomState>;
