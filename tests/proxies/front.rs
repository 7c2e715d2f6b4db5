//! A proxy with its file of `deploy/`, and the server behind it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::door::Door;
use crate::support::PATIENCE;
use crate::support::server::Server;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Nginx,
    Haproxy,
    Caddy,
}

pub const KINDS: [Kind; 3] = [Kind::Nginx, Kind::Haproxy, Kind::Caddy];

/// How long the files let an idle socket be.
const IDLE: &str = "90s";

/// Ports are free only until somebody else takes them.
const TRIES: usize = 5;

pub struct Front {
    /// Where clients come in, without TLS.
    pub address: SocketAddr,
    pub server: Server,
    _door: Option<Door>,
    _proxy: Child,
    _place: TempDir,
}

impl Front {
    pub async fn start(kind: Kind, settings: &[(&str, &str)]) -> Self {
        Self::patient(kind, settings, IDLE).await
    }

    /// Before a server with these settings; `idle` is put in the place of the time that the file lets sockets be idle.
    pub async fn patient(kind: Kind, settings: &[(&str, &str)], idle: &str) -> Self {
        let server = Server::with(&[&[("TRUSTED_PROXIES", "127.0.0.1")], settings].concat()).await;
        for _ in 0..TRIES {
            let place = TempDir::new().expect("a folder");
            let address = free().await;
            let key = KeyPair::generate().expect("a key");
            let certificate = CertificateParams::new(["localhost".to_owned()]).expect("a name").self_signed(&key);
            let certificate = certificate.expect("a certificate");
            fs::write(place.path().join("cert.pem"), certificate.pem()).expect("a file");
            fs::write(place.path().join("key.pem"), key.serialize_pem()).expect("a file");
            fs::write(place.path().join("both.pem"), certificate.pem() + &key.serialize_pem()).expect("a file");
            let mut proxy = command(kind, place.path(), address, server.address, idle)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(place.path().join("log")).expect("a file"))
                .kill_on_drop(true)
                .spawn()
                .unwrap_or_else(|fault| panic!("{kind:?}: {fault}; `make tools` installs it"));
            if listens(&mut proxy, address).await {
                let door = match kind {
                    Kind::Caddy => None,
                    Kind::Nginx | Kind::Haproxy => Some(Door::to(address, certificate.der()).await),
                };
                let address = door.as_ref().map_or(address, |door| door.address);
                return Self { address, server, _door: door, _proxy: proxy, _place: place };
            }
            eprintln!("{kind:?}: {}", fs::read_to_string(place.path().join("log")).unwrap_or_default());
        }
        panic!("{kind:?} never listened");
    }
}

async fn free() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port of the loopback");
    listener.local_addr().expect("a bound socket has an address")
}

/// False when the proxy has ended instead.
async fn listens(proxy: &mut Child, address: SocketAddr) -> bool {
    let asked = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        if asked.elapsed() > PATIENCE || proxy.try_wait().expect("a child").is_some() {
            return false;
        }
        sleep(Duration::from_millis(10)).await;
    }
    true
}

/// What starts the proxy, with its files in `place`.
fn command(kind: Kind, place: &Path, own: SocketAddr, server: SocketAddr, idle: &str) -> Command {
    let path = |name: &str| place.join(name).to_str().expect("Unicode").to_owned();
    let server = server.to_string();
    let (certificate, key, both) = (path("cert.pem"), path("key.pem"), path("both.pem"));
    let (file, around, arguments): (_, _, Vec<String>) = match kind {
        Kind::Nginx => {
            let file = deployed(
                "nginx.conf",
                &[
                    ("listen 443 ssl;", &format!("listen {own} ssl;")),
                    ("/etc/ssl/meetpoint/fullchain.pem", &certificate),
                    ("/etc/ssl/meetpoint/privkey.pem", &key),
                    ("server 127.0.0.1:8080;", &format!("server {server};")),
                    (IDLE, idle),
                ],
            );
            let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let folders: String = folders.iter().map(|name| format!("{name}_temp_path {};\n", path(name))).collect();
            // One process, which is the child that is ended.
            let around = format!(
                "daemon off; master_process off; pid {};\nevents {{}}\nhttp {{\naccess_log off;\n{folders}include {};\n}}\n",
                path("pid"),
                path("deployed"),
            );
            (file, around, vec!["nginx".into(), "-e".into(), "stderr".into(), "-c".into(), path("around")])
        }
        Kind::Haproxy => {
            let file = deployed(
                "haproxy.cfg",
                &[
                    ("bind :443 ", &format!("bind {own} ")),
                    ("/etc/haproxy/certs/meetpoint.pem", &both),
                    ("server meetpoint 127.0.0.1:8080 ", &format!("server meetpoint {server} ")),
                    (IDLE, idle),
                ],
            );
            // The times of Debian's own file.
            let around = "global\n    maxconn 512\ndefaults\n    timeout connect 5000\n    timeout client 50000\n    \
                          timeout server 50000\n";
            let arguments = ["haproxy", "-db", "-f"].map(str::to_owned).into_iter();
            (file, around.to_owned(), arguments.chain([path("around"), "-f".into(), path("deployed")]).collect())
        }
        Kind::Caddy => {
            // Its certificates come from the internet, and a test has none of that.
            let site = format!("http://:{} {{\n\tbind {}", own.port(), own.ip());
            let file = deployed("Caddyfile", &[("meet.example.com {", &site), ("127.0.0.1:8080", &server)]);
            let options = format!("{{\n\tadmin off\n\tstorage file_system {}\n}}\n", path("caddy"));
            let arguments = ["caddy", "run", "--adapter", "caddyfile", "--config"].map(str::to_owned).into_iter();
            (options + &file, String::new(), arguments.chain([path("deployed")]).collect())
        }
    };
    fs::write(path("deployed"), file).expect("a file");
    fs::write(path("around"), around).expect("a file");
    let mut command = Command::new(&arguments[0]);
    command.args(&arguments[1..]).env("HOME", place).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// A file of `deploy/` with other words in the place of some, each of which must be there.
fn deployed(name: &str, changes: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    let text = fs::read_to_string(&path).expect("a file of the repository");
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "deploy/{name} has no {from}");
        text.replace(from, to)
    })
}
