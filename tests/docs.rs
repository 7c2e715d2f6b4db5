//! The documents say what the code does.

use std::{fs, path::Path};

use meetpoint::config::settings_markdown;
use meetpoint_protocol::{
    Close,
    chat::{ErrorCode, LeftReason},
};

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

#[test]
fn the_readme_lists_every_setting_as_it_is() {
    let table = settings_markdown();
    assert!(document("README.md").contains(&table), "README.md should have this table:\n\n{table}");
}

#[test]
fn the_wire_reference_lists_every_close_code_and_reason() {
    let reference = document("docs/protocol/chat.md");
    for close in Close::ALL {
        let reason = if close.reason().is_empty() { String::new() } else { format!("`{}` ", close.reason()) };
        let row = format!("\n| {} | {reason}|", close.code());
        assert!(reference.contains(&row), "a row for {close:?}: {row}");
    }
}

#[test]
fn the_wire_reference_lists_every_error_and_reason() {
    let reference = document("docs/protocol/chat.md");
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
fn every_link_in_the_documents_leads_somewhere() {
    for name in ["README.md", "docs/architecture.md", "docs/protocol/chat.md", "docs/protocol/rondevu.md"] {
        let text = document(name);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(name).with_file_name(link);
            assert!(link.starts_with("http") || target.exists(), "{name}: {link}");
        }
    }
}
