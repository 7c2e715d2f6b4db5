//! What is wrong with what was given.

/// One line for standard error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub line: String,
    /// Whether the NoisyTransfer original refused to start for this, in these words.
    pub of_original: bool,
}

impl Fault {
    pub(super) const fn of_original(line: String) -> Self {
        Self { line, of_original: true }
    }
}

impl From<String> for Fault {
    fn from(line: String) -> Self {
        Self { line, of_original: false }
    }
}
