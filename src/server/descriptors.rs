//! How many connections the process has descriptors for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are not for clients: the listener, the storage, the runtime, the log, and refusals on their way out.
pub const RESERVE: usize = 64;

/// As many as the process may have: the soft limit of open files becomes the hard one. Where that is refused, everything stays as it is.
pub fn raise() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// The connections for which there are descriptors.
pub fn capacity() -> usize {
    limit().saturating_sub(RESERVE).max(1)
}

/// The cap of all connections, by the setting or by the descriptors.
///
/// # Errors
/// More are set than there are descriptors for: what to tell.
pub fn max_connections(setting: Option<usize>) -> Result<usize, String> {
    let capacity = capacity();
    match setting {
        Some(setting) if setting > capacity => Err(format!(
            "invalid MAX_CONNECTIONS: {setting} (expected at most {capacity}: the process may open {} files, and {RESERVE} of \
             them are for other things)",
            limit(),
        )),
        Some(setting) => Ok(setting),
        None => Ok(capacity),
    }
}

/// `None` of the kernel's is no limit.
fn limit() -> usize {
    getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}
