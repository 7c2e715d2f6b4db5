//! The Autobahn|Testsuite against the server's sockets, in both ways of reading: `tests/autobahn/run` installs the suite and runs this.
//!
//! What each case must end in is in `expected.txt`: case, how the server behaved, how it closed.

mod echo;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use meetpoint::config::FrameReader;
use meetpoint_scorecard::{Goal, figure};
use serde_json::{Value, json};
use tokio::{process::Command, task::JoinSet, time::timeout};

const READERS: [(&str, FrameReader); 2] =
    [("in-place", FrameReader::InPlace), ("tungstenite", FrameReader::Tungstenite)];

/// All but large messages (9), which take longer, and compression (12, 13), which the server does not offer.
const USUAL: &str = "1.* 2.* 3.* 4.* 5.* 6.* 7.* 10.*";

/// For the slowest cases on a busy machine.
const PATIENCE: Duration = Duration::from_secs(1200);

/// By case, how the server behaved and how it closed.
type Outcomes = BTreeMap<String, [String; 2]>;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the suite has to be installed: tests/autobahn/run"]
async fn each_case_of_the_suite_ends_as_expected_in_both_ways_of_reading() {
    let wstest = env::var_os("WSTEST").expect("WSTEST names the suite's program");
    let cases = env::var("AUTOBAHN_CASES").ok().filter(|cases| !cases.is_empty()).unwrap_or_else(|| USUAL.to_owned());
    let cases: Vec<_> = cases.split_whitespace().collect();
    let expected = expected(&cases);
    assert!(!expected.is_empty(), "no case of expected.txt is among {cases:?}");

    let mut servers = JoinSet::new();
    let agents = READERS.map(|(name, reader)| {
        let address = echo::start(reader, &mut servers);
        json!({"agent": name, "url": format!("ws://{address}{}", echo::PATH)})
    });
    let reports = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("autobahn");
    let spec = json!({"outdir": &reports, "servers": agents, "cases": cases});
    run(Path::new(&wstest), &spec, &reports).await;

    let index = fs::read_to_string(reports.join("index.json")).expect("the suite writes an index");
    let index: Value = serde_json::from_str(&index).expect("JSON");
    let mut differences = Vec::new();
    for (reader, _) in READERS {
        let found = outcomes(&index[reader]);
        println!("{reader}: {}", counts(&found));
        let failed = found.values().filter(|ending| ending.contains(&"FAILED".to_owned())).count();
        figure("B1", &format!("cases of Autobahn, {reader}"), found.len() as f64, "", Goal::Told);
        figure("B1", &format!("cases that failed, {reader}"), failed as f64, "", Goal::Exactly(0.0));
        differences.extend(difference(&expected, &found).map(|line| format!("{reader}: {line}")));
    }
    assert!(differences.is_empty(), "see {}:\n{}", reports.join("index.html").display(), differences.join("\n"));
}

/// Runs the suite to its end. What it says goes to a file.
async fn run(wstest: &Path, spec: &Value, reports: &Path) {
    // The index of an earlier run must not be taken for this one's.
    let _ = fs::remove_dir_all(reports);
    fs::create_dir_all(reports).expect("a folder for the reports");
    let (spec_file, log) = (reports.join("spec.json"), reports.join("wstest.log"));
    fs::write(&spec_file, spec.to_string()).expect("the folder can be written");
    let said = fs::File::create(&log).expect("the folder can be written");
    let also = said.try_clone().expect("a descriptor");
    let mut suite = Command::new(wstest)
        .args(["-m", "fuzzingclient", "-s"])
        .arg(&spec_file)
        .current_dir(reports)
        .stdin(Stdio::null())
        .stdout(said)
        .stderr(also)
        .kill_on_drop(true)
        .spawn()
        .expect("the suite starts");
    let ended = timeout(PATIENCE, suite.wait()).await.expect("the suite ends").expect("it can be waited for");
    assert!(ended.success(), "the suite ended with {ended}: see {}", log.display());
}

/// The lines of the table for the cases that were chosen.
fn expected(cases: &[&str]) -> Outcomes {
    let chosen = |case: &str| cases.iter().any(|pattern| matches(pattern, case));
    include_str!("expected.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .map(|words| match words[..] {
            [case, behaved, closed] if [behaved, closed].iter().all(|ending| *ending != "FAILED") => {
                (case.to_owned(), [behaved, closed].map(str::to_owned))
            }
            _ => panic!("expected.txt: {words:?}"),
        })
        .filter(|(case, _)| chosen(case))
        .collect()
}

/// Whether the suite takes a case for one of the pattern's: a name, or the beginning of some.
fn matches(pattern: &str, case: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == case, |beginning| case.starts_with(beginning))
}

fn outcomes(report: &Value) -> Outcomes {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let cases = report.as_object().into_iter().flatten();
    cases.map(|(case, told)| (case.clone(), [text(&told["behavior"]), text(&told["behaviorClose"])])).collect()
}

/// How many cases ended in which way.
fn counts(outcomes: &Outcomes) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    for [behaved, closed] in outcomes.values() {
        *counts.entry(format!("{behaved}/{closed}")).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().map(|(ending, count)| format!("{count} {ending}")).collect();
    format!("{} cases, behaved/closed: {}", outcomes.len(), counts.join(", "))
}

/// What is not as expected, case by case, in the table's own form.
fn difference<'a>(expected: &'a Outcomes, found: &'a Outcomes) -> impl Iterator<Item = String> + 'a {
    let line = |case: &str, outcomes: &Outcomes| outcomes.get(case).map_or("not run".to_owned(), |it| it.join(" "));
    let more = found.keys().filter(|case| !expected.contains_key(*case));
    expected
        .keys()
        .chain(more)
        .filter(|case| expected.get(*case) != found.get(*case))
        .map(move |case| format!("{case} {} instead of {}", line(case, found), line(case, expected)))
}
