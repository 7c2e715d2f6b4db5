//! Bodies are bounded, whatever they pretend to be.

use serde_json::json;

use crate::IN_MEMORY;
use crate::support::http::{self, Response};
use crate::support::rondevu::client::{OfferPeer, Page};
use crate::support::server::Server;

const LIMIT: (&str, &str) = ("HTTP_MAX_BODY", "2KiB");
const BYTES: usize = 2048;

fn assert_too_large(path: &str, answer: &Response) {
    let expected = match path {
        "/rpc" => json!({"success": false, "error": "Request body too large"}),
        _ => json!({"error": "Request body too large"}),
    };
    assert_eq!((answer.status, answer.json()), (413, expected), "{path}");
}

/// A JSON body of exactly this many bytes.
fn body(bytes: usize) -> String {
    let frame = json!({"pad": ""}).to_string().len();
    json!({"pad": "x".repeat(bytes - frame)}).to_string()
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_in_the_route_s_own_shape() {
    let server = Server::with(&[IN_MEMORY, LIMIT]).await;
    let peer = OfferPeer::register(server.address).await;
    for path in ["/room/offer", "/answer", "/poll", "/offers", "/offers/x/answer", "/offers/x/ice-candidates", "/rpc"] {
        assert_too_large(path, &peer.send("POST", path, &body(BYTES + 1)).await);
        let fits = peer.send("POST", path, &body(BYTES)).await;
        assert!(fits.status != 413, "{path}: {fits:?}");
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_counted_as_it_comes() {
    let server = Server::with(&[IN_MEMORY, LIMIT]).await;
    for path in ["/poll", "/rpc"] {
        let mut request = http::head(&format!("POST {path} HTTP/1.1"), &[("Transfer-Encoding", "chunked")]);
        let chunk = "x".repeat(1024);
        for _ in 0..3 {
            request.extend(format!("400\r\n{chunk}\r\n").bytes());
        }
        let answer = http::exchange(server.address, &request).await;
        assert_too_large(path, &answer.expect("an answer before the body's end"));
    }
}

#[tokio::test]
async fn a_length_that_is_only_announced_is_refused_at_once() {
    let server = Server::with(&[IN_MEMORY]).await;
    for path in ["/poll", "/rpc"] {
        let request = http::head(&format!("POST {path} HTTP/1.1"), &[("Content-Length", "9999999999")]);
        let answer = http::exchange(server.address, &request).await;
        assert_too_large(path, &answer.expect("an answer before the body"));
    }
}

#[tokio::test]
async fn without_a_setting_the_limit_is_a_mebibyte() {
    const MEBIBYTE: usize = 1024 * 1024;
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let sdp = "z".repeat(MEBIBYTE - 100);
    assert_eq!(page.post("/room/offer", &json!({"info": "p", "offer": sdp})).await.status, 200);
    let over = "z".repeat(MEBIBYTE);
    assert_too_large("/room/offer", &page.post("/room/offer", &json!({"info": "p", "offer": over})).await);
}
