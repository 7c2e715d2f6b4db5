//! What every client can rely on, whatever all of them do: random conversations on sessions without sockets.

mod cast;
mod pairs;
mod rooms;
mod rooms_at_once;
mod stage;

use meetpoint_test_support::presence;
