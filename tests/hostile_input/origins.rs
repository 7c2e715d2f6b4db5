//! Which pages are welcome: every value of the header is judged alike by each wire and by what browsers are told (CORS).

use meetpoint_scorecard::{Goal, figure};

use crate::support::handshake;
use crate::support::http;
use crate::support::server::Server;

const LIST: &str = "https://a.example,https://B.example:8443,c.example,https://*.wild.example,http://[::1]:3000";
const NOISY: &str = "/ws?appID=3f2c8a44-7f0b-4e0e-9d8e-0d8f7c1a2b3c&side=A";

const WELCOME: [&str; 14] = [
    "https://a.example",
    "https://a.example:443",
    "HTTPS://A.EXAMPLE",
    "https://A.example",
    "https://b.example:8443",
    "http://c.example",
    "https://c.example",
    "https://c.example:8443",
    "https://C.EXAMPLE",
    "https://x.wild.example",
    "https://x.y.wild.example",
    "https://xn--pp-7kc.wild.example",
    "http://[::1]:3000",
    "http://[0:0:0:0:0:0:0:1]:3000",
];

const FOREIGN: [&str; 46] = [
    "",
    "null",
    "NULL",
    "*",
    "a.example",
    "//a.example",
    "://a.example",
    "https:",
    "https://",
    "https:a.example",
    "https:/a.example",
    "http://a.example",
    "http://a.example:443",
    "ws://a.example",
    "wss://a.example",
    "ftp://a.example",
    "file://a.example",
    "javascript://a.example",
    "https://a.example:80",
    "https://a.example:8443",
    "https://a.example:x",
    "https://a.example:",
    "https://a.example:65536",
    "https://a.example/",
    "https://a.example?",
    "https://a.example#",
    "https://a.example\\",
    "https://a.example.",
    "https://a.example..",
    "https://.a.example",
    "https://xa.example",
    "https://x.a.example",
    "https://evil-a.example",
    "https://a.example.evil.example",
    "https://a.example@evil.example",
    "https://user:word@a.example",
    "https://evil.example/https://a.example",
    "https://evil.example#https://a.example",
    "https://a.example, https://evil.example",
    "https://a.example https://evil.example",
    "https://xn--a-0ea.example",
    "https://wild.example",
    "https://evil-wild.example",
    "http://[::1]:3001",
    "http://127.0.0.1:3000",
    "https://b.example",
];

async fn upgrade(server: &Server, path: &str, origins: &[&str]) -> u16 {
    let headers: Vec<_> = origins.iter().map(|origin| ("Origin", *origin)).collect();
    let answer = http::exchange(server.address, &handshake::request(path, &headers)).await;
    answer.expect("an upgrade request is answered").status
}

/// Whether a browser would let the page read an answer.
async fn may_read(server: &Server, path: &str, origins: &[&str]) -> bool {
    let headers: Vec<_> = origins.iter().map(|origin| ("Origin", *origin)).collect();
    let answer = http::request(server.address, "GET", path, &headers, "").await;
    matches!(origins, [origin] if answer.header("access-control-allow-origin") == Some(origin))
}

async fn assert_judged(server: &Server, origins: &[&str], is_welcome: bool) {
    let status = if is_welcome { 101 } else { 403 };
    for path in ["/ws", NOISY] {
        assert_eq!(upgrade(server, path, origins).await, status, "{origins:?} on {path}");
    }
    for path in ["/health", "/topics"] {
        assert_eq!(may_read(server, path, origins).await, is_welcome, "{origins:?} at {path}");
    }
}

#[tokio::test]
async fn every_wire_and_cors_judge_every_origin_alike() {
    let server = Server::with(&[("ALLOWED_ORIGIN", LIST)]).await;
    for origin in WELCOME {
        assert_judged(&server, &[origin], true).await;
    }
    for origin in FOREIGN {
        assert_judged(&server, &[origin], false).await;
    }
    for twice in [["https://a.example"; 2], ["https://a.example", "https://evil.example"]] {
        assert_judged(&server, &twice, false).await;
    }
    let judged = WELCOME.len() + FOREIGN.len() + 2;
    figure("A4", "values of Origin that every wire and CORS judge alike", judged as f64, "", Goal::AtLeast(40.0));
}
