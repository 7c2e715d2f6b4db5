//! `meetpoint check-config`: whether a server would start with settings that can be read. Starts nothing and changes nothing,
//! so that it can be asked beside a running server.

use std::{io, path::Path};

use rustix::fs::{Access, access};

use crate::{
    config::{Refusal, Settings, Storage, StorageType},
    server::{
        descriptors,
        tls::{self, Tls},
    },
};

/// The exit code of a start whose storage cannot be used.
const CANNOT_SERVE: u8 = 1;

/// Everything that would stop the start, a line each, with the exit code of the start: that of the first.
///
/// # Errors
/// The lines and the code.
pub fn check(settings: &Settings) -> Result<(), (Vec<String>, u8)> {
    let certificate = settings.tls.files().and_then(|files| Tls::load(&files).err()).map(|fault| match fault {
        tls::Fault::Unreadable(file) => (file.line(), Refusal::AS_THE_ORIGINAL),
        tls::Fault::Unusable(line) => (line, Refusal::MISCONFIGURED),
    });
    let connections = descriptors::max_connections(settings.arrivals.max_connections).err();
    let connections = connections.map(|line| (line, Refusal::MISCONFIGURED));
    let storage = unwritable(&settings.storage).map(|line| (line, CANNOT_SERVE));
    let (lines, codes): (Vec<_>, Vec<_>) = connections.into_iter().chain(certificate).chain(storage).unzip();
    codes.first().map_or(Ok(()), |code| Err((lines, *code)))
}

/// Why the storage's file could not be made or written. It is not opened: a server may have it.
fn unwritable(storage: &Storage) -> Option<String> {
    if storage.kind == StorageType::Memory || storage.path == Storage::IN_MEMORY {
        return None;
    }
    let file = Path::new(&storage.path);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |what: &Path, error: io::Error| {
        let what = what.display().to_string();
        Some(format!("invalid STORAGE_PATH: {}: {}: {error}", storage.path.escape_debug(), what.escape_debug()))
    };
    // Beside the file SQLite keeps a log and its index.
    if let Err(error) = access(folder, Access::EXISTS | Access::WRITE_OK | Access::EXEC_OK) {
        return failed(folder, error.into());
    }
    match file.metadata() {
        Ok(found) if found.is_dir() => failed(file, io::ErrorKind::IsADirectory.into()),
        Ok(_) => access(file, Access::READ_OK | Access::WRITE_OK).err().and_then(|error| failed(file, error.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => failed(file, error),
    }
}
