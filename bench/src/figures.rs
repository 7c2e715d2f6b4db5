//! What is counted.

use crate::{
    Result,
    client::{Client, frame},
    house::House,
};

pub struct Figure {
    /// Its key in the file.
    pub name: &'static str,
    /// What the instructions are those of.
    pub unit: &'static str,
    /// Does it, and tells how many units were counted.
    pub run: fn(&House) -> Result<u64>,
}

pub const FIGURES: &[Figure] = &[
    Figure {
        name: "relayed16PerRead",
        unit: "relayed 1 KiB frame, sixteen at a time",
        run: |house| relay(house, 16, 10),
    },
    Figure { name: "relayed1PerRead", unit: "relayed 1 KiB frame, one at a time", run: |house| relay(house, 1, 100) },
    Figure { name: "delivered100Members", unit: "delivery of a 1 KiB frame to a topic of 100", run: publish },
    Figure { name: "matched", unit: "match, both arrivals included", run: matching },
];

/// Rounds before counting, in which buffers grow to their size.
const WARM_UP: usize = 8;

/// Bytes of the text of a frame, as the client says it.
const TEXT: usize = 1024;

/// Pairs of which one says `burst` frames at once, and the other hears them.
fn relay(house: &House, burst: usize, rounds: usize) -> Result<u64> {
    const PAIRS: usize = 16;
    let payload = padded(r#"{"type":"ice","#, r#""candidate":{"sdpMid":"0","sdpMLineIndex":0,"candidate":""#, r#""}}"#);
    let said = frame(&[r#"{"type":"ice","#, &payload].concat()).repeat(burst);
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let mut pair = [Client::enter(house)?, Client::enter(house)?];
        meet(house, false, &mut pair, 0..2)?;
        let heard = format!(r#"{{"type":"ice","from":"{}",{payload}"#, pair[0].id);
        pairs.push((pair, heard));
    }
    for round in 0..WARM_UP + rounds {
        for ([speaker, _], _) in &mut pairs {
            speaker.say(&said)?;
        }
        let mut missing = PAIRS * burst;
        house.work(round >= WARM_UP, || {
            for ([_, listener], heard) in &mut pairs {
                missing -= listener.count(heard)?;
            }
            Ok(missing == 0)
        })?;
    }
    Ok((PAIRS * burst * rounds) as u64)
}

/// A topic in which one publishes and the others hear it.
fn publish(house: &House) -> Result<u64> {
    const MEMBERS: usize = 100;
    const ROUNDS: usize = 20;
    let mut members = Vec::new();
    for _ in 0..MEMBERS {
        let mut member = Client::enter(house)?;
        member.say(&frame(r#"{"type":"join","topic":"t"}"#))?;
        house.work(false, || member.hears_something())?;
        members.push(member);
    }
    let [speaker, listeners @ ..] = &mut members[..] else { return Err("nobody is there".into()) };
    let data = padded(r#"{"type":"publish","topic":"t","#, r#""data":{"text":""#, r#""}}"#);
    let said = frame(&[r#"{"type":"publish","topic":"t","#, &data].concat());
    let heard = format!(r#"{{"type":"message","topic":"t","from":"{}",{data}"#, speaker.id);
    for round in 0..WARM_UP + ROUNDS {
        speaker.say(&said)?;
        let mut missing = listeners.len();
        house.work(round >= WARM_UP, || {
            for listener in listeners.iter_mut() {
                missing -= listener.count(&heard)?;
            }
            Ok(missing == 0)
        })?;
    }
    Ok((listeners.len() * ROUNDS) as u64)
}

/// A crowd whose members all look for a partner at once. Nobody meets anybody twice.
fn matching(house: &House) -> Result<u64> {
    const CLIENTS: usize = 64;
    const ROUNDS: usize = 24;
    const _: () = assert!(WARM_UP + ROUNDS < CLIENTS, "a new partner for everybody in each round");
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::enter(house)?);
    }
    for round in 0..WARM_UP + ROUNDS {
        // Whoever comes right behind somebody is its partner, and another one in each round.
        let firsts = (0..CLIENTS).map(|client| (client, client ^ (round + 1))).filter(|(one, other)| one < other);
        let pairs: Vec<_> = firsts.collect();
        meet(house, round >= WARM_UP, &mut clients, pairs.iter().flat_map(|(one, other)| [*one, *other]))?;
        for (one, other) in pairs {
            clients[one].say(&frame(r#"{"type":"leave"}"#))?;
            house.work(false, || clients[other].hears_something())?;
        }
    }
    Ok((CLIENTS / 2 * ROUNDS) as u64)
}

/// All look for a partner, in this order, and find one.
fn meet(house: &House, counted: bool, clients: &mut [Client], order: impl Iterator<Item = usize>) -> Result<()> {
    let available = frame(r#"{"type":"available"}"#);
    for client in order {
        clients[client].say(&available)?;
    }
    let mut missing = clients.len();
    house.work(counted, || {
        for client in clients.iter_mut() {
            client.hear(|text| missing -= usize::from(text.starts_with(r#"{"type":"matched","#)))?;
        }
        Ok(missing == 0)
    })
}

/// `open` and `close` with as much between them as the text lacks that begins with `head`.
fn padded(head: &str, open: &str, close: &str) -> String {
    let padding = "x".repeat(TEXT - head.len() - open.len() - close.len());
    [open, &padding, close].concat()
}
