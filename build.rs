//! Lists what `src/server/pages.rs` embeds of `web/`, by the path that it is served at: a new file is named nowhere.

use std::{
    env,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

/// What browsers are given. The folders hold other things too: notes, settings of tools, what an editor leaves.
const SERVED: [&str; 4] = ["css", "html", "js", "svg"];

fn main() {
    let web = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("web");
    let demo = files(&web.join("demo")).into_iter().map(|file| (path_of_demo(&name(&file)), file));
    let client = files(&web.join("client/client")).into_iter().map(|file| (format!("/client/{}", name(&file)), file));
    let entry = ("/client.js".to_owned(), web.join("client/client.js"));
    let mut list = "&[\n".to_owned();
    for (path, file) in demo.chain(client).chain([entry]) {
        let tag = tag(&fs::read(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display())));
        let file = file.to_str().expect("a path in UTF-8");
        writeln!(list, "    File {{ path: {path:?}, tag: {tag:?}, text: include_str!({file:?}) }},")
            .expect("a string takes anything");
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("web.rs"), list).expect("cargo's folder can be written");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=web");
}

/// The files of a folder that are served, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|fault| panic!("{}: {fault}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths.filter(|path| SERVED.iter().any(|ending| has_ending(path, ending))).collect();
    files.sort();
    files
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|own| own == ending)
}

fn name(file: &Path) -> String {
    file.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8").to_owned()
}

fn path_of_demo(name: &str) -> String {
    match name.strip_suffix(".html") {
        Some("index") => "/".to_owned(),
        Some(page) => format!("/{page}"),
        None => format!("/assets/{name}"),
    }
}

/// An entity tag (RFC 9110, section 8.8.3): another text has another one.
fn tag(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
