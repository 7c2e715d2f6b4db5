//! The wire references' conversations, run as a reader would who pastes them into a shell.

use std::fs;
use std::process::Output;

use regex::{Captures, Regex};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::page::Page;
use crate::support::PATIENCE;
use crate::support::server::Server;
use crate::{NOISY, RESUME, RONDEVU, ROOMS};

/// What a command prints, when it ends well.
async fn printed(command: &mut Command, server: &Server) -> String {
    let command = command.env("SERVER", format!("http://{}", server.address)).kill_on_drop(true);
    let ended = timeout(PATIENCE, command.output()).await.expect("it ends");
    let Output { status, stdout, stderr } = ended.expect("it is installed");
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}: {said}{complained}");
    said.into_owned()
}

async fn in_shell(script: &str, server: &Server) -> String {
    printed(Command::new("sh").args(["-euc", script]), server).await
}

/// Runs a script with the flags that its first line tells.
async fn in_node(script: &str, server: &Server) -> String {
    let command = script.strip_prefix("// node ").and_then(|rest| rest.split(".mjs").next()).expect("a command");
    let flags = command.split(' ').filter(|word| word.starts_with("--"));
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("talk.mjs");
    fs::write(&file, script).expect("a file");
    printed(Command::new("node").args(flags).arg(&file), server).await
}

fn assert_in_order(said: &str, expected: &[&str]) {
    let mut rest = said;
    for words in expected {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("{words} in:\n{said}")).1;
    }
}

async fn server() -> Server {
    Server::with(&[("STORAGE_TYPE", "memory")]).await
}

#[tokio::test]
async fn rondevu_s_conversations_with_curl_go_as_the_reference_says() {
    let (server, reference) = (server().await, Page::read(RONDEVU));
    let [sessions, offers] = reference.blocks("sh")[..] else { panic!("two conversations") };
    let answers =
        [r#"{"code":"alice-1"}"#, r#""offerCandidates":[{"candidate":"candidate:1","#, r#""answer":"v=0 bob""#];
    assert_in_order(&in_shell(sessions, &server).await, &answers);
    let answers = [r#""hasSecret":true"#, r#""sdp":"v=0 bob""#, r#""role":"answerer""#, r#"{"deleted":true}"#];
    assert_in_order(&in_shell(offers, &server).await, &answers);
}

#[tokio::test]
async fn rondevu_s_conversation_in_node_goes_as_the_reference_says() {
    let (server, reference) = (server().await, Page::read(RONDEVU));
    let [script] = reference.blocks("js")[..] else { panic!("one script") };
    assert_in_order(&in_node(script, &server).await, &["sdp: 'v=0 bob'", "matchedTags: [ 'chess' ]"]);
}

#[tokio::test]
async fn noisytransfer_s_conversation_with_curl_goes_as_the_reference_says() {
    let (server, reference) = (server().await, Page::read(NOISY));
    let [script] = reference.blocks("sh")[..] else { panic!("one conversation") };
    let said = in_shell(script, &server).await;
    let [minted, redeemed, gone] = said.lines().collect::<Vec<_>>()[..] else { panic!("three answers: {said}") };
    let [minted, redeemed] = [minted, redeemed].map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    assert!(minted["appID"].is_string() && minted["code"].is_string(), "{said}");
    assert_eq!((&minted["appID"], &minted["expiresAt"]), (&redeemed["appID"], &redeemed["expiresAt"]));
    assert_eq!(gone, "gone");
}

#[tokio::test]
async fn noisytransfer_s_conversation_in_node_goes_as_the_reference_says() {
    let (server, reference) = (server().await, Page::read(NOISY));
    let [script] = reference.blocks("js")[..] else { panic!("one script") };
    let heard = [
        "A hears { type: 'sent', id: 'm-1', seq: 1 }",
        "B hears { type: 'room_full' }",
        "B hears { type: 'offer', sdp: 'v=0 alice' }",
        "B hears { payload: { file: 'moves.pgn' }, seq: 1, type: 'send' }",
        "A hears { type: 'room_full' }",
        "A hears { type: 'answer', sdp: 'v=0 bob' }",
        "A hears { type: 'peer_left' }",
    ];
    assert_eq!(in_node(script, &server).await.lines().collect::<Vec<_>>(), heard);
}

#[tokio::test]
async fn a_conversation_in_a_room_goes_as_the_reference_says() {
    goes_as_it_says(ROOMS, &["alice", "bob"]).await;
}

#[tokio::test]
async fn a_conversation_through_a_cut_goes_as_the_reference_says() {
    goes_as_it_says(RESUME, &["alice", "bob", "room"]).await;
}

/// Runs the page's script and compares what it prints with what the page says that it prints. `names` stand for the ids, in
/// the order in which they come.
async fn goes_as_it_says(page: &str, names: &[&str]) {
    let (server, reference) = (server().await, Page::read(page));
    let ([script], [printed]) = (&reference.blocks("js")[..], &reference.blocks("text")[..]) else {
        panic!("one script, and what it prints")
    };
    let said = in_node(script, &server).await;
    assert_eq!(with_names(&said, names).lines().collect::<Vec<_>>(), printed.lines().collect::<Vec<_>>());
}

fn with_names(said: &str, names: &[&str]) -> String {
    let mut ids: Vec<String> = Vec::new();
    let said = pattern(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b").replace_all(said, |found: &Captures<'_>| {
        let known = ids.iter().position(|id| *id == found[0]).unwrap_or_else(|| {
            ids.push(found[0].to_owned());
            ids.len() - 1
        });
        names[known].to_owned()
    });
    let said = pattern(r#""resumeToken":"[\w-]{43}""#).replace_all(&said, r#""resumeToken":"TOKEN""#);
    pattern(r#""until":\d{13}\b"#).replace_all(&said, r#""until":TIME"#).into_owned()
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}
