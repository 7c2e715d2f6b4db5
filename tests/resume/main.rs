//! Sessions that outlive their sockets: every rule of their wire, and what they must survive.

mod bounds;
mod chaos;
mod counting;
mod endings;
mod hello;
mod presence;
mod proxy;
mod queue;
mod session;
mod succession;
mod tokens;

use meetpoint_test_support as support;
