use std::{
    io,
    sync::{Arc, Mutex},
};

use proptest::prelude::*;
use serde_json::Value;
use tracing::{debug, error, info, info_span, subscriber::with_default, warn};

use super::*;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("unharmed").clone()).expect("UTF-8")
    }
}

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("unharmed").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged meanwhile.
fn logged(json: bool, colored: bool, act: impl FnOnce(&Logs)) -> String {
    let paper = Paper::default();
    let writer = paper.clone();
    let (subscriber, logs) = subscriber("info", json, colored, move || writer.clone()).expect("a filter");
    with_default(subscriber, || act(&logs));
    paper.text()
}

#[test]
fn the_level_changes_while_the_server_runs() {
    let text = logged(false, false, |logs| {
        debug!("one");
        logs.set_level("debug").expect("a level");
        debug!("two");
        logs.set_level("warn,meetpoint::telemetry=trace").expect("directives");
        debug!("three");
        logs.set_level("warn,meetpoint::telemetry=error").expect("directives");
        info!("four");
    });
    let said: Vec<_> = ["one", "two", "three", "four"].into_iter().filter(|word| text.contains(word)).collect();
    assert_eq!(said, ["two", "three"], "{text}");
}

#[test]
fn what_is_no_level_changes_nothing() {
    let text = logged(false, false, |logs| {
        assert!(logs.set_level("a=b=c").is_err());
        debug!("one");
        info!("two");
    });
    assert!(!text.contains("one") && text.contains("two"), "{text}");
}

#[test]
fn trouble_shows_by_its_colour_on_a_terminal_only() {
    let act = |_: &Logs| {
        info!("fine");
        warn!("strange");
        error!("wrong");
    };
    let text = logged(false, true, act);
    let colored: Vec<_> = text.lines().map(|line| line.starts_with('\x1b') && line.ends_with("\x1b[0m")).collect();
    assert_eq!(colored, [false, true, true], "{text}");
    assert!(!logged(false, false, act).contains('\x1b'));
}

#[test]
fn what_could_forge_a_line_is_escaped_in_its_place() {
    let hostile = "a\r\nb\u{1b}[2J\u{9b}1m\u{202e}c\u{2028}d\u{7f}\u{2069}";
    let text = logged(false, false, |_| info!(said = %hostile, "é"));
    let expected = "é said=a\\u000d\\u000ab\\u001b[2J\\u009b1m\\u202ec\\u2028d\\u007f\\u2069\n";
    assert!(text.ends_with(expected), "{text}");
}

proptest! {
    #[test]
    fn a_record_is_one_line_of_harmless_characters(said: String, plain in any::<Vec<char>>(), colored: bool) {
        let plain = String::from_iter(plain);
        let act = |_: &Logs| {
            let _span = info_span!("span", display = %said, plain).entered();
            info!(display = %plain, debug = ?plain, text = plain, "{said}");
        };
        for text in [logged(false, colored, act), logged(true, false, act)] {
            let line = text.strip_suffix('\n').expect("a whole line");
            prop_assert!(line.chars().all(harmless), "{:?}", line);
        }
        let read: Value = serde_json::from_str(&logged(true, false, act)).expect("JSON");
        prop_assert_eq!(&read["fields"]["message"], &Value::from(said.clone()));
        prop_assert_eq!(&read["fields"]["display"], &Value::from(plain.clone()));
        prop_assert_eq!(&read["fields"]["text"], &Value::from(plain));
    }
}

#[test]
fn addresses_are_blurred_unless_they_are_asked_for() {
    for (address, blurred, whole) in [
        ("192.0.2.77", "192.0.2.0/24", "192.0.2.77"),
        ("255.255.255.255", "255.255.255.0/24", "255.255.255.255"),
        ("::ffff:192.0.2.77", "192.0.2.0/24", "192.0.2.77"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", "2001:db8:1:2:3:4:5:6"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff::/48", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("::1", "::/48", "::1"),
    ] {
        let address: IpAddr = address.parse().expect("an address");
        assert_eq!(Addresses { whole: false }.show(address).to_string(), blurred);
        assert_eq!(Addresses { whole: true }.show(address).to_string(), whole);
    }
}
