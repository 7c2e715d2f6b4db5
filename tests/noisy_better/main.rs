//! Where meetpoint is better than the NoisyTransfer original whose wire it speaks.

mod app_id;
mod codes;
mod cors;
mod guessing;
mod join_race;
mod kept_frames;
mod life;
mod listener;
mod mailbox_bounds;
mod mailbox_cuts;
mod mailbox_dialects;
mod mailbox_offline;
mod mailbox_receipts;
mod mailbox_replay;
mod mailbox_restart;
mod mailbox_ttl;
mod metrics;
mod origins;
mod peer_left;
mod rate;
mod shutdown;
mod side_taken;
mod sizes;
mod text;

use meetpoint_test_support as support;
