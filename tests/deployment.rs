//! What deploys the server, against the server: Dockerfile, .dockerignore and render.yaml, without Docker or Render.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use meetpoint::config::{self, Command, Settings, StorageType};

/// `docker stop` kills after this.
const DOCKER_STOP: Duration = Duration::from_secs(10);

/// The longest that Render waits between SIGTERM and SIGKILL.
const RENDER_LONGEST: Duration = Duration::from_secs(300);

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The lines of a file that are neither empty nor comments.
fn lines(name: &str) -> Vec<String> {
    let text = fs::read_to_string(path(name)).expect("a file of the repository");
    text.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')).map(str::to_owned).collect()
}

/// The Rust sources in a folder, or none of what is no folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|entry| entry.is_dir());
    let files = files.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

/// The directories of the workspace's members beside the server.
fn members() -> Vec<String> {
    let manifest = lines("Cargo.toml");
    let list = manifest.iter().find_map(|line| line.strip_prefix("members = ")).expect("members on one line");
    serde_json::from_str(list).expect("a list of strings")
}

/// The instructions from one FROM to the next: name and arguments.
struct Stage(Vec<(String, String)>);

impl Stage {
    fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(found, _)| found == name).map(|(_, arguments)| arguments.as_str()).collect()
    }

    fn only(&self, name: &str) -> &str {
        match self.all(name).as_slice() {
            [arguments] => arguments,
            found => panic!("{} times {name}", found.len()),
        }
    }

    /// The `NAME=value` pairs of an instruction.
    fn pairs(&self, name: &str) -> BTreeMap<String, String> {
        let mut pairs = BTreeMap::new();
        let mut rest = self.only(name);
        while let Some((key, value)) = rest.split_once('=') {
            let (value, tail) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).expect("a closing quote"),
                _ => value.split_once(' ').unwrap_or((value, "")),
            };
            pairs.insert(key.trim().to_owned(), value.to_owned());
            rest = tail;
        }
        pairs
    }

    /// The words of an instruction in exec form: an image without a shell has no other.
    fn exec(&self, name: &str) -> Vec<String> {
        let arguments = self.only(name);
        let words = &arguments[arguments.find('[').expect("exec form")..];
        serde_json::from_str(words).expect("exec form")
    }

    /// What is copied from the repository.
    fn sources(&self) -> Vec<&str> {
        let copies = self.all("COPY").into_iter().filter(|copy| !copy.starts_with("--from="));
        copies.flat_map(|copy| copy.rsplit_once(' ').expect("a destination").0.split(' ')).collect()
    }
}

fn dockerfile() -> [Stage; 2] {
    let text = lines("Dockerfile").join("\n").replace("\\\n", " ");
    let mut stages = Vec::new();
    for line in text.lines() {
        let (name, arguments) = line.split_once(' ').expect("an instruction");
        if name == "FROM" {
            stages.push(Stage(Vec::new()));
        }
        stages.last_mut().expect("FROM comes first").0.push((name.to_owned(), arguments.to_owned()));
    }
    stages.try_into().ok().expect("two stages")
}

/// What the server does in an environment, every variable of which must be one of its settings.
fn settings(environment: &BTreeMap<String, String>) -> Settings {
    let table = config::settings_markdown();
    let known = |name: &str| table.lines().any(|row| row.split(" | ").next().is_some_and(|cell| cell.contains(name)));
    for name in environment.keys() {
        assert!(known(&format!("`{name}`")), "{name} is no setting");
    }
    match config::load([OsString::from("meetpoint")], |name| environment.get(name).map(OsString::from)) {
        Ok(Command::Serve(settings)) => settings,
        other => panic!("{other:?}"),
    }
}

/// The fields of the one service of render.yaml, its variables with their values, and what a deploy depends on.
fn render() -> (BTreeMap<String, String>, BTreeMap<String, String>, Vec<String>) {
    let (mut fields, mut variables, mut paths) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut variable = String::new();
    for line in lines("render.yaml") {
        let indent = line.len() - line.trim_start().len();
        let (key, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
        let value = value.trim().trim_matches('"').to_owned();
        match (indent, key.trim_start_matches("- ")) {
            (0, "services") => {}
            (2 | 4, field) => assert_eq!(fields.insert(field.to_owned(), value), None, "a second {field}"),
            (6, "key") => variable = value,
            (6, "paths") => {}
            (8, "value") => assert_eq!(variables.insert(variable.clone(), value), None, "a second {variable}"),
            (8, "sync") => assert_eq!(variables.insert(variable.clone(), String::new()), None, "a second {variable}"),
            (8, path) if line.trim().starts_with("- ") => paths.push(path.to_owned()),
            _ => panic!("an unexpected line: {line}"),
        }
    }
    (fields, variables, paths)
}

#[test]
fn the_dependencies_are_built_from_every_manifest() {
    let [build, _] = dockerfile();
    let first_build = build.0.iter().position(|(name, arguments)| name == "RUN" && arguments.contains("cargo build"));
    let before = Stage(build.0.into_iter().take(first_build.expect("a build")).collect());
    let mut expected = vec!["Cargo.toml".to_owned(), "Cargo.lock".to_owned()];
    expected.extend(members().iter().map(|member| format!("{member}/Cargo.toml")));
    assert_eq!(before.sources(), expected, "nothing else: it would unmake the layer");
}

#[test]
fn the_builder_gets_what_is_copied_and_no_more() {
    let [build, last] = dockerfile();
    let ignored = lines(".dockerignore");
    let (everything, exceptions) = ignored.split_first().expect("rules");
    assert_eq!(everything, "*");
    let mut let_in: Vec<_> = exceptions.iter().map(|line| line.strip_prefix('!').expect("an exception")).collect();
    let mut copied = build.sources();
    let_in.sort_unstable();
    copied.sort_unstable();
    assert_eq!(let_in, copied);
    assert!(last.sources().is_empty());
    assert!(copied.iter().all(|source| path(source).exists()), "{copied:?}");
}

#[test]
fn the_builder_gets_what_the_sources_embed() {
    let [build, _] = dockerfile();
    let copied: Vec<_> = build.sources().into_iter().map(path).collect();
    for file in copied.iter().flat_map(|source| sources(source)) {
        let text = fs::read_to_string(&file).expect("a source");
        for (at, _) in text.match_indices("include_str!(").chain(text.match_indices("include_bytes!(")) {
            let embedded = text[at..].split('"').nth(1).expect("a path, or how it begins");
            let embedded = file.parent().expect("a folder").join(embedded).canonicalize().expect("a file or folder");
            assert!(copied.iter().any(|source| embedded.starts_with(source)), "{file:?} embeds {embedded:?}");
        }
    }
}

#[test]
fn the_toolchain_is_the_one_of_the_manifest() {
    let [build, _] = dockerfile();
    let image = format!("docker.io/library/rust:{}-slim-", env!("CARGO_PKG_RUST_VERSION"));
    assert!(build.only("FROM").starts_with(&image), "{} is not {image}…", build.only("FROM"));
}

#[test]
fn the_image_is_the_server_alone() {
    let [_, last] = dockerfile();
    assert_eq!(last.only("FROM"), "scratch");
    let [binary, data] = last.all("COPY").try_into().expect("the server, and where it writes");
    let binary = binary.rsplit(' ').next().expect("a destination");
    assert_eq!(last.exec("ENTRYPOINT"), [binary]);
    let (user, volume) = (last.only("USER"), last.only("VOLUME"));
    assert_eq!(data, format!("--from=build --chown={user} {volume} {volume}"), "a directory of the server's user");
    let probe = last.exec("HEALTHCHECK");
    assert_eq!(probe[0], binary);
    assert!(matches!(config::load(probe.iter().map(OsString::from), |_| None), Ok(Command::Healthcheck(_))));
    assert_eq!(last.only("STOPSIGNAL"), "SIGTERM");
    let ids: Vec<u32> = last.only("USER").split(':').map(|id| id.parse().expect("a number")).collect();
    assert!(ids.len() == 2 && !ids.contains(&0), "{ids:?}");
    let labels = last.pairs("LABEL");
    for (name, value) in [
        ("title", env!("CARGO_PKG_NAME")),
        ("description", env!("CARGO_PKG_DESCRIPTION")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
    ] {
        assert_eq!(labels[&format!("org.opencontainers.image.{name}")], value);
    }
}

#[test]
fn a_container_listens_where_it_says_and_drains_before_it_is_killed() {
    let [_, last] = dockerfile();
    let settings = settings(&last.pairs("ENV"));
    assert_eq!(settings.listen.port.to_string(), last.only("EXPOSE"));
    assert_eq!(settings.listen.host, "0.0.0.0", "loopback would be the container's own");
    assert!(settings.shutdown_grace < DOCKER_STOP);
}

#[test]
fn a_container_keeps_its_data_in_the_volume() {
    let [build, last] = dockerfile();
    let storage = settings(&last.pairs("ENV")).storage;
    let volume = last.only("VOLUME");
    assert_eq!(storage.kind, StorageType::Sqlite);
    assert_eq!(Path::new(&storage.path).parent(), Some(Path::new(volume)), "{}", storage.path);
    let made = format!("mkdir {volume}");
    assert!(build.all("RUN").iter().any(|run| run.split("&&").any(|command| command.trim() == made)), "{made}");
}

#[test]
fn a_binary_without_a_libc_is_built_for_an_image_without_one() {
    let [build, _] = dockerfile();
    assert!(build.pairs("ENV")["RUSTFLAGS"].contains("target-feature=+crt-static"));
    for run in build.all("RUN").into_iter().filter(|run| run.contains("cargo build")) {
        assert!(run.contains("--target \"$target\""), "build scripts would be static, too: {run}");
    }
}

#[test]
fn render_runs_one_server_and_waits_for_its_drain() {
    let (fields, variables, _) = render();
    for (field, value) in
        [("type", "web"), ("runtime", "docker"), ("numInstances", "1"), ("healthCheckPath", "/healthz")]
    {
        assert_eq!(fields[field], value, "{field}");
    }
    let [_, last] = dockerfile();
    let mut environment = last.pairs("ENV");
    environment.extend(variables);
    let wait = Duration::from_secs(fields["maxShutdownDelaySeconds"].parse().expect("seconds"));
    assert!(wait > settings(&environment).shutdown_grace);
    assert!(wait >= Settings::default().shutdown_grace && wait <= RENDER_LONGEST);
    assert_ne!(fields["plan"], "free", "Render refuses it beside maxShutdownDelaySeconds");
}

#[test]
fn render_keeps_data_where_the_server_may_write() {
    let (fields, variables, _) = render();
    let [_, last] = dockerfile();
    let mut environment = last.pairs("ENV");
    environment.extend(variables.clone());
    let settings = settings(&environment);
    assert_eq!(settings.storage.kind, StorageType::Memory, "without a disk, a file ends with the deploy as well");
    let megabytes = fields["plan"].strip_suffix("mb").and_then(|plan| plan.rsplit('-').next()?.parse::<usize>().ok());
    let memory = megabytes.expect("a plan named by its memory") * 1_000_000;
    assert!(settings.offers.max_stored.bytes() <= memory / 2, "connections need memory, too");
    assert_eq!(variables.get("AUTH_SECRET").map(String::as_str), Some(""), "asked for, never in the repository");
}

#[test]
fn render_deploys_when_the_image_changes() {
    let [build, _] = dockerfile();
    let (_, _, paths) = render();
    let whole = |source: &str| if path(source).is_dir() { format!("{source}/**") } else { source.to_owned() };
    let mut expected: Vec<_> = build.sources().into_iter().chain(["Dockerfile", ".dockerignore"]).map(whole).collect();
    expected.sort_unstable();
    assert_eq!(paths, expected);
}
