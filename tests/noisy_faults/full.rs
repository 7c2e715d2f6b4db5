//! No room: in the store that the operator allows, and on the disk.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::json;
use tempfile::TempDir;

use crate::support::PATIENCE;
use crate::support::http::{self, Response};
use crate::support::noisy::{Minted, ROOM_FULL, Seat, assert_unharmed, minted, pair, redeem, room, talk};
use crate::support::server::Server;
use crate::support::storage::each;

/// So many codes do not fit.
const MANY: usize = 20_000;

async fn try_mint(server: &Server) -> Response {
    http::request(server.address, "POST", "/rendezvous/code", &[], "").await
}

#[tokio::test]
async fn a_full_store_refuses_and_forgets_nothing() {
    for server in each(&[("MAX_STORED_BYTES", "1MiB")]).await {
        let app = room(1);
        let mut a = Seat::join(&server, &app, "A").await;
        let large = "x".repeat(330_000);
        for seq in 1..=3 {
            assert_eq!(a.keep("B", json!(large)).await, seq);
        }
        let mut codes: Vec<Minted> = Vec::new();
        let refused = loop {
            let answer = try_mint(&server).await;
            if answer.status != 200 {
                break answer;
            }
            codes.push(minted(&answer));
            assert!(codes.len() < MANY, "a store of a mebibyte has no end");
        };
        assert_eq!((refused.status, refused.body.as_str()), (507, "storage full\n"), "{refused:?}");
        a.send(json!({"type": "send", "to": "A", "payload": "x".repeat(60_000), "id": 1})).await;
        a.refused("MAILBOX_FULL", json!(1)).await;
        assert_eq!(http::get(server.address, "/readyz").await.status, 200, "a full store is no broken one");

        for Minted { code, app } in &codes {
            let redeemed = redeem(&server, code).await;
            assert_eq!((redeemed.status, &redeemed.json()["appID"]), (200, &json!(app)));
        }
        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        for seq in 1..=3 {
            b.hears_item(seq, json!(large)).await;
        }
        b.delivered(3).await;
        b.settle().await;
        a.hears(ROOM_FULL).await;
        assert_eq!(a.keep("B", json!(large)).await, 4, "there is room again");
        b.hears_item(4, json!(large)).await;
        talk(&mut a, &mut b).await;
        server.assert_no_panic();
    }
}

/// A small disk in memory; only root can make one.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        is_done("mount", &["-t", "tmpfs", "-o", "size=4m", "meetpoint-test"], folder.path()).then_some(Self { folder })
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file");
        while ballast.write_all(&[0; 512]).is_ok() {}
    }

    fn empty(&self) {
        fs::remove_file(self.ballast()).expect("the ballast");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also while something of it is still open.
        is_done("umount", &["--lazy"], self.folder.path());
    }
}

fn is_done(program: &str, arguments: &[&str], folder: &Path) -> bool {
    Command::new(program).args(arguments).arg(folder).output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_it_did_not_take_is_shown_to_nobody() {
    let Some(disk) = SmallDisk::mount() else {
        println!("no disk can be mounted here");
        return;
    };
    let path = disk.folder.path().join("meetpoint.db");
    let path = path.to_str().expect("a path of text");
    let settings = [
        ("STORAGE_TYPE", "sqlite"),
        ("STORAGE_PATH", path),
        ("MAX_MSG_PER_SECOND", "0"),
        ("MAX_BYTES_PER_SECOND", "0"),
    ];
    let server = Server::with(&settings).await;
    let (mut a, mut b) = pair(&server, &room(1)).await;
    let payload = |number: u64| json!({"number": number, "fill": "x".repeat(20_000)});
    assert_eq!(a.keep("B", payload(1)).await, 1);
    b.hears_item(1, payload(1)).await;
    let open = minted(&try_mint(&server).await);

    disk.fill();
    let mut kept = 1;
    let lost = loop {
        a.send(json!({"type": "send", "to": "B", "payload": payload(kept + 1), "id": kept + 1})).await;
        let heard = a.hear().await;
        if heard["type"] != "sent" {
            break heard;
        }
        kept += 1;
        b.hears_item(kept, payload(kept)).await;
        b.delivered(kept).await;
        assert!(kept < 1000, "a full disk takes everything");
    };
    assert_eq!((&lost["code"], &lost["id"]), (&json!("STORAGE_UNAVAILABLE"), &json!(kept + 1)), "{lost}");
    b.silence().await;
    let refused = try_mint(&server).await;
    let told = (refused.status, refused.body.as_str(), refused.header("retry-after"));
    assert_eq!(told, (503, "storage unavailable\n", Some("1")));
    let refused = redeem(&server, &open.code).await;
    assert_eq!((refused.status, refused.body.as_str()), (503, "storage unavailable\n"));
    // What needs no storage goes on.
    talk(&mut a, &mut b).await;

    disk.empty();
    let asked = Instant::now();
    while http::get(server.address, "/readyz").await.status != 200 {
        assert!(asked.elapsed() < PATIENCE, "the storage does not come back");
        tokio::task::yield_now().await;
    }
    let redeemed = redeem(&server, &open.code).await;
    assert_eq!((redeemed.status, &redeemed.json()["appID"]), (200, &json!(open.app)));
    let next = a.keep("B", json!("after")).await;
    assert_eq!(next, kept + 1, "what was lost has no number");
    b.hears_item(next, json!("after")).await;
    b.silence().await;
    assert_unharmed(&server).await;
}
