//! What meetpoint answers where it is better than the originals: the tables of those who replay the recordings.

#![allow(dead_code, reason = "the reasons and the ways back are for the replay")]

#[path = "../rondevu_vectors/deviation.rs"]
pub mod deviation;
#[path = "../rondevu_vectors/offers.rs"]
pub mod offers;
#[path = "../rondevu_vectors/rpc.rs"]
pub mod rpc;
#[path = "../rondevu_vectors/sessions.rs"]
pub mod sessions;
#[path = "../rondevu_vectors/tags.rs"]
pub mod tags;
