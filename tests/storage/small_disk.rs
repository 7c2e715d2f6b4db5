//! Disks that are really full, and files that really cannot be written. Only root can make those.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::crowd::{Crowd, UNAVAILABLE};
use crate::full_disk::ready;
use crate::orderly::end;
use crate::place::{Place, contents, path, settings};
use crate::start::refusal;
use crate::support::http;
use crate::support::rondevu::client::Page;
use crate::support::server::meetpoint;

/// A disk in memory, as large as is asked for.
struct Disk {
    place: Place,
}

impl Disk {
    fn mount(size: &str) -> Option<Self> {
        let place = Place::new();
        let options = format!("size={size}");
        succeeds("mount", &["-t", "tmpfs", "-o", &options, "meetpoint-test", &path(place.folder())])
            .then_some(Self { place })
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(succeeds("mount", &["-o", &options, &path(self.place.folder())]), "{options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Also while something of it is still open.
        succeeds("umount", &["--lazy", &path(self.place.folder())]);
    }
}

/// Files that nobody may change, not even through a handle that is open.
struct Frozen(Vec<PathBuf>);

impl Frozen {
    fn freeze(place: &Place) -> Option<Self> {
        let files: Vec<_> = contents(place.folder()).keys().map(|name| place.folder().join(name)).collect();
        let frozen = Self(files);
        frozen.change("+i").then_some(frozen)
    }

    fn change(&self, how: &str) -> bool {
        self.0.iter().all(|file| succeeds("chattr", &[how, &path(file)]))
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.change("-i");
    }
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_room_is_used_again_when_it_has_some() {
    let Some(disk) = Disk::mount("768k") else {
        println!("SKIPPED: this test may not mount a disk");
        return;
    };
    let mut server = disk.place.server(&[]).await;
    let mut crowd = Crowd::new(server.address, 300).await;
    let (tally, address) = (crowd.tally(), server.address);
    let full = async {
        tally.until(|counts| counts.refused >= 10).await;
        // After a refusal there may be room for the probe again, so the crowd goes on until there is none.
        ready(&server, false).await;
        tally.stop();
    };
    tokio::join!(crowd.work(address), full);
    assert_eq!(http::get(server.address, "/healthz").await.status, 200);
    crowd.check(server.address).await;
    disk.remount("size=64m");
    ready(&server, true).await;
    crowd.work_for(server.address, 30).await;
    server.kill().await;
    server.assert_no_panic();
    disk.place.assert_sound();
    let server = disk.place.server(&[]).await;
    crowd.check(server.address).await;
    end(server).await;
}

#[tokio::test]
async fn a_disk_that_may_not_be_written_stops_the_start() {
    let Some(disk) = Disk::mount("8m") else {
        println!("SKIPPED: this test may not mount a disk");
        return;
    };
    let server = disk.place.server(&[]).await;
    let code = Page { server: server.address, origin: "https://a.example" }.announce("topic").await;
    end(server).await;
    disk.remount("ro");
    let before = contents(disk.place.folder());
    let file = path(&disk.place.file());
    let why = refusal(meetpoint(&[], &settings(&file)), &file).await;
    assert!(why.contains("Read-only file system"), "{why}");
    assert_eq!(contents(disk.place.folder()), before);
    disk.remount("rw");
    let server = disk.place.server(&[]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    assert_eq!(page.poll(&code, "answerer", json!({})).await.status, 200);
    end(server).await;
}

#[tokio::test]
async fn a_file_that_may_not_be_written_any_more_is_written_when_it_may() {
    let place = Place::new();
    let mut server = place.server(&[]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let code = page.announce("topic").await;
    let Some(frozen) = Frozen::freeze(&place) else {
        println!("SKIPPED: this test may not freeze a file");
        return;
    };
    let refused = page.say(&code, "answerer", "answer", "refused").await;
    assert_eq!((refused.status, refused.error().as_str()), (503, UNAVAILABLE));
    ready(&server, false).await;
    assert_eq!(page.poll(&code, "offerer", json!({})).await.json()["answer"], json!(null));
    drop(frozen);
    ready(&server, true).await;
    assert_eq!(page.say(&code, "answerer", "answer", "kept").await.status, 200);
    server.kill().await;
    let server = place.server(&[]).await;
    let page = Page { server: server.address, ..page };
    assert_eq!(page.poll(&code, "offerer", json!({})).await.json()["answer"], "kept");
}
