//! How many connections there may be.

/// Who may come in, by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrivals {
    /// Connections at a time, 1 to 10000000; `None` is as many as there are descriptors for.
    pub max_connections: Option<usize>,
    /// Connections of one address at a time; 0 means any.
    pub max_per_address: u32,
    /// New connections in a second; 0 means any.
    pub per_second: u32,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { max_connections: None, max_per_address: 256, per_second: 5000 }
    }
}
