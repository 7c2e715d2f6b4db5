//! What the core knows of the settings.

#[path = "../../src/config/secret.rs"]
mod secret;

pub use secret::{Key, Secret, is_same};
