//! Topic rooms beside pairing: who is there, who hears what, and what is refused.

mod crowd;
mod directed;
mod ear;
mod hostile;
mod joining;
mod leaving;
mod limits;
mod listing;
mod origins;
mod pages;
mod pairing;
mod publish;
mod refusals;
mod stuck_member;

use meetpoint_test_support as support;
