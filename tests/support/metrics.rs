//! What a scrape of the server tells.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::http;

/// Every sample by its name and labels.
pub async fn scrape(server: SocketAddr) -> BTreeMap<String, f64> {
    let page = http::get(server, "/metrics").await;
    assert_eq!(page.status, 200, "{page:?}");
    let samples = page.body.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
        (name.to_owned(), value.parse().unwrap_or_else(|fault| panic!("{fault} in {line}")))
    });
    samples.collect()
}

/// One sample; 0 for one that is not there.
pub async fn sample(server: SocketAddr, name: &str) -> f64 {
    scrape(server).await.get(name).copied().unwrap_or_default()
}
