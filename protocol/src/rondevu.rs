//! Rondevu, the pure part of its four generations: grammars, hashes and texts, as existing clients depend on them.
//!
//! ```text
//! sessions (A)  offers (B)  services (D)   POST /rpc  tags (HEAD)
//!    text          text         text                     text        lengths and numbers, as JavaScript counts and reads them
//!    path          path          ·                        ·          path parameters
//!     ·          peer_id     username, fqn               tag         who and what is meant
//!     ·            bloom         ·                        ·          whom a caller knows already
//!     ·          offer_id     offer_id                offer_id       what an offer is called
//!     ·             ·          message            canonical, message what is signed
//! ```
//! Every error's `Display` is the text that the original answers with, letter by letter.

pub mod base64;
pub mod bloom;
pub mod canonical;
pub mod depth;
pub mod fqn;
pub mod hex;
mod label;
pub mod message;
pub mod offer_id;
pub mod path;
mod peer_id;
mod shared_text;
pub mod tag;
pub mod text;
mod username;
mod version;

pub use bloom::{Bloom, InvalidBloom, PeerHashes};
pub use fqn::{FqnError, ServiceFqn, ServiceName, Version};
pub use message::SignedMessage;
pub use peer_id::PeerId;
pub use tag::{Tag, TagError, TagsError};
pub use username::{Username, UsernameError};
