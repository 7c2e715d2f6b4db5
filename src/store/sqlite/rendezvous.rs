//! Codes and mailboxes in the file: how their changes are written, and how they are read at the start.

use std::{collections::HashMap, sync::Arc};

use meetpoint_protocol::noisy::{AppId, Code, Side};
use rusqlite::{Connection, Result, Row, params};

use super::{
    Unusable,
    load::{seq, timestamp},
    write::{millis, prepared},
};
use crate::core::book::{Address, Item, Mailbox, Minted};

/// Puts what is known of a code in the place of what was.
pub(super) fn put_code(connection: &Connection, code: Code, minted: Option<&Minted>) -> Result<()> {
    let Some(minted) = minted else {
        return prepared(connection, "DELETE FROM codes WHERE code = ?1")?.execute([code.to_string()]).map(drop);
    };
    let mut put = prepared(
        connection,
        "INSERT OR REPLACE INTO codes (code, room, expires, rests_until, redeemed) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let (expires, rests_until) = (millis(minted.expires), millis(minted.rests_until));
    put.execute(params![code.to_string(), minted.app.bytes(), expires, rests_until, minted.is_redeemed]).map(drop)
}

/// Puts a mailbox in the place of another: the difference is what is written.
pub(super) fn put_mailbox(
    connection: &Connection,
    address: Address,
    before: Option<&Mailbox>,
    after: Option<&Mailbox>,
) -> Result<()> {
    let Some(after) = after else { return delete_mailbox(connection, address) };
    let (room, side) = (address.0.bytes(), address.1.name());
    let row = params![room, side, after.last as i64, after.acknowledged as i64, millis(after.expires)];
    if before.is_some() {
        let update = "UPDATE mailboxes SET last = ?3, acknowledged = ?4, expires = ?5 WHERE room = ?1 AND side = ?2";
        prepared(connection, update)?.execute(row)?;
    } else {
        // One that has expired may still be there.
        delete_mailbox(connection, address)?;
        let insert = "INSERT INTO mailboxes (room, side, last, acknowledged, expires) VALUES (?1, ?2, ?3, ?4, ?5)";
        prepared(connection, insert)?.execute(row)?;
    }
    let items = before.map_or(&[][..], |before| &before.items);
    let mut delete = prepared(connection, "DELETE FROM mail WHERE room = ?1 AND side = ?2 AND seq = ?3")?;
    for gone in missing_in(items, &after.items) {
        delete.execute(params![room, side, gone.seq as i64])?;
    }
    let mut insert = prepared(connection, "INSERT INTO mail (room, side, seq, payload) VALUES (?1, ?2, ?3, ?4)")?;
    for new in missing_in(&after.items, items) {
        insert.execute(params![room, side, new.seq as i64, new.payload])?;
    }
    Ok(())
}

pub(super) fn delete_mailbox(connection: &Connection, (app, side): Address) -> Result<()> {
    let mut delete = prepared(connection, "DELETE FROM mailboxes WHERE room = ?1 AND side = ?2")?;
    delete.execute(params![app.bytes(), side.name()]).map(drop)
}

/// The items of one list that another does not have. Both are in order.
fn missing_in<'a>(these: &'a [Arc<Item>], others: &[Arc<Item>]) -> impl Iterator<Item = &'a Arc<Item>> {
    these.iter().filter(|item| others.binary_search_by_key(&item.seq, |other| other.seq).is_err())
}

/// Every code that the file has.
pub(super) fn codes(connection: &Connection) -> Result<Vec<(Code, Minted)>, Unusable> {
    let mut statement = connection.prepare("SELECT code, room, expires, rests_until, redeemed FROM codes")?;
    let mut rows = statement.query([])?;
    let mut codes = Vec::new();
    while let Some(row) = rows.next()? {
        let code: String = row.get(0)?;
        let code = Code::parse(&code).ok_or_else(|| Unusable::Record("a code".to_owned()))?;
        let minted = Minted {
            app: AppId::from_bytes(row.get(1)?),
            expires: timestamp(row, 2)?,
            rests_until: timestamp(row, 3)?,
            is_redeemed: row.get(4)?,
        };
        codes.push((code, minted));
    }
    Ok(codes)
}

/// Every mailbox that the file has, with its items.
pub(super) fn mailboxes(connection: &Connection) -> Result<Vec<(Address, Arc<Mailbox>)>, Unusable> {
    let mut items = mail(connection)?;
    let mut statement = connection.prepare("SELECT room, side, last, acknowledged, expires FROM mailboxes")?;
    let mut rows = statement.query([])?;
    let mut boxes = Vec::new();
    while let Some(row) = rows.next()? {
        let address = address(row)?;
        let mailbox = Mailbox {
            last: seq(row, 2)?,
            acknowledged: seq(row, 3)?,
            expires: timestamp(row, 4)?,
            items: items.remove(&address).unwrap_or_default(),
        };
        boxes.push((address, Arc::new(mailbox)));
    }
    Ok(boxes)
}

fn mail(connection: &Connection) -> Result<HashMap<Address, Vec<Arc<Item>>>, Unusable> {
    let mut statement = connection.prepare("SELECT room, side, seq, payload FROM mail ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut items: HashMap<_, Vec<_>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let item = Item { seq: seq(row, 2)?, payload: row.get(3)? };
        items.entry(address(row)?).or_default().push(Arc::new(item));
    }
    Ok(items)
}

fn address(row: &Row) -> Result<Address, Unusable> {
    let side: String = row.get(1)?;
    let side = Side::parse(&side).ok_or_else(|| Unusable::Record(format!("side {side}")))?;
    Ok((AppId::from_bytes(row.get(0)?), side))
}
