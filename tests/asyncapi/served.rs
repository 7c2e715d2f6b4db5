//! The document and a server beside each other.

use crate::support::http;
use crate::support::schema::TEXT;
use crate::support::server::Server;

#[tokio::test]
async fn the_server_serves_the_document_byte_for_byte() {
    let server = Server::with(&[("STORAGE_TYPE", "memory")]).await;
    let served = http::get(server.address, "/asyncapi.json").await;
    assert_eq!((served.status, served.header("content-type")), (200, Some("application/json")));
    assert!(served.body == TEXT, "/asyncapi.json differs from docs/asyncapi.json");
}
