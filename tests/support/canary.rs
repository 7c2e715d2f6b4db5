//! What must be in no log, no metric and no error. Where `CANARY` names a folder, every server of the tests logs all it can, and
//! every test process writes down there which secrets it has sent or heard, what it has sent in the open, and what servers have
//! logged, counted and complained of. `tests/canary/run` then looks for the first in the last.

use std::env;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

/// Members whose values are for those alone whom they are meant for.
const SECRET: [&str; 11] = [
    "answer",
    "candidate",
    "candidates",
    "iceCandidates",
    "offer",
    "payload",
    "resumeToken",
    "sdp",
    "secret",
    "token",
    "password",
];

/// Settings that are secrets themselves.
pub const SETTINGS: [&str; 2] = ["AUTH_SECRET", "ADMIN_TOKEN"];

/// What is longer fills buffers, and reading it would hold up tests that are about time.
const LONGEST: usize = 16 * 1024;

/// Shorter pieces may be anybody's by chance.
const SHORTEST: usize = 16;

static PAPERS: LazyLock<Option<Papers>> = LazyLock::new(|| {
    let folder = PathBuf::from(env::var_os("CANARY")?);
    let paper = |kind: &str| {
        let path = folder.join(format!("{kind}-{}", process::id()));
        Mutex::new(File::create(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display())))
    };
    Some(Papers { secrets: paper("secrets"), open: paper("open"), told: paper("told") })
});

struct Papers {
    secrets: Mutex<File>,
    open: Mutex<File>,
    told: Mutex<File>,
}

/// Whether anything is written down.
pub fn flies() -> bool {
    PAPERS.is_some()
}

/// A server has logged, counted or complained.
pub fn told(text: &str) {
    if let Some(papers) = &*PAPERS {
        write(&papers.told, text);
    }
}

pub fn secret(text: &str) {
    if let Some(papers) = &*PAPERS {
        pieces(&papers.secrets, text);
    }
}

/// A whole request: what it has for credentials, and what its body says.
pub fn request(bytes: &[u8]) {
    if !flies() {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    for line in head.lines() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("authorization")
        {
            secret(value.rsplit([' ', ':']).next().unwrap_or_default());
        }
    }
    message(body);
}

/// JSON that was sent or heard.
pub fn message(text: &str) {
    let Some(papers) = PAPERS.as_ref().filter(|_| text.len() <= LONGEST) else { return };
    if let Ok(value) = serde_json::from_str(text) {
        notice(papers, &value, false);
    }
}

fn notice(papers: &Papers, value: &Value, is_secret: bool) {
    match value {
        Value::String(text) => pieces(if is_secret { &papers.secrets } else { &papers.open }, text),
        Value::Array(items) => items.iter().for_each(|item| notice(papers, item, is_secret)),
        Value::Object(members) => {
            for (name, value) in members {
                notice(papers, value, is_secret || SECRET.contains(&name.as_str()));
            }
        }
        _ => {}
    }
}

/// Whatever would be escaped in a log ends a piece.
fn pieces(paper: &Mutex<File>, text: &str) {
    let plain = |character: char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
    for piece in text.split(|character| !plain(character)).filter(|piece| piece.len() >= SHORTEST) {
        write(paper, &piece[..piece.len().min(256)]);
    }
}

fn write(paper: &Mutex<File>, line: &str) {
    writeln!(paper.lock().expect("no holder panics"), "{line}").expect("room on the disk");
}
