//! compose.yaml, against the image, the settings and the files that it names.

use std::collections::BTreeMap;
use std::ffi::OsString;

use meetpoint::config::{self, Command, Settings};
use serde_json::Value;

use crate::{path, text, yaml};

fn compose() -> Value {
    yaml("deploy/compose.yaml")
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|item| item.as_str().expect("a text")).collect()
}

/// What the server does with the variables that it is given, and with those that whoever starts it has to give.
fn settings(given: &[(&str, &str)]) -> Settings {
    let compose = compose();
    let environment = compose["services"]["meetpoint"]["environment"].as_object().expect("variables");
    let known = config::settings_markdown();
    let mut variables = BTreeMap::new();
    for (name, value) in environment {
        assert!(known.contains(&format!("`{name}`")), "{name} is no setting");
        let value = value.as_str().expect("a text");
        let given = given.iter().find(|(given, _)| given == name).map(|(_, value)| *value);
        let value = match value.strip_prefix(&format!("${{{name}")) {
            Some(default) if default.starts_with(":-") => given.unwrap_or(&default[2..default.len() - 1]),
            Some(_) => given.unwrap_or_else(|| panic!("{name} must be given")),
            None => value,
        };
        variables.insert(name.clone(), OsString::from(value));
    }
    match config::load([OsString::from("meetpoint")], |name| variables.get(name).cloned()) {
        Ok(Command::Serve(settings)) => settings,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_starts_it_says_whose_pages_may_use_it() {
    let settings = settings(&[("ALLOWED_ORIGIN", "https://app.example")]);
    assert!(!settings.origins.dev, "an empty list would mean all");
    assert!(settings.trusted_proxies.is_empty());
}

#[test]
fn the_server_has_the_port_the_volume_and_the_time_of_its_image() {
    let server = &compose()["services"]["meetpoint"];
    let dockerfile = text("Dockerfile");
    let instruction = |name: &str| {
        let line = dockerfile.lines().filter_map(|line| line.strip_prefix(name)).next_back().expect(name);
        line.trim().to_owned()
    };
    assert_eq!(server["ports"][0], format!("8080:{}", instruction("EXPOSE")));
    assert_eq!(server["volumes"][0], format!("data:{}", instruction("VOLUME")));
    let grace: u64 = dockerfile
        .split("SHUTDOWN_GRACE=")
        .nth(1)
        .expect("a grace")
        .split('s')
        .next()
        .expect("seconds")
        .parse()
        .expect("a number");
    let wait: u64 =
        server["stop_grace_period"].as_str().expect("a time").trim_end_matches('s').parse().expect("seconds");
    assert!(wait > grace, "{wait} s for a drain of {grace} s");
    // Only the volume is written to.
    assert_eq!(server["read_only"], true);
}

#[test]
fn every_file_that_is_mounted_is_there_and_every_volume_is_declared() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().expect("services") {
        for volume in texts(&service["volumes"]) {
            let source = volume.split(':').next().expect("a source");
            match source.strip_prefix("./") {
                Some(file) => assert!(path("deploy").join(file).exists(), "{name}: {volume}"),
                None => assert!(compose["volumes"].get(source).is_some(), "{name}: {volume}"),
            }
        }
    }
}

#[test]
fn prometheus_and_grafana_find_each_other_and_are_not_for_everybody() {
    let compose = compose();
    let scraped = yaml("deploy/prometheus/prometheus.yml");
    assert_eq!(scraped["scrape_configs"][0]["static_configs"][0]["targets"][0], "meetpoint:8080");
    assert_eq!(
        yaml("deploy/grafana/provisioning/datasources/prometheus.yaml")["datasources"][0]["url"],
        "http://prometheus:9090"
    );
    for name in ["prometheus", "grafana"] {
        let service = &compose["services"][name];
        assert!(texts(&service["ports"]).iter().all(|port| port.starts_with("127.0.0.1:")), "{name}");
        let image = service["image"].as_str().expect("an image");
        assert!(image.rsplit_once(':').is_some_and(|(_, tag)| tag != "latest"), "{image}");
    }
}
