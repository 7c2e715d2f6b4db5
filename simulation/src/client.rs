//! Clients that speak the real wires over simulated sockets, do what chance says, and know what they may expect.

mod chatter;
mod noisy;
pub(crate) mod pairing;
mod session;
mod socket;
mod topics;
mod visitor;

pub use self::{
    chatter::{Chatter, Role},
    noisy::NoisySide,
    visitor::Visitor,
};
