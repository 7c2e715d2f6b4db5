//! The documents say what the code does.

mod conversation;
mod page;

use meetpoint_test_support as support;
use std::collections::BTreeSet;

use meetpoint::config::settings_markdown;
use meetpoint_protocol::{
    Close, FrameType,
    chat::{self, ErrorCode, LeftReason, NotResumed},
    noisy,
};
use regex::Regex;

use page::Page;
use support::{metrics::scrape, server::Server};

const CHAT: &str = "docs/protocol/chat.md";
const NOISY: &str = "docs/protocol/noisytransfer.md";
const RONDEVU: &str = "docs/protocol/rondevu.md";
const ROOMS: &str = "docs/protocol/rooms.md";
const OPERATIONS: &str = "docs/operations.md";
const RESUME: &str = "docs/protocol/resume.md";

/// Codes that only one of the wires uses.
const OF_CHAT: &[Close] = &[Close::Bye, Close::HelloTimeout, Close::TooManyMessages, Close::BadRequest];
const OF_NOISY: &[Close] = &[Close::SideABusy, Close::SideBBusy];

/// Codes that resumable sessions alone give a meaning to.
const OF_RESUME: &[Close] = &[Close::Bye, Close::HelloTimeout, Close::Replaced];

#[test]
fn every_promise_of_security_names_rows_of_the_scorecard() {
    let text = Page::read("SECURITY.md").text;
    let row = Regex::new(r"\b[A-Z]+[0-9]+\b").expect("a pattern");
    let table = text.lines().skip_while(|line| *line != "| promise | how | rows |").skip(2);
    let promises: Vec<_> = table.take_while(|line| line.starts_with('|')).collect();
    assert!(promises.len() > 10, "{promises:?}");
    for promise in promises {
        let rows = promise.trim_end_matches(" |").rsplit('|').next().expect("a last column");
        assert!(row.is_match(rows), "{promise}");
        for row in row.find_iter(rows).map(|row| row.as_str()) {
            let file = format!("{}/scorecard/rows/{row}.json", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&file).exists(), "the scorecard has no row {row}");
        }
    }
}

#[test]
fn the_operations_list_every_setting_as_it_is() {
    let table = settings_markdown();
    assert!(Page::read(OPERATIONS).text.contains(&table), "{OPERATIONS} should have this table:\n\n{table}");
}

#[test]
fn the_readme_names_settings_as_they_are() {
    let settings = Page::new(settings_markdown());
    let known = settings.rows();
    let is_variable = Regex::new("^`[A-Z_]+`$").expect("a pattern");
    let readme = Page::read("README.md");
    let cells: Vec<_> = readme.rows().into_iter().map(|row| row[0]).collect();
    let names = cells.iter().flat_map(|cell| cell.split(", ")).filter(|name| is_variable.is_match(name));
    let unknown: Vec<_> =
        names.filter(|name| !known.iter().any(|setting| setting[0].split(' ').next() == Some(name))).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_operations_list_how_every_socket_ends() {
    let page = Page::read(OPERATIONS);
    let ends = page.table("Close codes");
    let listed: BTreeSet<_> = ends.iter().map(|row| (row[0], row[1].trim_matches('`'), row[2])).collect();
    let by_server = Close::ALL.iter().map(|close| (close.code().to_string(), close.label(), close.come_back()));
    let by_server: Vec<_> = by_server.collect();
    let expected = by_server.iter().map(|(code, label, back)| (&**code, *label, if *back { "yes" } else { "no" }));
    let expected: BTreeSet<_> = expected.chain([("–", "client", "–"), ("–", "cut", "–")]).collect();
    assert_eq!((listed, ends.len()), (expected.clone(), expected.len()));
}

#[test]
fn each_wire_reference_lists_the_close_codes_and_reasons_of_its_wire() {
    for (reference, foreign) in [(CHAT, OF_NOISY), (NOISY, OF_CHAT)] {
        let expected = closes(Close::ALL.iter().filter(|close| !foreign.contains(close)));
        let page = Page::read(reference);
        let listed = listed_closes(&page);
        assert_eq!((listed.iter().cloned().collect(), listed.len()), (expected.clone(), expected.len()), "{reference}");
    }
    assert!(OF_CHAT.iter().all(|close| !OF_NOISY.contains(close)), "every code is somebody's");
}

#[test]
fn the_reference_of_resumable_sessions_lists_the_close_codes_of_its_own() {
    let page = Page::read(RESUME);
    let listed: BTreeSet<_> = listed_closes(&page).into_iter().collect();
    assert!(listed.is_superset(&closes(OF_RESUME.iter())), "{listed:?}");
    assert!(listed.is_subset(&closes(Close::ALL.iter())), "{listed:?}");
}

fn closes<'a>(closes: impl Iterator<Item = &'a Close>) -> BTreeSet<(String, String)> {
    closes.map(|close| (close.code().to_string(), close.reason().to_owned())).collect()
}

fn listed_closes(page: &Page) -> Vec<(String, String)> {
    let rows = page.table("Close codes");
    rows.iter().map(|row| (row[0].to_owned(), row[1].trim_matches('`').to_owned())).collect()
}

#[test]
fn the_chat_s_references_list_every_error_once() {
    let of_error = |error: &ErrorCode| {
        let frame: serde_json::Value = serde_json::from_str(error.frame()).expect("JSON");
        ["code", "message"].map(|field| frame[field].as_str().expect("text").to_owned())
    };
    let (pairing, rooms) = (Page::read(CHAT), Page::read(ROOMS));
    let listed = pairing.table("Errors").into_iter().chain(rooms.table("Errors"));
    let mut listed: Vec<_> = listed.map(|row| [row[0].trim_matches('`').to_owned(), row[1].to_owned()]).collect();
    let mut expected: Vec<_> = ErrorCode::ALL.iter().map(of_error).collect();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

#[test]
fn the_chat_s_references_tell_every_reason() {
    let (pairing, rooms, resume) = (Page::read(CHAT).text, Page::read(ROOMS).text, Page::read(RESUME));
    for reason in LeftReason::ALL {
        assert!(pairing.contains(&format!("`{}`", reason.name())), "{reason:?}");
        // Nobody asks for other members.
        assert!(*reason == LeftReason::Next || rooms.contains(&format!("`{}`", reason.name())), "{reason:?}");
    }
    let listed: BTreeSet<_> = resume.table("Coming back").into_iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(listed, NotResumed::ALL.iter().map(|why| format!("`{}`", why.name())).collect());
}

#[test]
fn every_frame_has_a_place_in_a_reference_and_no_other_has() {
    let pages = [CHAT, ROOMS, RESUME, NOISY].map(|name| Page::read(name).text).concat();
    let named = words(r#""type": ?"[a-z_-]+""#, &pages);
    let named: BTreeSet<_> = named.iter().filter_map(|named| named.rsplit('"').nth(1)).collect();
    let of_protocol = [FrameType::ControlPing, FrameType::ControlPong, FrameType::Close, FrameType::Other];
    let frames = FrameType::ALL.iter().filter(|frame| !of_protocol.contains(frame)).map(|frame| frame.label());
    let frames: BTreeSet<_> = frames.collect();
    assert!(named.is_subset(&frames), "{:?}", named.difference(&frames));
    for frame in frames.difference(&named) {
        assert!(pages.contains(&format!("`{frame}`")), "{frame}");
    }
}

#[test]
fn what_the_references_of_rooms_and_sessions_show_can_be_said() {
    // A field of a table's frame is given a value that fits, the mark of an optional one is left out.
    let values =
        [("topic", "\"t\""), ("to", "\"x\""), ("data", "1"), ("received", "1"), ("sdp", "1"), ("candidate", "1")];
    for (name, heading) in [(ROOMS, "Frames"), (RESUME, "Asking")] {
        let page = Page::read(name);
        let said: Vec<_> = said_by_clients(&page, heading);
        assert!(said.len() >= 4, "{name}: {said:?}");
        for (frame, kind) in said {
            let fields = values.iter().filter(|(field, _)| frame.contains(&format!("\"{field}\"")));
            let fields: String = fields.map(|(field, value)| format!(",\"{field}\":{value}")).collect();
            let text = format!("{{\"type\":\"{kind}\"{fields}}}");
            let understood = chat::parse(&text).map(|request| request.frame_type().label());
            assert_eq!(understood.ok(), Some(kind.as_str()), "{name}: {text}");
        }
    }
}

/// The frames in the first column of the table under a heading, and their types.
fn said_by_clients(page: &Page, heading: &str) -> Vec<(String, String)> {
    let frame = Regex::new(r#"`(\{"type":"([a-z]+)".*?\})`"#).expect("a pattern");
    let rows = page.table(heading);
    let cells: Vec<_> = rows.iter().map(|row| row[0]).collect();
    cells
        .iter()
        .flat_map(|cell| frame.captures_iter(cell))
        .map(|found| (found[1].to_owned(), found[2].to_owned()))
        .collect()
}

#[test]
fn noisytransfer_s_wire_reference_lists_every_error() {
    let reference = Page::read(NOISY).text;
    for error in noisy::ErrorCode::ALL {
        let row = format!("\n| `{}` | {} |", error.name(), error.message());
        assert!(reference.contains(&row), "{row}");
    }
}

#[test]
fn each_wire_reference_names_settings_as_they_are() {
    let settings = Page::new(settings_markdown());
    let known = settings.rows();
    let of_chat = ErrorCode::ALL.iter().map(|error| error.frame());
    let errors: String = of_chat.chain(noisy::ErrorCode::ALL.iter().map(|error| error.name())).collect();
    for name in [CHAT, NOISY, ROOMS, RESUME] {
        let reference = Page::read(name);
        let listed = if name == CHAT { Vec::new() } else { reference.table("Settings") };
        for row in listed {
            let setting = known.iter().find(|setting| setting[0] == row[0]).unwrap_or_else(|| panic!("{}", row[0]));
            let default = setting[2].trim_matches('`');
            assert!(default.split(' ').any(|word| word == row[1]), "{} is {default}, not {}", row[0], row[1]);
        }
        for word in words(r"\b[A-Z]+(?:_[A-Z]+)+\b", &reference.text) {
            let is_setting = settings.text.contains(&format!("`{word}`"));
            assert!(is_setting || errors.contains(&word), "{name}: {word}");
        }
    }
}

#[tokio::test]
async fn each_wire_reference_names_the_metrics_that_there_are() {
    let noisy = Page::read(NOISY).text;
    // Some families are not shown before they are used.
    let made = words(r#""nt_[a-z_]+""#, &Page::read("src/telemetry/metrics/noisy.rs").text);
    let made: BTreeSet<_> = made.iter().map(|name| name.trim_matches('"')).collect();
    let listed = words(r"\bnt_[a-z_]+", &noisy);
    assert_eq!(listed.iter().map(String::as_str).collect::<BTreeSet<_>>(), made);
    let shown = scrape(Server::start().await.address).await;
    for page in [ROOMS, RESUME, NOISY] {
        let named = words(r"\bmeetpoint_[a-z_]*[a-z]", &Page::read(page).text);
        assert!(!named.is_empty(), "{page}");
        for name in named {
            assert!(shown.keys().any(|sample| sample.split('{').next() == Some(&name)), "{page}: {name}");
        }
    }
}

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    for name in [
        "README.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "docs/architecture.md",
        OPERATIONS,
        CHAT,
        ROOMS,
        RESUME,
        NOISY,
        RONDEVU,
    ] {
        let page = Page::read(name);
        for link in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(link.starts_with("http") || page.leads_to(link), "{name}: {link}");
        }
    }
}

/// Every match of a pattern, once.
fn words(pattern: &str, text: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).expect("a pattern");
    pattern.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}
