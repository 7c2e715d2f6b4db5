//! What a server does about its file when it starts: with one that it cannot use it does not start, says why, and changes nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::sleep;

use crate::orderly::end;
use crate::place::{Place, contents, is_root, path, settings};
use crate::support::rondevu::client::Page;
use crate::support::server::{Server, ended, meetpoint, meetpoint_after};

/// Who may nothing.
const NOBODY: u32 = 65_534;

/// Why a start ends with exit code 1; what is said names the path.
pub async fn refusal(command: Command, path: &str) -> String {
    let output = ended(command).await;
    let log = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{log}");
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut refusals = lines.filter(|line| line["level"] == "ERROR").map(|line| line["fields"]["problem"].clone());
    let problem = refusals.next().unwrap_or_else(|| panic!("no reason in {log}"));
    let problem = problem.as_str().expect("text").to_owned();
    assert!(problem.contains(path), "{problem} does not name {path}");
    problem
}

/// Starts on what is there; the reason must have these words, and nothing in the folder may change.
async fn assert_left_alone(place: &Place, words: &str) {
    let before = contents(place.folder());
    let file = path(&place.file());
    let why = refusal(meetpoint(&[], &settings(&file)), &file).await;
    assert!(why.contains(words), "{why:?} does not tell of {words:?}");
    let after = contents(place.folder());
    assert!(before == after, "{words}: changed from {:?} to {:?}", sizes(&before), sizes(&after));
}

fn sizes<'a>(files: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Vec<(&'a str, usize)> {
    files.into_iter().map(|(name, bytes)| (name.as_str(), bytes.len())).collect()
}

/// Somebody else's file.
fn database(place: &Place, statements: &str) {
    Connection::open(place.file()).and_then(|file| file.execute_batch(statements)).expect("a database");
}

/// A file of this server's, with a session in it; its code.
async fn used(place: &Place) -> String {
    let server = place.server(&[]).await;
    let code = Page { server: server.address, origin: "https://a.example" }.announce("topic").await;
    end(server).await;
    code
}

async fn finds(server: &Server, code: &str) -> bool {
    let page = Page { server: server.address, origin: "https://a.example" };
    page.poll(code, "answerer", json!({})).await.status == 200
}

#[tokio::test]
async fn a_folder_that_is_not_there_stops_the_start() {
    let place = Place::new();
    let file = path(&place.folder().join("absent").join("meetpoint.db"));
    let why = refusal(meetpoint(&[], &settings(&file)), &file).await;
    assert!(why.contains("No such file or directory"), "{why}");
    assert!(contents(place.folder()).is_empty() && !place.folder().join("absent").exists());
}

#[tokio::test]
async fn a_folder_is_no_file() {
    let place = Place::new();
    let folder = path(place.folder());
    let why = refusal(meetpoint(&[], &settings(&folder)), &folder).await;
    assert!(why.contains("Is a directory"), "{why}");
}

#[tokio::test]
async fn what_is_no_database_is_left_alone() {
    for bytes in [b"no database".to_vec(), vec![0; 4096], b"{\"json\": true}\n".repeat(1000)] {
        let place = Place::new();
        fs::write(place.file(), bytes).unwrap();
        assert_left_alone(&place, "not a database").await;
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    for statements in [
        "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);",
        "PRAGMA journal_mode = WAL; CREATE TABLE theirs (x);",
        "PRAGMA application_id = 5; CREATE TABLE theirs (x);",
        "PRAGMA application_id = 5; PRAGMA user_version = 1;",
        // The server's own names in somebody else's file.
        "PRAGMA user_version = 1; CREATE TABLE offers (seq INTEGER PRIMARY KEY);",
    ] {
        let place = Place::new();
        database(&place, statements);
        assert_left_alone(&place, "another program").await;
    }
}

#[tokio::test]
async fn a_database_that_its_program_has_left_in_the_middle_is_left_alone() {
    let (place, theirs) = (Place::new(), Place::new());
    let file = Connection::open(theirs.file()).unwrap();
    file.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);").unwrap();
    // As after a crash: the log still holds what the file does not.
    for (name, bytes) in contents(theirs.folder()).iter().filter(|(name, _)| !name.ends_with("-shm")) {
        fs::write(place.folder().join(name), bytes).unwrap();
    }
    assert!(contents(place.folder()).len() > 1, "there is a log");
    assert_left_alone(&place, "another program").await;
}

#[tokio::test]
async fn a_file_of_a_later_version_is_left_alone() {
    let place = Place::new();
    used(&place).await;
    database(&place, "PRAGMA user_version = 999;");
    assert_left_alone(&place, "later version (schema 999)").await;
}

#[tokio::test]
async fn a_file_with_what_cannot_have_been_written_is_left_alone() {
    for (statement, words) in [
        ("UPDATE offers SET space = 'elsewhere'", "space"),
        ("UPDATE offers SET topics = 'no JSON'", "cannot read"),
        ("UPDATE offers SET expires = -1", "moment -1"),
    ] {
        let place = Place::new();
        used(&place).await;
        database(&place, statement);
        assert_left_alone(&place, words).await;
    }
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_left_alone() {
    let place = Place::new();
    used(&place).await;
    let bytes = fs::read(place.file()).unwrap();
    fs::write(place.file(), &bytes[..bytes.len() / 2]).unwrap();
    assert_left_alone(&place, "malformed").await;
}

#[tokio::test]
async fn a_second_server_on_a_file_does_not_start_and_the_first_goes_on() {
    let place = Place::new();
    let server = place.server(&[]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let code = page.announce("topic").await;
    assert_left_alone(&place, "another process").await;
    assert!(finds(&server, &code).await);
    assert_eq!(page.say(&code, "answerer", "answer", "sdp").await.status, 200);
}

#[tokio::test]
async fn a_start_waits_for_the_process_before_it_to_end() {
    /// Within it the second process has found the file taken, or has not begun: it starts in either case.
    const BOTH_RUN: Duration = Duration::from_millis(500);
    let place = Place::new();
    let first = place.server(&[]).await;
    let code = Page { server: first.address, origin: "https://a.example" }.announce("topic").await;
    let first_ends = async {
        sleep(BOTH_RUN).await;
        end(first).await;
    };
    let (second, ()) = tokio::join!(place.server(&[]), first_ends);
    assert!(finds(&second, &code).await);
}

#[tokio::test]
async fn no_room_for_a_new_file_stops_the_start() {
    let place = Place::new();
    let file = path(&place.file());
    let why = refusal(meetpoint_after("trap '' XFSZ; ulimit -f 0", &settings(&file)), &file).await;
    assert!(why.contains("disk"), "{why}");
}

#[tokio::test]
async fn what_nobody_may_open_or_write_stops_the_start() {
    const NO_FOLDER: (u32, u32) = (0o500, 0o600);
    const NO_FILE: (u32, u32) = (0o700, 0o000);
    const READ_ONLY: (u32, u32) = (0o700, 0o400);
    for ((folder_mode, file_mode), has_file, words) in [
        (NO_FOLDER, false, "Permission denied"),
        (NO_FILE, true, "Permission denied"),
        (READ_ONLY, true, "Permission denied"),
    ] {
        let place = Place::new();
        if has_file {
            used(&place).await;
        }
        let file = path(&place.file());
        let mut command = meetpoint(&[], &settings(&file));
        if is_root() {
            // Root may everything.
            chown(place.folder(), Some(NOBODY), Some(NOBODY)).unwrap();
            if has_file {
                chown(place.file(), Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command.uid(NOBODY).gid(NOBODY);
            if !is_within_reach(&command) {
                println!("SKIPPED: nobody but root can run the binary where it is");
                return;
            }
        }
        let before = contents(place.folder());
        if has_file {
            fs::set_permissions(place.file(), Permissions::from_mode(file_mode)).unwrap();
        }
        fs::set_permissions(place.folder(), Permissions::from_mode(folder_mode)).unwrap();
        let why = refusal(command, &file).await;
        assert!(why.contains(words), "{why:?} does not tell of {words:?}");
        fs::set_permissions(place.folder(), Permissions::from_mode(0o700)).unwrap();
        if has_file {
            fs::set_permissions(place.file(), Permissions::from_mode(0o600)).unwrap();
        }
        assert!(before == contents(place.folder()), "{words}");
    }
}

/// Whether everybody may pass through all the folders above a program.
fn is_within_reach(command: &Command) -> bool {
    const PASSABLE: u32 = 0o001;
    let above = Path::new(command.as_std().get_program()).ancestors();
    above
        .filter(|folder| !folder.as_os_str().is_empty())
        .all(|folder| fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & PASSABLE != 0))
}

#[tokio::test]
async fn an_empty_file_is_a_new_one() {
    let place = Place::new();
    fs::write(place.file(), "").unwrap();
    let code = used(&place).await;
    assert!(finds(&place.server(&[]).await, &code).await);
}

#[tokio::test]
async fn a_file_and_sqlite_are_what_a_server_uses_that_is_told_nothing() {
    let place = Place::new();
    let start = || {
        let mut command = meetpoint(&[], &[("STORAGE_TYPE", "")]);
        command.current_dir(place.folder());
        Server::launch(command)
    };
    let server = start().await;
    let code = Page { server: server.address, origin: "https://a.example" }.announce("topic").await;
    end(server).await;
    assert_eq!(contents(place.folder()).keys().collect::<Vec<_>>(), ["meetpoint.db"]);
    assert!(finds(&start().await, &code).await);
}

#[tokio::test]
async fn in_memory_nothing_is_written_and_nothing_outlives_the_process() {
    let in_memory = [("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", ":memory:")];
    for settings in [in_memory, [("STORAGE_TYPE", "memory"), ("STORAGE_PATH", "unused.db")]] {
        let place = Place::new();
        let start = || {
            let mut command = meetpoint(&[], &settings);
            command.current_dir(place.folder());
            Server::launch(command)
        };
        let server = start().await;
        let code = Page { server: server.address, origin: "https://a.example" }.announce("topic").await;
        assert!(finds(&server, &code).await);
        assert!(contents(place.folder()).is_empty(), "{settings:?}");
        end(server).await;
        assert!(contents(place.folder()).is_empty(), "{settings:?}");
        assert!(!finds(&start().await, &code).await);
    }
}
