//! The documents say what the code does.

mod conversation;
mod page;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use meetpoint::config::settings_markdown;
use meetpoint_protocol::{
    Close,
    chat::{ErrorCode, LeftReason},
    noisy,
};
use regex::Regex;

use page::Page;
use support::{metrics::scrape, server::Server};

const CHAT: &str = "docs/protocol/chat.md";
const NOISY: &str = "docs/protocol/noisytransfer.md";
const RONDEVU: &str = "docs/protocol/rondevu.md";

/// Codes that only one of the wires uses.
const OF_CHAT: &[Close] = &[Close::TooManyMessages, Close::BadRequest];
const OF_NOISY: &[Close] = &[Close::SideABusy, Close::SideBBusy, Close::Replaced];

#[test]
fn the_readme_lists_every_setting_as_it_is() {
    let table = settings_markdown();
    assert!(Page::read("README.md").text.contains(&table), "README.md should have this table:\n\n{table}");
}

#[test]
fn each_wire_reference_lists_the_close_codes_and_reasons_of_its_wire() {
    for (reference, foreign) in [(CHAT, OF_NOISY), (NOISY, OF_CHAT)] {
        let own = Close::ALL.iter().filter(|close| !foreign.contains(close));
        let expected: BTreeSet<_> = own.map(|close| (close.code().to_string(), close.reason().to_owned())).collect();
        let page = Page::read(reference);
        let rows = page.table("Close codes");
        let listed: BTreeSet<_> =
            rows.iter().map(|row| (row[0].to_owned(), row[1].trim_matches('`').to_owned())).collect();
        assert_eq!((listed, rows.len()), (expected.clone(), expected.len()), "{reference}");
    }
    assert!(OF_CHAT.iter().all(|close| !OF_NOISY.contains(close)), "every code is somebody's");
}

#[test]
fn the_chat_s_wire_reference_lists_every_error_and_reason() {
    let reference = Page::read(CHAT).text;
    for error in ErrorCode::ALL {
        let frame: serde_json::Value = serde_json::from_str(error.frame()).expect("JSON");
        let row =
            format!("\n| `{}` | {} |", frame["code"].as_str().expect("text"), frame["message"].as_str().expect("text"));
        assert!(reference.contains(&row), "{row}");
    }
    for reason in LeftReason::ALL {
        let frame: serde_json::Value = serde_json::from_str(reason.frame()).expect("JSON");
        assert!(reference.contains(&format!("`{}`", frame["reason"].as_str().expect("text"))), "{reason:?}");
    }
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
fn noisytransfer_s_wire_reference_names_settings_as_they_are() {
    let (reference, settings) = (Page::read(NOISY), Page::new(settings_markdown()));
    let known = settings.rows();
    for row in reference.table("Settings") {
        let setting = known.iter().find(|setting| setting[0] == row[0]).unwrap_or_else(|| panic!("{}", row[0]));
        let default = setting[2].trim_matches('`');
        assert!(default.split(' ').any(|word| word == row[1]), "{} is {default}, not {}", row[0], row[1]);
    }
    let errors = noisy::ErrorCode::ALL.iter().map(|error| error.name());
    for name in words(r"\b[A-Z]+(?:_[A-Z]+)+\b", &reference.text) {
        let is_setting = settings.text.contains(&format!("`{name}`"));
        assert!(is_setting || errors.clone().any(|error| error == name), "{name}");
    }
}

#[tokio::test]
async fn noisytransfer_s_wire_reference_names_the_metrics_that_there_are() {
    let reference = Page::read(NOISY).text;
    // Some families are not shown before they are used.
    let made = words(r#""nt_[a-z_]+""#, &Page::read("src/telemetry/metrics/noisy.rs").text);
    let made: BTreeSet<_> = made.iter().map(|name| name.trim_matches('"')).collect();
    let listed = words(r"\bnt_[a-z_]+", &reference);
    assert_eq!(listed.iter().map(String::as_str).collect::<BTreeSet<_>>(), made);
    let shown = scrape(Server::start().await.address).await;
    for name in words(r"\bmeetpoint_[a-z_]*[a-z]", &reference) {
        assert!(shown.keys().any(|sample| sample.split('{').next() == Some(&name)), "{name}");
    }
}

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    for name in ["README.md", "docs/architecture.md", CHAT, NOISY, RONDEVU] {
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
