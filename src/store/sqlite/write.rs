//! Changes as statements. All of them are prepared once; a change of candidates only adds rows.

use meetpoint_protocol::Timestamp;
use rusqlite::{CachedStatement, Connection, Result, params};

use super::rendezvous;
use crate::{
    config::{Secret, is_same},
    core::book::{Change, Forgotten, Name, Offer, Seq, Text},
};

/// Writes one change, within whatever transaction is open.
pub(super) fn change(connection: &Connection, change: &Change) -> Result<()> {
    match change {
        Change::Offer { before: None, after: Some(offer) } => {
            insert(connection, offer)?;
            candidates(connection, offer, 0)
        }
        Change::Offer { before: Some(before), after: Some(after) } => {
            if !same_row(before, after) {
                update(connection, after)?;
            }
            candidates(connection, after, before.candidates.len())
        }
        Change::Offer { before: Some(offer), after: None } => delete_offer(connection, offer.seq),
        Change::Offer { before: None, after: None } => Ok(()),
        Change::Name { name, after, .. } => match after {
            Some(claim) => put_name(connection, name, claim),
            None => delete_name(connection, name),
        },
        Change::Nonce { digest, until } => {
            let mut put = prepared(connection, "INSERT OR REPLACE INTO nonces (digest, until) VALUES (?1, ?2)")?;
            put.execute(params![digest, millis(*until)]).map(drop)
        }
        Change::Code { code, after, .. } => rendezvous::put_code(connection, *code, after.as_ref()),
        Change::Mail { address, before, after } => {
            rendezvous::put_mailbox(connection, *address, before.as_deref(), after.as_deref())
        }
        Change::Forgotten(Forgotten { offers, names, nonces, codes, mail }) => {
            offers.iter().try_for_each(|seq| delete_offer(connection, *seq))?;
            names.iter().try_for_each(|name| delete_name(connection, name))?;
            let mut delete = prepared(connection, "DELETE FROM nonces WHERE digest = ?1")?;
            nonces.iter().try_for_each(|digest| delete.execute([digest]).map(drop))?;
            codes.iter().try_for_each(|code| rendezvous::put_code(connection, *code, None))?;
            mail.iter().try_for_each(|address| rendezvous::delete_mailbox(connection, *address))
        }
    }
}

/// Proves that the disk takes something again: as much as a few ordinary changes.
pub(super) fn probe(connection: &Connection) -> Result<()> {
    let mut put = prepared(connection, "INSERT OR REPLACE INTO probe (id, filler) VALUES (1, randomblob(16384))")?;
    put.execute([]).map(drop)
}

/// Whether a row of the table of offers says the same of both.
fn same_row(one: &Offer, other: &Offer) -> bool {
    let answered = |offer: &Offer| offer.answer.as_ref().map(|answer| answer.at);
    answered(one) == answered(other)
        && one.expires == other.expires
        && one.last_seen == other.last_seen
        && one.topics == other.topics
        && is_same(one.secret.as_ref(), other.secret.as_ref(), |one, other| one.is(other.reveal().as_bytes()))
        && one.info == other.info
}

fn insert(connection: &Connection, offer: &Offer) -> Result<()> {
    let service = offer.service.as_ref();
    let answer = offer.answer.as_ref();
    let mut insert = prepared(
        connection,
        "INSERT INTO offers (seq, space, id, realm, owner, topics, sdp, secret, info, service_id, service_fqn,
                             created, expires, last_seen, answer_by, answer_sdp, answered, answer_matched)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    insert
        .execute(params![
            offer.seq as i64,
            offer.space.name(),
            offer.id,
            offer.realm,
            offer.owner,
            json(&offer.topics),
            offer.sdp,
            offer.secret.as_ref().map(Secret::reveal),
            offer.info,
            service.map(|service| &*service.id),
            service.map(|service| &*service.fqn),
            millis(offer.created),
            millis(offer.expires),
            millis(offer.last_seen),
            answer.map(|answer| &*answer.by),
            answer.map(|answer| &*answer.sdp),
            answer.map(|answer| millis(answer.at)),
            answer.and_then(|answer| answer.matched.as_deref().map(json)),
        ])
        .map(drop)
}

fn update(connection: &Connection, offer: &Offer) -> Result<()> {
    let answer = offer.answer.as_ref();
    let mut update = prepared(
        connection,
        "UPDATE offers SET topics = ?2, secret = ?3, info = ?4, expires = ?5, last_seen = ?6,
                           answer_by = ?7, answer_sdp = ?8, answered = ?9, answer_matched = ?10
         WHERE seq = ?1",
    )?;
    update
        .execute(params![
            offer.seq as i64,
            json(&offer.topics),
            offer.secret.as_ref().map(Secret::reveal),
            offer.info,
            millis(offer.expires),
            millis(offer.last_seen),
            answer.map(|answer| &*answer.by),
            answer.map(|answer| &*answer.sdp),
            answer.map(|answer| millis(answer.at)),
            answer.and_then(|answer| answer.matched.as_deref().map(json)),
        ])
        .map(drop)
}

/// Adds the candidates from that one on: those before it are there.
fn candidates(connection: &Connection, offer: &Offer, from: usize) -> Result<()> {
    let Some(new) = offer.candidates.get(from..).filter(|new| !new.is_empty()) else { return Ok(()) };
    let mut insert = prepared(
        connection,
        "INSERT INTO candidates (seq, offer, role, owner, json, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    new.iter().try_for_each(|one| {
        let row = params![one.seq as i64, offer.seq as i64, one.role.name(), one.by, one.json, millis(one.at)];
        insert.execute(row).map(drop)
    })
}

fn delete_offer(connection: &Connection, seq: Seq) -> Result<()> {
    prepared(connection, "DELETE FROM offers WHERE seq = ?1")?.execute([seq as i64]).map(drop)
}

fn put_name(connection: &Connection, name: &Text, claim: &Name) -> Result<()> {
    let mut put = prepared(
        connection,
        "INSERT OR REPLACE INTO names (name, public_key, claimed, expires) VALUES (?1, ?2, ?3, ?4)",
    )?;
    put.execute(params![name, claim.public_key, millis(claim.claimed), millis(claim.expires)]).map(drop)
}

fn delete_name(connection: &Connection, name: &Text) -> Result<()> {
    prepared(connection, "DELETE FROM names WHERE name = ?1")?.execute([name]).map(drop)
}

pub(super) fn prepared<'a>(connection: &'a Connection, sql: &str) -> Result<CachedStatement<'a>> {
    connection.prepare_cached(sql)
}

pub(super) fn millis(moment: Timestamp) -> i64 {
    i64::try_from(moment.millis()).unwrap_or(i64::MAX)
}

fn json(texts: &[Text]) -> String {
    serde_json::Value::from(texts.iter().map(|text| &**text).collect::<Vec<_>>()).to_string()
}
