//! What is fed with whatever anybody may send: one body for each target, for libFuzzer (`make fuzz`) and for the replay of the corpus on stable
//! Rust (`tests/fuzz_corpus.rs`). A body must not panic, says itself what else must hold, and begins anew with each input.

mod guard;
mod requests;
mod stage;
mod talk;
mod text;
mod wire;

/// Feeds one input.
pub type Body = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: &[(&str, Body)] = &[
    ("json", text::json),
    ("names", text::names),
    ("codes", text::codes),
    ("bloom", text::bloom),
    ("message", text::message),
    ("forwarded", guard::forwarded),
    ("origins", guard::origins),
    ("settings", guard::settings),
    ("file", guard::file),
    ("chat", talk::chat),
    ("rooms", talk::chat),
    ("resume", talk::resume),
    ("noisy", talk::noisy),
    ("mailbox", talk::mailbox),
    ("sessions", requests::sessions),
    ("offers", requests::offers),
    ("services", requests::services),
    ("tags", requests::tags),
    ("handshake", wire::handshake),
    ("frames", wire::frames),
];

/// Feeds one input to the target of that name.
///
/// # Panics
/// There is no such target, or the input has found something.
pub fn feed(name: &str, data: &[u8]) {
    TARGETS.iter().find(|(of, _)| *of == name).expect("a target").1(data);
}
