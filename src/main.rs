//! Settings → bind → run until a signal → exit code.

#![forbid(unsafe_code)]

use std::{error::Error, io, pin::pin, process::ExitCode};

use meetpoint::{
    app::{self, App},
    config::{self, Command, Healthcheck, Listen, LogFormat, Refusal, Settings},
    core::chance::Chance,
    server::{healthcheck, wire},
    telemetry::logs,
};
use tokio::{
    net::{TcpListener, lookup_host},
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
};
use tracing::{error, info};

/// A setting is wrong: nothing was started.
const MISCONFIGURED: u8 = 2;

fn main() -> ExitCode {
    let command = match config::load_process() {
        Ok(command) => command,
        Err(Refusal::Told(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(Refusal::Faults(lines)) => return misconfigured(&lines),
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = match command {
        Command::Healthcheck(check) => runtime.block_on(check_health(check)),
        Command::Serve(settings) => runtime.block_on(serve(settings)),
    };
    // Whatever still runs has had its grace.
    runtime.shutdown_background();
    code
}

/// A runtime that serves everybody when it has no free moment. Left alone, a worker takes up to 1024 sockets at a time for
/// every 61 tasks it runs; what exceeds its queue of 256 goes to a queue that is served rarely, and those clients wait ten
/// times as long as the others (`docs/architecture.md` has the figures). So it takes fewer than it runs.
fn runtime() -> io::Result<Runtime> {
    const TASKS_BETWEEN_POLLS: u32 = 256;
    const SOCKETS_PER_POLL: usize = 128;
    Builder::new_multi_thread()
        .enable_all()
        .event_interval(TASKS_BETWEEN_POLLS)
        .max_io_events_per_tick(SOCKETS_PER_POLL)
        .build()
}

fn misconfigured(lines: &[String]) -> ExitCode {
    for line in lines {
        eprintln!("{line}");
    }
    ExitCode::from(MISCONFIGURED)
}

async fn check_health(Healthcheck { host, port, path, timeout }: Healthcheck) -> ExitCode {
    match healthcheck::ask(&host, port, &path, timeout).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: Settings) -> ExitCode {
    if let Err(fault) = logs::init(&settings.log.level, settings.log.format == LogFormat::Json) {
        return misconfigured(&[format!("invalid LOG_LEVEL: {fault}")]);
    }
    let Listen { host, port } = &settings.listen;
    match run(&settings).await {
        Ok(code) => code,
        Err(problem) => {
            error!(%problem, host, port, "cannot serve");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings) -> Result<ExitCode, Box<dyn Error>> {
    let mut signals = Signals::new()?;
    let app = app::build(settings, Chance::from_system())?;
    let code = serve_until_signal(&app, settings, &mut signals).await;
    app.close();
    code
}

async fn serve_until_signal(app: &App, settings: &Settings, signals: &mut Signals) -> Result<ExitCode, Box<dyn Error>> {
    let server = &app.server;
    let listener = listen(&settings.listen).await?;
    let address = listener.local_addr()?;
    info!(%address, version = server.about.version, instance = server.about.instance_id, "listening");
    let mut serving = pin!(app.serve(listener));
    tokio::select! {
        () = &mut serving => return Ok(ExitCode::FAILURE),
        signal = signals.next() => info!(signal, "asked to stop"),
    }
    tokio::select! {
        _ = async { tokio::join!(serving, server.drain(settings.shutdown_grace)) } => Ok(ExitCode::SUCCESS),
        signal = signals.next() => {
            info!(signal, "asked again: stopping at once");
            Ok(ExitCode::from(128 + signal))
        }
    }
}

async fn listen(Listen { host, port }: &Listen) -> io::Result<TcpListener> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host((host.as_str(), *port)).await? {
        match wire::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// The signals that ask the server to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next signal's number.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => 15,
            _ = self.interrupt.recv() => 2,
        }
    }
}
