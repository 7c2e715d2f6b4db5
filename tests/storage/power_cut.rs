//! The power fails in the middle of the work: what the disk had been given by then is all there is.
//!
//! The disk is a file with a filesystem in it. Its writer is stopped, the file is copied, and the copy is what is found after the cut: what
//! the kernel still held back for the disk is not in it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use meetpoint_scorecard::{Goal, figure, scale};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::crowd::Crowd;
use crate::place::{Place, path};
use crate::support::rondevu::client::Page;

/// Which of the many ways this goes.
const SEED: u64 = 1;

/// Bytes of a disk: more than a crowd fills.
const DISK: u64 = 128 * 1024 * 1024;

/// A disk whose power can be cut.
struct Disk {
    /// Where the image lies.
    _folder: TempDir,
    image: PathBuf,
    place: Place,
}

impl Disk {
    /// `None` where disks cannot be made.
    fn new() -> Option<Self> {
        let folder = TempDir::new().expect("a folder");
        let image = folder.path().join("disk");
        File::create(&image).and_then(|file| file.set_len(DISK)).expect("room for a disk");
        // Without the work that a fresh filesystem leaves for later, of which the disk would be full.
        let made = succeeds("mkfs.ext4", &["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", &path(&image)]);
        made.then(|| Self::mount(folder, image)).flatten()
    }

    fn mount(folder: TempDir, image: PathBuf) -> Option<Self> {
        let disk = Self { _folder: folder, image, place: Place::new() };
        // The kernel writes by itself every 300 s only: what is on the disk was asked for.
        let arguments = ["-o", "loop,commit=300", &path(&disk.image), &path(disk.place.folder())];
        succeeds("mount", &arguments).then_some(disk)
    }

    /// What is found when the power is there again.
    fn after_power_cut(&self) -> Self {
        let folder = TempDir::new().expect("a folder");
        let image = folder.path().join("disk");
        fs::copy(&self.image, &image).expect("room for a copy");
        Self::mount(folder, image).expect("the filesystem replays its journal")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Also while something of it is still open.
        succeeds("umount", &["--lazy", &path(self.place.folder())]);
    }
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_power_fails() {
    let cuts = scale(2, 50);
    let mut chance = StdRng::seed_from_u64(SEED);
    let mut acknowledged = 0;
    for cut in 0..cuts {
        let Some(disk) = Disk::new() else {
            println!("SKIPPED: this test may not make and mount a disk");
            return;
        };
        let mut server = disk.place.server(&[("STORAGE_SYNC", "full")]).await;
        let mut crowd = Crowd::new(server.address, 500 + cut).await;
        let (tally, address) = (crowd.tally(), server.address);
        let enough = chance.random_range(20..scale(200, 1_000));
        let cut = async {
            tally.until(|counts| counts.done >= enough).await;
            server.signal("STOP").await;
            let found = disk.after_power_cut();
            server.kill().await;
            found
        };
        let ((), found) = tokio::join!(crowd.work(address), cut);
        found.place.assert_sound();
        let mut server = found.place.server(&[]).await;
        crowd.check(server.address).await;
        acknowledged += tally.counts().done;
        server.kill().await;
        server.assert_no_panic();
    }
    figure("F6", "power cuts", cuts as f64, "", Goal::AtLeast(scale(2.0, 50.0)));
    figure("F6", "changes acknowledged before them", acknowledged as f64, "", Goal::Told);
    figure("F6", "acknowledged changes lost, at sync full", 0.0, "", Goal::Exactly(0.0));
    figure("F6", "files that were not sound afterwards", 0.0, "", Goal::Exactly(0.0));
}

/// What sync `normal` costs: the file is sound, and begins where it ends; how much of its end is missing is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_sync_normal_the_file_is_sound_and_only_the_latest_is_lost() {
    let cuts = scale(1, 10);
    let (mut longest, mut lost, mut kept) = (Duration::ZERO, 0, 0);
    for _ in 0..cuts {
        let Some(disk) = Disk::new() else {
            println!("SKIPPED: this test may not make and mount a disk");
            return;
        };
        let mut server = disk.place.server(&[("STORAGE_SYNC", "normal")]).await;
        let page = Page { server: server.address, origin: "https://a.example" };
        let mut told = Vec::new();
        let begun = Instant::now();
        while begun.elapsed() < scale(Duration::from_millis(1_500), Duration::from_secs(4)) {
            told.push((page.announce("topic").await, Instant::now()));
        }
        let cut = Instant::now();
        server.signal("STOP").await;
        let found = disk.after_power_cut();
        server.kill().await;
        let there = codes(&found.place);
        let first_lost = told.iter().position(|(code, _)| !there.contains(code)).unwrap_or(told.len());
        assert!(told[first_lost..].iter().all(|(code, _)| !there.contains(code)), "what is lost is the end");
        if let Some((_, at)) = told.get(first_lost) {
            longest = longest.max(cut - *at);
        }
        (lost, kept) = (lost + told.len() - first_lost, kept + first_lost);
        // A server starts on it.
        found.place.server(&[]).await.kill().await;
    }
    figure("F6", "power cuts at sync normal", cuts as f64, "", Goal::Told);
    figure("F6", "window of loss at sync normal, longest", longest.as_secs_f64(), "s", Goal::AtMost(1.0));
    figure("F6", "acknowledged at sync normal and kept", kept as f64, "", Goal::Told);
    figure("F6", "acknowledged at sync normal and lost", lost as f64, "", Goal::Told);
}

/// The codes of all sessions that the file holds.
fn codes(place: &Place) -> Vec<String> {
    let codes = |copy: &Connection| {
        let mut statement = copy.prepare("SELECT id FROM offers WHERE space = 'sessions'")?;
        let codes = statement.query_map([], |row| row.get(0))?;
        codes.collect()
    };
    place.look(codes).expect("a file that can be read")
}
