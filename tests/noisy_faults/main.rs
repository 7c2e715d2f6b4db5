//! What a server of rendezvous, sides and mailboxes must survive.

mod crash;
mod crowds;
mod full;
mod guessers;
mod mail_flood;
mod process;
mod redeem_race;
mod series;
mod shutdown;
mod stuck_reader;

use meetpoint_test_support as support;
