//! The description of the WebSocket wires in `docs/asyncapi.json` is valid, is what the server serves, and leaves nothing out
//! that the protocol has. That it is true of every frame is checked wherever a test hears one (`support/schema.rs`).

mod document;
mod judge;
mod protocol;
mod served;
mod structure;

use meetpoint_test_support as support;
