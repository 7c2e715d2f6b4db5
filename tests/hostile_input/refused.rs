//! Refusals that are said before the request is over.

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::support::PATIENCE;
use crate::support::http;
use crate::support::server::Server;

/// More than the kernel would take on both ends for a server that does not read.
const BODY: usize = 16 << 20;

#[tokio::test]
async fn whoever_says_all_before_it_listens_still_hears_that_it_was_too_much() {
    let server = Server::start().await;
    let mut stream = http::connect(server.address).await;
    let json = [("Content-Type", "application/json"), ("Content-Length", &*BODY.to_string())];
    let head = http::head("POST /rendezvous/redeem HTTP/1.1", &json);
    stream.write_all(&head).await.expect("the server reads");
    let said = timeout(PATIENCE, stream.write_all(&vec![b' '; BODY])).await.expect("the server goes on reading");
    said.expect("the connection is not reset");
    let mut buffer = BytesMut::new();
    let answer = http::read_response(&mut stream, &mut buffer, false);
    let answer = timeout(PATIENCE, answer).await.expect("an answer in time").expect("an answer");
    assert_eq!(answer.status, 413, "{answer:?}");
}
