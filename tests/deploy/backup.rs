//! Copies of a database that is in use, made and put back as docs/operations.md says.

use std::fs;
use std::process::Output;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::path;
use crate::support::PATIENCE;
use crate::support::rondevu::client::Page;
use crate::support::server::Server;
use crate::support::storage::Disk;

/// Records that must be in the copy.
const BEFORE: usize = 40;

async fn backup(pid: u32, database: &str, copy: &str) -> Output {
    let mut command = Command::new(path("deploy/backup"));
    let ended = command.args([&pid.to_string(), database, copy]).kill_on_drop(true).output();
    timeout(PATIENCE, ended).await.expect("it ends").expect("sqlite3: `make tools` installs it")
}

/// Whether a session can still be answered.
async fn is_there(server: &Server, code: &str) -> bool {
    let page = Page { server: server.address, origin: "https://a.example" };
    page.say(code, "answerer", "answer", json!("sdp")).await.status == 200
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_made_while_the_server_writes_holds_all_that_was_acknowledged() {
    let disk = Disk::default();
    let server = disk.server(&[]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let mut acknowledged = Vec::new();
    for _ in 0..BEFORE {
        acknowledged.push(page.announce("chess").await);
    }
    let place = TempDir::new().expect("a folder");
    let copy = place.path().join("copy.db").to_str().expect("Unicode").to_owned();
    let (id, database) = (server.id(), disk.path());
    let output = {
        let writing = async {
            loop {
                page.announce("chess").await;
            }
        };
        tokio::select! {
            output = backup(id, &database, &copy) => output,
            () = writing => unreachable!("it never ends"),
        }
    };
    assert!(output.status.success(), "{output:?}");
    // The server goes on.
    let later = page.announce("chess").await;

    let restored = Server::with(&[("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", &copy)]).await;
    for code in &acknowledged {
        assert!(is_there(&restored, code).await, "{code} is not in the copy");
    }
    assert!(!is_there(&restored, &later).await, "what came later cannot be in it");
    restored.assert_no_panic();
}

#[tokio::test]
async fn a_copy_is_never_put_over_another_and_a_failure_leaves_the_server_running() {
    let disk = Disk::default();
    let server = disk.server(&[]).await;
    let place = TempDir::new().expect("a folder");
    let copy = place.path().join("copy.db").to_str().expect("Unicode").to_owned();
    fs::write(&copy, "of yesterday").expect("a file");
    assert!(!backup(server.id(), &disk.path(), &copy).await.status.success());
    assert_eq!(fs::read_to_string(&copy).expect("a file"), "of yesterday");
    let nowhere = format!("{}.elsewhere", disk.path());
    assert!(!backup(server.id(), &nowhere, &format!("{copy}.new")).await.status.success());
    Page { server: server.address, origin: "https://a.example" }.announce("chess").await;
    assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 1, "nothing is left behind");
}
