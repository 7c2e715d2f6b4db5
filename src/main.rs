//! Settings → bind → run until a signal → exit code.

#![forbid(unsafe_code)]

use std::{
    error::Error, future::pending, io, pin::pin, process::ExitCode, thread::available_parallelism, time::Duration,
};

use meetpoint::{
    app::{self, App},
    config::{self, Command, Healthcheck, Listen, LogFormat, Refusal, Settings},
    core::chance::Chance,
    server::{
        healthcheck,
        tls::{self, Tls},
        wire::{self, Listener},
    },
    telemetry::logs,
};
use tokio::{
    net::{TcpListener, lookup_host},
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
};
use tracing::{error, info};

fn main() -> ExitCode {
    let command = match config::load_process() {
        Ok(command) => command,
        Err(Refusal::Told(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(Refusal::Faults { lines, exit_code }) => return refused(&lines, exit_code),
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
    // One worker has nobody to share its work with, and need not be ready to.
    let mut builder = match available_parallelism() {
        Ok(cores) if cores.get() > 1 => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    builder.enable_all().event_interval(TASKS_BETWEEN_POLLS).max_io_events_per_tick(SOCKETS_PER_POLL).build()
}

/// A start that is refused: nothing was started.
fn refused(lines: &[String], exit_code: u8) -> ExitCode {
    for line in lines {
        eprintln!("{line}");
    }
    ExitCode::from(exit_code)
}

async fn check_health(check: Healthcheck) -> ExitCode {
    match healthcheck::ask(&check).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: Settings) -> ExitCode {
    if let Err(fault) = logs::init(&settings.log.level, settings.log.format == LogFormat::Json) {
        return refused(&[format!("invalid LOG_LEVEL: {fault}")], Refusal::MISCONFIGURED);
    }
    // Before anything is started: without its certificate there is no server.
    let tls = match settings.tls.files().map(|files| Tls::load(&files)).transpose() {
        Ok(tls) => tls,
        Err(tls::Fault::Unreadable(file)) => return refused(&[file.line()], Refusal::AS_THE_ORIGINAL),
        Err(tls::Fault::Unusable(line)) => return refused(&[line], Refusal::MISCONFIGURED),
    };
    let Listen { host, port } = &settings.listen;
    match run(&settings, tls).await {
        Ok(code) => code,
        Err(problem) => {
            error!(%problem, host, port, "cannot serve");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings, tls: Option<Tls>) -> Result<ExitCode, Box<dyn Error>> {
    let mut signals = Signals::new()?;
    // Taken without TLS, too: who asks every server to read its certificate again does not mean to end any.
    let hangups = signal(SignalKind::hangup())?;
    let app = app::build(settings, Chance::from_system())?;
    let code = serve_until_signal(&app, settings, tls, hangups, &mut signals).await;
    app.close();
    code
}

async fn serve_until_signal(
    app: &App,
    settings: &Settings,
    tls: Option<Tls>,
    hangups: Signal,
    signals: &mut Signals,
) -> Result<ExitCode, Box<dyn Error>> {
    let listener = listen(&settings.listen).await?;
    let (address, about) = (listener.local_addr()?, &app.server.about);
    info!(%address, tls = tls.is_some(), version = about.version, instance = about.instance_id, "listening");
    let grace = settings.shutdown_grace;
    match tls {
        Some(tls) => until_signal(app, tls.over(listener), tls.watch(hangups), grace, signals).await,
        None => until_signal(app, listener, ignore(hangups), grace, signals).await,
    }
}

/// `beside` goes on for as long as the server does.
async fn until_signal<L: Listener>(
    app: &App,
    listener: L,
    beside: impl Future<Output = ()>,
    grace: Duration,
    signals: &mut Signals,
) -> Result<ExitCode, Box<dyn Error>> {
    let mut serving = pin!(async {
        tokio::select! {
            () = app.serve(listener) => {}
            () = beside => {}
        }
    });
    tokio::select! {
        () = &mut serving => return Ok(ExitCode::FAILURE),
        signal = signals.next() => info!(signal, "asked to stop"),
    }
    tokio::select! {
        _ = async { tokio::join!(serving, app.server.drain(grace)) } => Ok(ExitCode::SUCCESS),
        signal = signals.next() => {
            info!(signal, "asked again: stopping at once");
            Ok(ExitCode::from(128 + signal))
        }
    }
}

/// Without TLS there is nothing to read again.
async fn ignore(mut hangups: Signal) {
    while hangups.recv().await.is_some() {
        info!("SIGHUP: there is no certificate to read again");
    }
    pending().await
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
