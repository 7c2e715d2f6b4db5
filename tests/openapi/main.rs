//! The description of the HTTP surface in `docs/openapi.json` is valid, is what the server serves, and is true: of the
//! originals' recorded conversations, and of what a server answers to its examples.

mod codes;
mod deviating;
mod document;
mod example;
mod recorded;
mod sample;
mod served;
mod structure;

use deviating::deviation;
use meetpoint_test_support as support;
