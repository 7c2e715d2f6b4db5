//! TLS from outside: what is agreed on, what is refused and how fast, and certificates that change under open sockets.

mod certificate;
mod client;
mod deadline;
mod formats;
mod probe;
mod refused;
mod reload;
mod start;
mod wire;

use meetpoint_test_support as support;
