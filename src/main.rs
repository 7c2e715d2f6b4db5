//! Settings → bind → build → run until a signal → exit code.

#![forbid(unsafe_code)]

use std::{error::Error, io, pin::pin, process::ExitCode, thread::available_parallelism};

use listenfd::ListenFd;
use meetpoint::{
    app::{self, App, reload::Reload},
    config::{self, Command, Healthcheck, Listen, LogFormat, Refusal, Settings},
    core::chance::Chance,
    guard::address::is_internal,
    server::{
        descriptors, healthcheck, supervisor,
        tcp::{self, Tcp},
        tls::{self, Tls},
        wire::Listener,
    },
    telemetry::logs::{self, Logs},
};
use tokio::{
    net::lookup_host,
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
};
use tracing::{error, info, warn};

fn main() -> ExitCode {
    let command = match config::load_process() {
        Ok(command) => command,
        Err(Refusal::Told(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(Refusal::Faults { lines, exit_code }) => return refused(&lines, exit_code),
    };
    descriptors::raise();
    // Before there are threads: what is taken from the environment is gone from there.
    let inherited = ListenFd::from_env();
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = match command {
        Command::Healthcheck(check) => runtime.block_on(check_health(check)),
        Command::Check(settings) => check(&settings),
        Command::Serve(settings) => runtime.block_on(serve(settings, inherited)),
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

fn check(settings: &Settings) -> ExitCode {
    match app::check::check(settings) {
        Ok(()) => {
            println!("ok");
            ExitCode::SUCCESS
        }
        Err((lines, exit_code)) => refused(&lines, exit_code),
    }
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

async fn serve(settings: Settings, inherited: ListenFd) -> ExitCode {
    let logs = match logs::init(&settings.log.level, settings.log.format == LogFormat::Json) {
        Ok(logs) => logs,
        Err(fault) => return refused(&[format!("invalid LOG_LEVEL: {fault}")], Refusal::MISCONFIGURED),
    };
    if let Err(line) = descriptors::max_connections(settings.arrivals.max_connections) {
        return refused(&[line], Refusal::MISCONFIGURED);
    }
    // Before anything is started: without its certificate there is no server.
    let tls = match settings.tls.files().map(|files| Tls::load(&files)).transpose() {
        Ok(tls) => tls,
        Err(tls::Fault::Unreadable(file)) => return refused(&[file.line()], Refusal::AS_THE_ORIGINAL),
        Err(tls::Fault::Unusable(line)) => return refused(&[line], Refusal::MISCONFIGURED),
    };
    let Listen { host, port, .. } = &settings.listen;
    match run(&settings, &logs, tls, inherited).await {
        Ok(code) => code,
        Err(problem) => {
            error!(%problem, host, port, "cannot serve");
            ExitCode::FAILURE
        }
    }
}

async fn run(
    settings: &Settings,
    logs: &Logs,
    tls: Option<Tls>,
    inherited: ListenFd,
) -> Result<ExitCode, Box<dyn Error>> {
    let mut signals = Signals::new()?;
    let hangups = signal(SignalKind::hangup())?;
    // First: the process that has the storage must find another on its port when it leaves.
    let listener = listen(&settings.listen, inherited).await?;
    let address = listener.local_addr()?;
    let building = spawn_blocking({
        let settings = settings.clone();
        move || app::build(&settings, Chance::from_system())
    });
    let app = tokio::select! {
        built = building => built??,
        signal = signals.next() => {
            info!(signal, "asked to stop before the start");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let about = &app.server.about;
    info!(%address, tls = tls.is_some(), version = about.version, instance = about.instance_id, "listening");
    if app.server.origins.is_open() && !is_internal(address.ip()) {
        warn!(
            "any web page may use this server, which is fine for trying it out; before strangers find it, name yours: \
             ALLOWED_ORIGIN=https://your-page.example (HOST=127.0.0.1 keeps it on this machine)"
        );
    }
    for variable in settings.secrets.weak() {
        warn!("{variable} has fewer than 128 bits and may be guessed; openssl rand -hex 32 makes a good one");
    }
    let status = format!("listening on {address}");
    supervisor::ready(&status);
    let certificate = tls.as_ref().map(Tls::certificate);
    let reload = Reload { app: &app, logs, certificate, settings: settings.clone(), status };
    let reloading = reload.whenever(hangups);
    let code = match tls {
        Some(tls) => {
            let watching = async { tokio::join!(tls.watch(), reloading).1 };
            until_signal(&app, tls.over(listener), watching, &mut signals).await
        }
        None => until_signal(&app, listener, reloading, &mut signals).await,
    };
    app.close();
    Ok(code)
}

/// `beside` goes on for as long as the server does.
async fn until_signal<L: Listener>(
    app: &App,
    listener: L,
    beside: impl Future<Output = ()>,
    signals: &mut Signals,
) -> ExitCode {
    let mut serving = pin!(async {
        tokio::select! {
            () = app.serve(listener) => {}
            () = beside => {}
            () = supervisor::stay_alive() => {}
        }
    });
    tokio::select! {
        () = &mut serving => return ExitCode::FAILURE,
        signal = signals.next() => info!(signal, "asked to stop"),
    }
    supervisor::stopping("draining");
    tokio::select! {
        _ = async { tokio::join!(serving, app.drain()) } => ExitCode::SUCCESS,
        signal = signals.next() => {
            info!(signal, "asked again: stopping at once");
            ExitCode::from(128 + signal)
        }
    }
}

/// The socket that the process was started with (`LISTEN_FDS`), or a new one.
async fn listen(Listen { host, port, reuse_port }: &Listen, mut inherited: ListenFd) -> io::Result<Tcp> {
    match inherited.len() {
        0 => {}
        1 => {
            let socket = inherited.take_tcp_listener(0)?.ok_or(io::ErrorKind::NotFound)?;
            info!("the socket was given (LISTEN_FDS): HOST, PORT and REUSE_PORT mean nothing");
            return Tcp::inherited(socket);
        }
        more => return Err(io::Error::other(format!("{more} sockets were given (LISTEN_FDS, expected one)"))),
    }
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host((host.as_str(), *port)).await? {
        match tcp::bind(address, *reuse_port) {
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
