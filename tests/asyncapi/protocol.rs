//! The document against the crate that speaks the wires: neither has what the other lacks.

use std::collections::BTreeSet;

use meetpoint_protocol::chat::{self, LeftReason, NotResumed};
use meetpoint_protocol::{Close, FrameType, noisy};
use serde_json::{Value, json};

use crate::document::Document;
use crate::support::schema::{Dialect, Speaker, fault};

/// What metrics count beside the types of frames.
const NO_TEXT_FRAMES: &[FrameType] =
    &[FrameType::ControlPing, FrameType::ControlPong, FrameType::Close, FrameType::Other];

#[test]
fn every_type_of_frame_is_described_and_no_other() {
    let document = Document::read();
    let described: BTreeSet<_> = document.messages().map(|message| message.kind.to_owned()).collect();
    let spoken = FrameType::ALL.iter().filter(|frame_type| !NO_TEXT_FRAMES.contains(frame_type));
    assert_eq!(described, spoken.map(|frame_type| frame_type.label().to_owned()).collect());
}

#[test]
fn every_error_is_listed_with_its_words() {
    let document = Document::read();
    let listed = |dialect: Dialect| -> BTreeSet<(String, String)> {
        let mut messages = document.messages();
        let error = messages.find(|message| message.dialect == dialect && message.kind == "error").expect("described");
        let rows = Document::rows(error.value, "| code | message | when |");
        let table: BTreeSet<_> = rows.iter().map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
        let fields = &error.value["payload"]["properties"];
        for (index, field) in ["code", "message"].iter().enumerate() {
            let known: Vec<_> = rows.iter().map(|row| json!(row[index])).collect();
            assert_eq!(fields[field]["enum"], Value::Array(known), "{dialect:?} {field}");
        }
        assert_eq!(table.len(), rows.len());
        table
    };
    let chat = chat::ErrorCode::ALL.iter().map(|code| {
        let frame: Value = serde_json::from_str(code.frame()).expect("JSON");
        let text = |field: &str| frame[field].as_str().expect("text").to_owned();
        (text("code"), text("message"))
    });
    assert_eq!(listed(Dialect::Chat), chat.collect());
    let sides = noisy::ErrorCode::ALL.iter().map(|code| (code.name().to_owned(), code.message().to_owned()));
    assert_eq!(listed(Dialect::Sides), sides.collect());
}

#[test]
fn every_close_is_listed_and_no_other() {
    let document = Document::read();
    let mut listed = BTreeSet::new();
    for channel in ["chat", "sides"] {
        let described = &document.root()["channels"][channel];
        let rows = Document::rows(described, "| code | reason | when |");
        let own: BTreeSet<_> = rows.iter().map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
        assert_eq!(own.len(), rows.len(), "{channel}");
        listed.extend(own);
    }
    let known = Close::ALL.iter().map(|close| (close.code().to_string(), close.reason().to_owned()));
    assert_eq!(listed, known.collect());
}

#[test]
fn the_fixed_frames_are_as_described() {
    let partings = LeftReason::ALL.iter().map(|reason| reason.frame());
    let errors = chat::ErrorCode::ALL.iter().map(|code| code.frame());
    for frame in partings.chain(errors).chain([chat::PONG, chat::PARTNER_BACK]) {
        assert_eq!(fault(Dialect::Chat, Speaker::Server, frame), None, "{frame}");
    }
    for frame in [noisy::ROOM_FULL, noisy::PEER_LEFT] {
        assert_eq!(fault(Dialect::Sides, Speaker::Server, frame), None, "{frame}");
    }
}

#[test]
fn every_reason_not_to_resume_is_described() {
    let document = Document::read();
    let ready = document.messages().find(|message| message.kind == "ready").expect("described").value;
    let names: Vec<_> = NotResumed::ALL.iter().map(|reason| json!(reason.name())).collect();
    assert_eq!(ready["payload"]["properties"]["reason"]["enum"], Value::Array(names));
}
