//! The units of systemd, by its own judgement, and the settings that they come with.

use std::ffi::OsString;
use std::fs;
use std::process::{Command, Output};

use meetpoint::config;
use tempfile::TempDir;

use crate::{path, text};

/// The most that `systemd-analyze security` may find, of 100: below 20 it calls a unit OK, and one without any of it has 96.
const EXPOSURE: &str = "20";

fn analyze(arguments: &[&str]) -> Output {
    let analyze = Command::new("systemd-analyze").args(arguments).output();
    analyze.expect("systemd-analyze: `make tools` installs it")
}

/// The values of a directive, in their order.
fn values<'a>(unit: &'a str, directive: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(directive)?.strip_prefix('=')).collect()
}

#[test]
fn systemd_has_nothing_to_say_against_the_units() {
    let place = TempDir::new().expect("a folder");
    let program = env!("CARGO_BIN_EXE_meetpoint");
    for name in ["meetpoint.service", "meetpoint.socket"] {
        let unit = text(&format!("deploy/{name}")).replace("/usr/local/bin/meetpoint", program);
        fs::write(place.path().join(name), unit).expect("a file");
    }
    let files = ["meetpoint.service", "meetpoint.socket"].map(|name| place.path().join(name));
    let verified =
        analyze(&["verify", "--man=no", files[0].to_str().expect("Unicode"), files[1].to_str().expect("Unicode")]);
    let said = String::from_utf8_lossy(&verified.stderr);
    let about_them: Vec<_> = said.lines().filter(|line| line.contains("meetpoint")).collect();
    assert!(about_them.is_empty(), "{about_them:#?}");
    assert!(verified.status.success(), "{said}");
}

#[test]
fn the_service_is_let_do_little() {
    let unit = path("deploy/meetpoint.service");
    let threshold = format!("--threshold={EXPOSURE}");
    let judged = analyze(&["security", "--offline=true", "--no-pager", &threshold, unit.to_str().expect("Unicode")]);
    let said = String::from_utf8_lossy(&judged.stdout);
    assert!(judged.status.success(), "{said}{}", String::from_utf8_lossy(&judged.stderr));
    assert!(said.contains("Overall exposure level"), "{said}");
}

#[test]
fn the_service_s_settings_are_the_server_s() {
    let unit = text("deploy/meetpoint.service");
    let known = config::settings_markdown();
    let given: Vec<_> = values(&unit, "Environment").into_iter().filter_map(|given| given.split_once('=')).collect();
    assert!(given.len() >= 3, "{given:?}");
    for (name, _) in &given {
        assert!(*name == "CONFIG_FILE" || known.contains(&format!("`{name}`")), "{name}");
    }
    let settings = path("deploy/meetpoint.conf");
    let loaded = config::load([OsString::from("meetpoint")], |name| match name {
        "CONFIG_FILE" => Some(settings.clone().into()),
        _ => given.iter().find(|(given, _)| *given == name).map(|(_, value)| OsString::from(value)),
    });
    let Ok(config::Command::Serve(settings)) = loaded else { panic!("{loaded:?}") };
    assert!(!settings.origins.dev && !settings.origins.allowed.is_empty() && !settings.trusted_proxies.is_empty());
    let stop: u64 = values(&unit, "TimeoutStopSec")[0].trim_end_matches('s').parse().expect("seconds");
    assert!(stop > settings.shutdown_grace.as_secs(), "the drain is cut off");
    let folder = format!("%S/{}/", values(&unit, "StateDirectory")[0]);
    assert!(settings.storage.path.starts_with(&folder), "{}", settings.storage.path);
}
