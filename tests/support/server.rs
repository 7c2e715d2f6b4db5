//! The server under test: the real binary on a free port of the loopback, killed when the test lets go of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{PATIENCE, canary};

/// Lets a whole crowd come from the one address that a test has.
pub const CROWDED: (&str, &str) = ("MAX_CONNECTIONS_PER_IP", "0");

/// Where cargo has put the server: beside the folder of the tests.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a file");
    test.ancestors().nth(2).expect("tests are in a folder of their own").join("meetpoint")
}

pub struct Server {
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    /// Without a reader the pipe fills up and the server's logging would stop it.
    _drain: JoinSet<()>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::launch(meetpoint(&[], settings)).await
    }

    /// Starts what a command runs: [`meetpoint`], or a program that becomes it.
    pub async fn launch(command: Command) -> Self {
        Starting::launch(command).listening().await
    }

    /// The process.
    pub fn id(&self) -> u32 {
        id(&self.child)
    }

    /// Ends the process in the middle of whatever it does.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the server can be killed");
    }

    /// Sends a signal by its name, as a terminal or an orchestrator would.
    pub async fn signal(&self, name: &str) {
        signal(&self.child, name).await;
    }

    /// How the server ended, or None when it still runs after `within`.
    pub async fn exit(&mut self, within: Duration) -> Option<ExitStatus> {
        let ended = timeout(within, self.child.wait()).await.ok()?;
        Some(ended.expect("the server can be waited for"))
    }

    /// Memory the process occupies, where the platform tells it.
    pub fn resident_bytes(&self) -> Option<u64> {
        const PAGE: u64 = 4096;
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id()?)).ok()?;
        let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
        Some(pages * PAGE)
    }

    /// The time that the process has spent on all cores, where the platform tells it.
    pub fn cpu(&self) -> Option<Duration> {
        /// As `/proc` counts, on every Linux there is (proc_pid_stat(5)).
        const TICK: Duration = Duration::from_millis(10);
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()?)).ok()?;
        // The name in parentheses may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
        Some(ticks.sum::<Result<u32, _>>().ok()? * TICK)
    }

    /// How many descriptors the process has, where the platform tells it.
    pub fn descriptors(&self) -> Option<usize> {
        Some(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()?)).ok()?.count())
    }

    /// What the server has logged, line by line.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("the drain does not panic").clone()
    }

    pub fn assert_no_panic(&self) {
        let log = self.log.lock().expect("the drain does not panic");
        let panicked = log.iter().find(|line| line.contains("panicked at"));
        assert_eq!(panicked, None, "a task of the server panicked");
    }
}

/// A server that does not serve yet.
pub struct Starting {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    seen: Vec<String>,
}

impl Starting {
    pub fn launch(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary under test starts");
        let lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits until the server logs `message`; returns what else it says there.
    pub async fn logs(&mut self, message: &str) -> Value {
        let logged = timeout(PATIENCE, self.next(message)).await.ok().flatten();
        logged.unwrap_or_else(|| panic!("the server never logged {message:?}: {:#?}", self.seen))
    }

    async fn next(&mut self, message: &str) -> Option<Value> {
        while let Ok(Some(line)) = self.lines.next_line().await {
            let fields = serde_json::from_str::<Value>(&line).unwrap_or_default()["fields"].take();
            canary::told(&line);
            self.seen.push(line);
            if fields["message"] == message {
                return Some(fields);
            }
        }
        None
    }

    /// Asks it to stop: how it ended.
    pub async fn stop(mut self) -> ExitStatus {
        signal(&self.child, "TERM").await;
        timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("the server can be waited for")
    }

    pub async fn listening(mut self) -> Server {
        let address = self.logs("listening").await["address"].as_str().and_then(|address| address.parse().ok());
        let log = Arc::new(Mutex::new(self.seen));
        let mut drain = JoinSet::new();
        drain.spawn(keep(self.lines, Arc::clone(&log)));
        Server { address: address.expect("an address"), child: self.child, log, _drain: drain }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log.lock().expect("the drain does not panic");
            let tail = log.len().saturating_sub(20);
            eprintln!("the server's last words:\n{}", log[tail..].join("\n"));
        }
    }
}

fn id(child: &Child) -> u32 {
    child.id().expect("the server still runs")
}

async fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &id(child).to_string()]).status().await;
    assert!(sent.expect("kill is installed").success(), "signal {name} was not sent");
}

/// Runs the binary to its end: for subcommands, `--help` and settings that stop the start.
pub async fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    ended(meetpoint(arguments, settings)).await
}

/// What becomes of a command that ends by itself.
pub async fn ended(mut command: Command) -> Output {
    let output = timeout(PATIENCE, command.output()).await;
    output.expect("the command ends").expect("the binary under test starts")
}

/// The binary under test. What it keeps, it keeps in memory, unless it is told otherwise.
pub fn meetpoint(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments);
    surround(command, settings)
}

/// A shell that does something before it becomes the binary under test.
pub fn meetpoint_after(script: &str, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{script}; exec \"$0\"")]).arg(binary());
    surround(command, settings)
}

fn surround(mut command: Command, settings: &[(&str, &str)]) -> Command {
    for (_, secret) in settings.iter().filter(|(name, _)| canary::SETTINGS.contains(name)) {
        canary::secret(secret);
    }
    command
        .env_clear()
        .envs(canary::flies().then_some(("LOG_LEVEL", "trace")))
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("LOG_FORMAT", "json"), ("STORAGE_TYPE", "memory")])
        .envs(settings.iter().copied())
        // Where `make coverage` counts.
        .envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn keep(mut lines: Lines<BufReader<ChildStderr>>, log: Arc<Mutex<Vec<String>>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        canary::told(&line);
        log.lock().expect("no holder panics").push(line);
    }
}
