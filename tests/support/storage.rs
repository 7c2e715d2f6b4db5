//! Where a server under test keeps what it keeps.

use std::ops::Deref;

use tempfile::TempDir;

use super::server::Server;

/// A folder of its own for one database; it ends with the test.
pub struct Disk {
    folder: TempDir,
}

impl Default for Disk {
    fn default() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }
}

impl Disk {
    /// A server that keeps everything here.
    pub async fn server(&self, more: &[(&str, &str)]) -> Server {
        let path = self.path();
        Server::with(&[&[("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", &path)], more].concat()).await
    }

    /// The database's file.
    pub fn path(&self) -> String {
        self.folder.path().join("meetpoint.db").to_str().expect("a path of text").to_owned()
    }
}

/// A server, and the disk that it needs.
pub struct Stored {
    pub name: &'static str,
    server: Server,
    _disk: Option<Disk>,
}

impl Deref for Stored {
    type Target = Server;
    fn deref(&self) -> &Server {
        &self.server
    }
}

/// A server on each storage.
pub async fn each(more: &[(&str, &str)]) -> [Stored; 2] {
    let disk = Disk::default();
    let on_disk = disk.server(more).await;
    let in_memory = Server::with(&[&[("STORAGE_TYPE", "memory")], more].concat()).await;
    [
        Stored { name: "memory", server: in_memory, _disk: None },
        Stored { name: "sqlite", server: on_disk, _disk: Some(disk) },
    ]
}
