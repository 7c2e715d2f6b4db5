//! The wire reference's conversations, run as a reader would who pastes them into a shell.

use std::fs;
use std::process::Output;

use tokio::process::Command;
use tokio::time::timeout;

use crate::support::PATIENCE;
use crate::support::server::Server;

const REFERENCE: &str = include_str!("../../docs/protocol/rondevu.md");

/// The reference's blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let begin = format!("```{language}\n");
    let blocks = REFERENCE.split(begin.as_str()).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

/// What a command prints, when it ends well.
async fn printed(command: &mut Command, server: &Server) -> String {
    let command = command.env("SERVER", format!("http://{}", server.address)).kill_on_drop(true);
    let ended = timeout(PATIENCE, command.output()).await.expect("it ends");
    let Output { status, stdout, stderr } = ended.expect("it is installed");
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}: {said}{complained}");
    said.into_owned()
}

async fn server() -> Server {
    Server::with(&[("STORAGE_TYPE", "memory")]).await
}

#[tokio::test]
async fn the_conversations_with_curl_go_as_the_reference_says() {
    let server = server().await;
    let [sessions, offers] = blocks("sh")[..] else { panic!("two conversations") };
    let said = printed(Command::new("sh").args(["-euc", sessions]), &server).await;
    for words in [r#"{"code":"alice-1"}"#, r#""offerCandidates":[{"candidate":"candidate:1","#, r#""answer":"v=0 bob""#]
    {
        assert!(said.contains(words), "{words} in:\n{said}");
    }
    let said = printed(Command::new("sh").args(["-euc", offers]), &server).await;
    for words in [r#""hasSecret":true"#, r#""sdp":"v=0 bob""#, r#""role":"answerer""#, r#"{"deleted":true}"#] {
        assert!(said.contains(words), "{words} in:\n{said}");
    }
}

#[tokio::test]
async fn the_conversation_in_node_goes_as_the_reference_says() {
    let server = server().await;
    let [script] = blocks("js")[..] else { panic!("one script") };
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("talk.mjs");
    fs::write(&file, script).expect("a file");
    let said = printed(Command::new("node").arg(&file), &server).await;
    for words in ["sdp: 'v=0 bob'", "matchedTags: [ 'chess' ]"] {
        assert!(said.contains(words), "{words} in:\n{said}");
    }
}
