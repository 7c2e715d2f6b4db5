//! The rules of the house that no compiler checks: who may import whom, and what is banned where.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The floors of `src/`. A file imports its own module and floors strictly below.
const FLOORS: &[(&str, u8)] = &[
    ("config", 0),
    ("sync", 0),
    ("core", 1),
    ("telemetry", 2),
    ("store", 2),
    ("guard", 3),
    ("dialects", 4),
    ("server", 5),
    ("app", 6),
    ("main", 6),
    ("lib", 6),
];

/// What a module must not name, and why. The module is the beginning of a path under `src/`.
const BANS: &[(&str, &[&str], &str)] = &[
    (
        "core",
        &["serde_json", "tokio::net", "tungstenite", "Instant::now", "SystemTime::now", "rand::rng("],
        "core is neutral",
    ),
    ("core", &["tokio::time"], "core has no clock"),
    ("", &["tokio::spawn", "task::spawn("], "an untracked task outlives the drain"),
    ("", &["unsafe {", "unsafe fn"], "no unsafe code"),
    ("dialects", &["Instant::now", "SystemTime::now"], "time is an argument"),
    ("dialects/chat", &[".await"], "a session never waits"),
    ("dialects/noisy/session", &[".await"], "a session never waits"),
];

/// Who may read the environment.
const READS_ENVIRONMENT: &str = "config";

const MAX_LINES: usize = 400;

fn sources(folder: &str) -> BTreeMap<String, String> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !["node_modules", "target", "vectors"].contains(&name) {
                walk(&path, root, found);
            } else if ["rs", "js", "mjs", "css"].iter().any(|ending| path.extension().is_some_and(|is| is == *ending)) {
                let key = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                found.insert(key, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = BTreeMap::new();
    walk(&root, &root, &mut found);
    assert!(!found.is_empty(), "{folder} holds sources");
    found
}

/// A source without its comments and its unit tests.
fn code(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.contains("tests/") || file.ends_with("contract.rs")
}

fn module(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// The first segments of all `crate::…` paths, also of those inside `crate::{…}`.
fn imports(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices("crate::") {
        let rest = &source[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = 0;
            for (index, character) in group.char_indices() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => {
                        found.push(&group[start..index]);
                        break;
                    }
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.push(&group[start..index]);
                        start = index + 1;
                    }
                    _ => {}
                }
            }
        } else {
            found.push(rest);
        }
    }
    found
        .into_iter()
        .map(|path| path.trim().split(|character: char| !character.is_ascii_lowercase()).next().unwrap_or_default())
        .filter(|segment| !segment.is_empty())
        .collect()
}

#[test]
fn every_file_imports_only_its_own_module_and_floors_below() {
    for (file, source) in sources("src") {
        let own = module(&file);
        let own_floor = floor(own).unwrap_or_else(|| panic!("{file} stands on no floor: name it in FLOORS"));
        for imported in imports(&code(&source)) {
            let imported_floor = floor(imported).unwrap_or_else(|| panic!("{file} imports crate::{imported}"));
            assert!(imported == own || imported_floor < own_floor, "{file} (floor {own_floor}) imports {imported}");
        }
    }
}

#[test]
fn what_is_banned_is_not_named() {
    for (file, source) in sources("src") {
        let code = code(&source);
        for (banned_in, words, why) in BANS {
            for word in words.iter().filter(|_| file.starts_with(banned_in) && !is_test(&file)) {
                assert!(!code.contains(word), "src/{file} names {word}: {why}");
            }
        }
        assert!(
            module(&file) == READS_ENVIRONMENT || is_test(&file) || !code.contains("std::env::"),
            "src/{file} reads the environment"
        );
    }
}

#[test]
fn no_file_holds_two_things() {
    for folder in ["src", "protocol/src", "loadtest", "bench", "fuzz", "models", "simulation", "tests", "web"] {
        for (file, source) in sources(folder) {
            let lines = source.lines().count();
            assert!(lines <= MAX_LINES, "{folder}/{file} has {lines} lines");
        }
    }
}

#[test]
fn the_import_reader_sees_groups_and_plain_paths() {
    let source = "use crate::{a::{b, c}, d, e::f};\nlet x = crate::g::h();";
    assert_eq!(imports(source), ["a", "d", "e", "g"]);
}
