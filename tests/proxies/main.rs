//! The server behind nginx, haproxy and Caddy, each with its file of `deploy/`: only addresses, paths and times are put into them.

mod behind;
mod door;
mod front;
mod smuggling;

use meetpoint_test_support as support;
