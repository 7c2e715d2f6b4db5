//! `meetpoint healthcheck`: where a probe asks, and for how long.

use std::{ffi::OsString, net::IpAddr, time::Duration};

use clap::{Arg, ArgMatches, Command};
use http::Uri;

use super::{
    grammar::{Grammar, Seconds},
    read,
    settings::Settings,
};

pub(super) const NAME: &str = "healthcheck";

const URL: &str = "url";
const TIMEOUT: &str = "timeout";
const DEFAULT_TIMEOUT: &str = "3s";
const TIMEOUTS: Seconds = Seconds(Duration::from_millis(10), Duration::from_secs(300));
const PATH: &str = "/healthz";

/// A question to a running server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Healthcheck {
    /// An IP address or a host name to connect to. IPv6 without the brackets that a `Host` header wants.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
    /// Whether to ask over TLS.
    pub tls: bool,
    /// With the query, if there is one; starts with `/`.
    pub path: String,
    /// For the whole question, from connecting to the answer; 10 ms to 5 minutes.
    pub timeout: Duration,
}

pub(super) fn subcommand() -> Command {
    Command::new(NAME)
        .about("Ask a running server whether it is well: exit code 0 if so, for a container's HEALTHCHECK")
        .arg(Arg::new(URL).long(URL).value_name("URL").help(format!(
            "What to ask [default: http://HOST:PORT{PATH}, https with TLS_CERT_FILE, on loopback if HOST is every \
                     address]; over https no certificate is verified"
        )))
        .arg(
            Arg::new(TIMEOUT)
                .long(TIMEOUT)
                .value_name(Seconds::NAME)
                .default_value(DEFAULT_TIMEOUT)
                .allow_negative_numbers(true)
                .help(format!("How long it may take: {}", TIMEOUTS.takes())),
        )
}

pub(super) fn load(asked: &ArgMatches, env: &impl Fn(&str) -> Option<OsString>) -> Result<Healthcheck, Vec<String>> {
    let target = match asked.get_one::<String>(URL) {
        Some(url) => self::url(url).map_err(|fault| vec![fault]),
        None => read::address(asked, env).and_then(|settings| listener(settings).map_err(|fault| vec![fault])),
    };
    let timeout = asked.get_one::<String>(TIMEOUT).map_or(DEFAULT_TIMEOUT, String::as_str).trim();
    let timeout = TIMEOUTS
        .read(timeout)
        .ok_or_else(|| format!("invalid --{TIMEOUT}: {} (expected {})", timeout.escape_debug(), TIMEOUTS.takes()));
    match (target, timeout) {
        (Ok(Target { host, port, tls, path }), Ok(timeout)) => Ok(Healthcheck { host, port, tls, path, timeout }),
        (target, timeout) => Err(target.err().into_iter().flatten().chain(timeout.err()).collect()),
    }
}

/// What to ask, and where.
struct Target {
    host: String,
    port: u16,
    tls: bool,
    path: String,
}

/// Where a server with these settings can be asked.
fn listener(settings: Settings) -> Result<Target, String> {
    let (host, port) = (settings.listen.host, settings.listen.port);
    if port == 0 {
        return Err("invalid PORT: 0 (expected the port that the server took, or --url)".to_owned());
    }
    let host = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(every)) if every.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(every)) if every.is_unspecified() => "::1".to_owned(),
        _ => host,
    };
    Ok(Target { host, port, tls: settings.tls.cert_file.is_some(), path: PATH.to_owned() })
}

fn url(text: &str) -> Result<Target, String> {
    parts(text.trim()).ok_or_else(|| {
        format!("invalid --{URL}: {} (expected a URL such as http://127.0.0.1:8080{PATH})", text.escape_debug())
    })
}

/// The parts of an `http` or `https` URL. Credentials are refused: a probe has none to send.
fn parts(text: &str) -> Option<Target> {
    let uri = text.parse::<Uri>().ok()?;
    let tls = match uri.scheme_str()? {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let authority = uri.authority()?;
    let port = match authority.as_str().strip_prefix(authority.host())? {
        "" if tls => 443,
        "" => 80,
        port => port.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?,
    };
    let host = super::text::host(authority.host()).filter(|host| !host.is_empty())?;
    Some(Target { host, port, tls, path: uri.path_and_query()?.to_string() })
}
