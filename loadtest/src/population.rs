//! Many clients at once: connecting them, and having them matched.

use std::{collections::HashMap, time::Duration};

use meetpoint_protocol::ClientId;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::{Error, chat::Client, process::Process, progress::Bar, scenario::Site, ws::Fault};

/// Handshakes under way at a time: enough to keep a server busy, far below its listen backlog.
const MAX_CONNECTING: usize = 128;
/// A client that is not served within this time will not be in a run whose figures mean anything.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const MATCH_LIMIT: Duration = Duration::from_secs(30);
/// Descriptors besides the sockets: standard streams, runtimes, `/proc` while it is read.
const RESERVED_DESCRIPTORS: u64 = 64;

/// Says no before the first connection when `sockets` cannot be had, here or in the watched server.
pub fn check_descriptors(sockets: usize, server: Option<&Process>) -> Result<(), Error> {
    let sockets = sockets as u64;
    let own = Process::current();
    let check = |who, process: &Process, needed| match process.max_descriptors() {
        Ok(limit) if limit < needed => Err(Error::Descriptors { who, needed, limit }),
        _ => Ok(()),
    };
    check("the load generator", &own, sockets + RESERVED_DESCRIPTORS)?;
    let Some(server) = server else { return Ok(()) };
    check("the server", server, sockets + server.descriptors().unwrap_or_default())
}

/// Connects `count` clients, or groups of them, a bounded number at a time; `connect` is told the number of each.
pub async fn connect<C, F>(count: usize, site: &mut Site, connect: impl Fn(usize) -> F) -> Result<Vec<C>, Error>
where
    C: Send + 'static,
    F: Future<Output = Result<C, Error>> + Send + 'static,
{
    let bar = site.progress.count("connecting", count as u64);
    site.watch.enter("connecting", "connects");
    let mut clients = Vec::with_capacity(count);
    let mut connecting = JoinSet::new();
    let mut started = 0;
    while clients.len() < count {
        while started < count && connecting.len() < MAX_CONNECTING {
            let client = connect(started);
            connecting.spawn(async move {
                let limit = Instant::now() + CONNECT_LIMIT;
                let late = |_| Error::SetupTimeout { doing: "connecting a client", limit: CONNECT_LIMIT };
                timeout_at(limit, client).await.map_err(late)?
            });
            started += 1;
        }
        if let Some(joined) = connecting.join_next().await {
            clients.push(joined.map_err(std::io::Error::from)??);
            bar.advance(1);
            site.watch.sample(clients.len() as u64);
        }
    }
    Ok(clients)
}

/// Connects so many clients of the chat wire.
pub async fn connect_clients(count: usize, site: &mut Site) -> Result<Vec<Client>, Error> {
    let target = site.target.clone();
    let client = |index| {
        let target = target.clone();
        async move { Client::connect(&target, index).await }
    };
    connect(count, site, client).await
}

/// Has all clients matched and sorts them into the pairs that the server made.
pub async fn pair_up(clients: Vec<Client>, bar: &Bar) -> Result<Vec<[Client; 2]>, Error> {
    let count = clients.len();
    let mut searching = JoinSet::new();
    for mut client in clients {
        searching.spawn(async move {
            let partner = client.find_partner().await?;
            Ok::<_, Fault>((client, partner))
        });
    }
    let limit = Instant::now() + MATCH_LIMIT;
    let mut alone: HashMap<ClientId, (Client, ClientId)> = HashMap::new();
    let mut pairs = Vec::with_capacity(count / 2);
    loop {
        let late = |_| Error::SetupTimeout { doing: "matching all clients", limit: MATCH_LIMIT };
        let Some(joined) = timeout_at(limit, searching.join_next()).await.map_err(late)? else { break };
        let (client, partner) = joined.map_err(std::io::Error::from)??;
        bar.advance(1);
        match alone.remove(&partner) {
            Some((other, its_partner)) if its_partner == client.id => pairs.push([other, client]),
            Some((_, its_partner)) => return Err(Error::Stranger(its_partner.to_string())),
            None => {
                alone.insert(client.id, (client, partner));
            }
        }
    }
    match alone.into_values().next() {
        Some((_, partner)) => Err(Error::Stranger(partner.to_string())),
        None => Ok(pairs),
    }
}
