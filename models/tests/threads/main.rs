//! What holds whatever the order in which threads get on: the matcher, rooms, sessions that are taken over, codes.

mod codes;
mod lobby;
mod rooms;
mod sides;
mod stage;
mod takeover;
