//! An HTTP/1.1 client of few parts, because the load generator must cost less than the server: requests are encoded before
//! they are needed, answers are read without being copied, and one thread drives all connections.
//!
//! - [`Answer`]: bytes to answers · [`Request`]: bytes that are ready to be sent but for a few digits
//! - [`Wheel`]: many connections, each with its requests under way · [`load`]: a closed loop over them · [`faults`]: what went wrong there

mod answer;
mod connection;
mod fault;
pub mod faults;
pub mod load;
mod request;
mod wheel;

pub use answer::{Answer, decode, find};
pub use fault::Fault;
pub use request::{Request, Slot};
pub use wheel::Wheel;
