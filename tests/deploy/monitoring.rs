//! Dashboard, alerts and the documents' table of metrics: what they name is what a server that has had visitors tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::page::Page;
use crate::support::chat::{pair, talk};
use crate::support::metrics::scrape;
use crate::support::noisy::{Seat, room};
use crate::support::server::Server;
use crate::{OPERATIONS, path, text, yaml};

const DASHBOARD: &str = "deploy/grafana/meetpoint.json";
const ALERTS: &str = "deploy/prometheus/alerts.yaml";

/// What Prometheus adds to whatever it scrapes.
const OF_THE_TARGET: [&str; 2] = ["instance", "job"];

/// Labels whose values are not all there from the start.
const OPEN: [&str; 3] = ["status", "route", "type"];

/// What a server tells: for each family its labels, and for each of those its values.
type Told = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The families of a server that has been used.
async fn told() -> Told {
    let server = Server::with(&[("HTTP_RATE_PER_MIN", "0")]).await;
    let (mut one, mut other) = pair(&server).await;
    talk(&mut one, &mut other).await;
    let mut left = Seat::join(&server, &room(1), "A").await;
    let right = Seat::join(&server, &room(1), "B").await;
    right.send(json!({"type": "offer", "sdp": "v=0"})).await;
    left.next().await;
    for event in ["ice-connected", "ice-failed"] {
        left.send(json!({"type": "telemetry", "event": event})).await;
    }
    left.settle().await;
    let label = Regex::new(r#"([a-z_]+)="([^"]*)""#).expect("a pattern");
    let mut told = Told::new();
    for sample in scrape(server.address).await.into_keys() {
        let (name, labels) = sample.split_once('{').unwrap_or((&sample, ""));
        let family = told.entry(name.to_owned()).or_default();
        for found in label.captures_iter(labels) {
            family.entry(found[1].to_owned()).or_default().insert(found[2].to_owned());
        }
    }
    told
}

/// Where each query stands, and the query.
fn queries() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let drawn = panels.flat_map(|panel| {
        let title = panel["title"].as_str().expect("a title");
        let targets = panel["targets"].as_array().into_iter().flatten();
        targets.map(move |target| (title.to_owned(), target["expr"].as_str().expect("a query").to_owned()))
    });
    let alerts = yaml(ALERTS);
    let rules = alerts["groups"][0]["rules"].as_array().expect("rules").iter();
    let watched = rules.map(|rule| {
        let text = |field: &str| rule[field].as_str().expect("a text").to_owned();
        (text("alert"), text("expr"))
    });
    drawn.chain(watched).collect()
}

#[tokio::test]
async fn dashboard_and_alerts_use_only_metrics_and_labels_that_there_are() {
    let told = told().await;
    let metric = Regex::new(r"\b(?:meetpoint|nt|process)_[a-z_]+\b(?:\{([^}]*)\})?").expect("a pattern");
    let matcher = Regex::new(r#"([a-z_]+)(=~|!~|!=|=)"([^"]*)""#).expect("a pattern");
    let grouping = Regex::new(r"\b(?:by|on) \(([^)]*)\)").expect("a pattern");
    let queries = queries();
    assert!(queries.len() > 40, "{}", queries.len());
    for (place, query) in &queries {
        let mut labels: BTreeSet<&str> = OF_THE_TARGET.into();
        let mut found = query.contains("up{");
        for used in metric.captures_iter(query) {
            found = true;
            let name = used[0].split('{').next().expect("a name");
            let family = told.get(name).unwrap_or_else(|| panic!("{place}: there is no {name}"));
            labels.extend(family.keys().map(String::as_str));
            for filter in matcher.captures_iter(used.get(1).map_or("", |labels| labels.as_str())) {
                let (label, values) = (&filter[1], &filter[3]);
                if OF_THE_TARGET.contains(&label) {
                    continue;
                }
                let known = family.get(label).unwrap_or_else(|| panic!("{place}: {name} has no label {label}"));
                for value in values.split('|').filter(|_| !OPEN.contains(&label)) {
                    assert!(known.contains(value), "{place}: {name} has no {label}={value}, but {known:?}");
                }
            }
        }
        assert!(found, "{place}: {query}");
        for group in grouping.captures_iter(query) {
            for label in group[1].split(',').map(str::trim) {
                assert!(labels.contains(label), "{place}: nothing has a label {label}");
            }
        }
    }
}

#[tokio::test]
async fn the_table_of_metrics_is_that_of_the_server() {
    let page = Page::read(OPERATIONS);
    let suffix = Regex::new("_(bucket|sum|count)$").expect("a pattern");
    let mut told_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, labels) in told().await {
        let name = if labels.contains_key("le") || !name.ends_with("_bucket") {
            suffix.replace(&name, "").into_owned()
        } else {
            name
        };
        let labels = labels.into_keys().filter(|label| label != "le");
        told_of.entry(name).or_default().extend(labels);
    }
    let listed: BTreeMap<String, BTreeSet<String>> = page
        .table("Metrics")
        .iter()
        .map(|row| {
            let labels = row[1].split(',').map(|label| label.trim().trim_matches('`').to_owned());
            (row[0].trim_matches('`').to_owned(), labels.filter(|label| !label.is_empty()).collect())
        })
        .collect();
    for (name, labels) in &told_of {
        assert_eq!(listed.get(name), Some(labels), "{name} in {OPERATIONS}");
    }
    let gone: Vec<_> = listed.keys().filter(|name| !told_of.contains_key(*name)).collect();
    assert!(gone.is_empty(), "there are no {gone:?}");
}

#[test]
fn every_alert_says_what_to_do() {
    let page = text(OPERATIONS);
    let alerts = yaml(ALERTS);
    let rules = alerts["groups"][0]["rules"].as_array().expect("rules");
    for rule in rules {
        let name = rule["alert"].as_str().expect("a name");
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name} has no row");
        assert!(
            text("deploy/prometheus/alerts.test.yaml").contains(&format!("alertname: {name}\n")),
            "{name} is not tried"
        );
    }
    let rows = Page::read(OPERATIONS);
    assert_eq!(rows.table("Alerts").len(), rules.len());
}

fn promtool(arguments: &[&str]) {
    let output = Command::new("promtool").args(arguments).current_dir(path("deploy/prometheus")).output();
    let output = output.expect("promtool: `make tools` installs it");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "promtool {arguments:?}: {}", String::from_utf8_lossy(&said));
}

#[test]
fn promtool_takes_the_configuration_the_rules_and_the_dashboard_s_queries() {
    promtool(&["check", "config", "prometheus.yml"]);
    promtool(&["check", "rules", "alerts.yaml"]);
    let rules: Vec<_> = queries()
        .iter()
        .enumerate()
        .map(|(number, (_, query))| {
            let query = query.replace("$__rate_interval", "1m").replace("$instance", ".*");
            json!({"record": format!("query:{number}"), "expr": query})
        })
        .collect();
    let place = TempDir::new().expect("a folder");
    let file = place.path().join("queries.yaml");
    // JSON is YAML, too.
    fs::write(&file, json!({"groups": [{"name": "queries", "rules": rules}]}).to_string()).expect("a file");
    promtool(&["check", "rules", file.to_str().expect("Unicode")]);
}

#[test]
fn every_alert_fires_when_it_should_and_not_before() {
    promtool(&["test", "rules", "alerts.test.yaml"]);
}

#[test]
fn grafana_finds_the_dashboard_and_its_source() {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).expect("JSON");
    let source = &yaml("deploy/grafana/provisioning/datasources/prometheus.yaml")["datasources"][0]["uid"];
    let folder = &yaml("deploy/grafana/provisioning/dashboards/meetpoint.yaml")["providers"][0]["options"]["path"];
    let mounted = yaml("deploy/compose.yaml")["services"]["grafana"]["volumes"].to_string();
    assert!(mounted.contains(&format!("./grafana/meetpoint.json:{}/", folder.as_str().expect("a path"))), "{mounted}");
    let mut numbers = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert!(numbers.insert(panel["id"].as_u64()), "two panels are {}", panel["id"]);
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(&target["datasource"]["uid"], source, "{}", panel["title"]);
        }
    }
}
