//! Headers that mean something here: Origin, Authorization, the keys of the RPC wire, lengths.

use serde_json::json;

use crate::support::http;
use crate::support::server::Server;
use crate::{IN_MEMORY, assert_clear, assert_unharmed};

/// Sends a request whose header has these bytes as its value.
async fn with_header(server: &Server, method: &str, path: &str, name: &str, value: &[u8]) -> Option<http::Response> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: meetpoint.test\r\nConnection: close\r\n").into_bytes();
    request.extend(format!("Content-Length: 2\r\n{name}: ").bytes());
    request.extend(value);
    request.extend(b"\r\n\r\n{}");
    http::exchange(server.address, &request).await
}

const VALUES: [&[u8]; 9] = [
    b"\xff\xfe\x80",
    "https://bücher.example".as_bytes(),
    b"\"><script>alert(1)</script>",
    b"https://a.example, https://b.example",
    b"null\t",
    b"*",
    b"https://a.example\x0b",
    b"\x7f",
    b"https://[::1",
];

#[tokio::test]
async fn strange_headers_get_a_clear_answer_and_no_echo_of_their_own() {
    let server = Server::with(&[IN_MEMORY]).await;
    let routes =
        [("POST", "/room/offer"), ("GET", "/room/sessions"), ("POST", "/offers"), ("POST", "/rpc"), ("GET", "/")];
    let names = ["Origin", "Authorization", "X-PublicKey", "X-Timestamp", "X-Nonce", "X-Signature", "X-Rondevu-Global"];
    for (method, path) in routes {
        for name in names {
            for value in VALUES {
                let Some(answer) = with_header(&server, method, path, name, value).await else { continue };
                assert!(answer.status < 500, "{method} {path} {name}: {answer:?}");
                let echoed = answer.header("access-control-allow-origin").map(str::as_bytes);
                assert!(echoed.is_none_or(|echoed| echoed == value.trim_ascii()), "{name}: {answer:?}");
            }
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn an_origin_is_a_bucket_to_the_letter() {
    let server = Server::with(&[IN_MEMORY]).await;
    let offer = json!({"info": "p", "offer": "x"}).to_string();
    let origins =
        ["https://a.example", "HTTPS://A.example", "https://a.example:443", "https://a.example/", "null", "x"];
    for origin in origins {
        let announced = http::request(server.address, "POST", "/room/offer", &[("Origin", origin)], &offer).await;
        assert_eq!(announced.status, 200, "{origin}");
    }
    for origin in origins {
        let listed = http::request(server.address, "GET", "/room/sessions", &[("Origin", origin)], "").await.json();
        assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(1), "{origin}");
    }
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    let lies = [
        "Content-Length: 5\r\nContent-Length: 2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
    ];
    for path in ["/poll", "/rpc", "/offers"] {
        for lie in lies {
            let request =
                format!("POST {path} HTTP/1.1\r\nHost: meetpoint.test\r\nConnection: close\r\n{lie}\r\n{{}}\r\n");
            if let Some(answer) = http::exchange(server.address, request.as_bytes()).await {
                assert!((400..500).contains(&answer.status), "{path} {lie:?}: {answer:?}");
            }
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn the_kind_of_content_is_not_asked_for() {
    let server = Server::with(&[IN_MEMORY]).await;
    let offer = json!({"info": "p", "offer": "x"}).to_string();
    for kind in ["text/plain", "application/xml", "nonsense", "multipart/form-data; boundary=x", ""] {
        let answer = http::request(server.address, "POST", "/room/offer", &[("Content-Type", kind)], &offer).await;
        assert_clear(&answer, kind);
        assert_eq!(answer.status, 200, "{kind}");
    }
}
