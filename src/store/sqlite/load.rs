//! A file is read as a whole, once, at the start.

use std::{collections::HashMap, sync::Arc};

use meetpoint_protocol::Timestamp;
use rusqlite::{Connection, Row};

use super::{Unusable, rendezvous};
use crate::{
    config::Secret,
    core::book::{Answer, Candidate, Digest, Kept, Name, Offer, Role, Seq, Service, Space, Text},
};

pub(super) fn all(connection: &Connection) -> Result<Kept, Unusable> {
    let mut candidates = candidates(connection)?;
    let mut statement = connection.prepare(
        "SELECT seq, space, id, realm, owner, topics, sdp, secret, info, service_id, service_fqn,
                created, expires, last_seen, answer_by, answer_sdp, answered, answer_matched
         FROM offers ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    let mut offers = Vec::new();
    while let Some(row) = rows.next()? {
        let seq = seq(row, 0)?;
        offers.push(Arc::new(offer(row, seq, candidates.remove(&seq).unwrap_or_default())?));
    }
    Ok(Kept {
        offers,
        names: names(connection)?,
        nonces: nonces(connection)?,
        codes: rendezvous::codes(connection)?,
        mail: rendezvous::mailboxes(connection)?,
    })
}

fn offer(row: &Row, seq: Seq, candidates: Vec<Arc<Candidate>>) -> Result<Offer, Unusable> {
    let space: String = row.get(1)?;
    let space = Space::ALL.into_iter().find(|known| known.name() == space);
    let service = match (row.get::<_, Option<Text>>(9)?, row.get::<_, Option<Text>>(10)?) {
        (Some(id), Some(fqn)) => Some(Arc::new(Service { id, fqn })),
        _ => None,
    };
    let answer = match (row.get::<_, Option<Text>>(14)?, row.get::<_, Option<Text>>(15)?) {
        (Some(by), Some(sdp)) => {
            let matched = row.get::<_, Option<String>>(17)?.map(|json| texts(&json)).transpose()?;
            Some(Arc::new(Answer { by, sdp, at: timestamp(row, 16)?, matched }))
        }
        _ => None,
    };
    let created = timestamp(row, 11)?;
    let last_seen = timestamp(row, 13)?;
    let newest = [answer.as_ref().map(|answer| answer.at), candidates.last().map(|last| last.at)];
    Ok(Offer {
        seq,
        space: space.ok_or_else(|| unreadable("a space", seq))?,
        id: row.get(2)?,
        realm: row.get(3)?,
        owner: row.get(4)?,
        topics: texts(&row.get::<_, String>(5)?)?,
        sdp: row.get(6)?,
        secret: row.get::<_, Option<Text>>(7)?.map(Secret::new),
        info: row.get(8)?,
        service,
        created,
        expires: timestamp(row, 12)?,
        last_seen,
        latest: newest.into_iter().flatten().fold(created, Timestamp::max),
        answer,
        candidates,
    })
}

fn candidates(connection: &Connection) -> Result<HashMap<Seq, Vec<Arc<Candidate>>>, Unusable> {
    let mut statement = connection.prepare("SELECT offer, seq, role, owner, json, at FROM candidates ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut candidates: HashMap<Seq, Vec<_>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let seq = seq(row, 1)?;
        let role: String = row.get(2)?;
        let role = [Role::Offerer, Role::Answerer].into_iter().find(|known| known.name() == role);
        let candidate = Candidate {
            seq,
            role: role.ok_or_else(|| unreadable("a role", seq))?,
            by: row.get(3)?,
            json: row.get(4)?,
            at: timestamp(row, 5)?,
        };
        candidates.entry(self::seq(row, 0)?).or_default().push(Arc::new(candidate));
    }
    Ok(candidates)
}

fn names(connection: &Connection) -> Result<Vec<(Text, Arc<Name>)>, Unusable> {
    let mut statement = connection.prepare("SELECT name, public_key, claimed, expires FROM names")?;
    let mut rows = statement.query([])?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        let claim = Name { public_key: row.get(1)?, claimed: timestamp(row, 2)?, expires: timestamp(row, 3)? };
        names.push((row.get(0)?, Arc::new(claim)));
    }
    Ok(names)
}

fn nonces(connection: &Connection) -> Result<Vec<(Digest, Timestamp)>, Unusable> {
    let mut statement = connection.prepare("SELECT digest, until FROM nonces")?;
    let mut rows = statement.query([])?;
    let mut nonces = Vec::new();
    while let Some(row) = rows.next()? {
        nonces.push((row.get(0)?, timestamp(row, 1)?));
    }
    Ok(nonces)
}

pub(super) fn seq(row: &Row, column: usize) -> Result<Seq, Unusable> {
    let number: i64 = row.get(column)?;
    Seq::try_from(number).map_err(|_| Unusable::Record(format!("number {number}")))
}

pub(super) fn timestamp(row: &Row, column: usize) -> Result<Timestamp, Unusable> {
    let millis: i64 = row.get(column)?;
    let millis = u64::try_from(millis).map_err(|_| Unusable::Record(format!("moment {millis}")))?;
    Ok(Timestamp::from_millis(millis))
}

fn texts(json: &str) -> Result<Arc<[Text]>, Unusable> {
    serde_json::from_str::<Vec<String>>(json)
        .map(|texts| texts.into_iter().map(Text::from).collect())
        .map_err(|error| Unusable::Record(error.to_string()))
}

fn unreadable(what: &str, seq: Seq) -> Unusable {
    Unusable::Record(format!("{what} of record {seq}"))
}
