//! Messages that have passed the gate and wait for the system that they are handed on to.
//!
//! A row is written in the transaction that saves its message, and taken away when the message was taken: what is
//! acknowledged to a sensor is handed on, whatever happens in between. One machine at a time hands on.

use tenure_domain::measurement::Channel;
use tenure_domain::{Instant, OrganizationId, SensorId, Serial};

use crate::args::args;
use crate::bulk::{Bulk, Column};
use crate::messages::{self, Fate, Status};
use crate::sensors::number_lists;
use crate::{Row, StoreError, Tx};

/// A saved message, to be handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewForward {
    /// The message's number.
    pub number: i64,
    /// The sensor's number.
    pub sensor: i64,
    /// The serial number that it was sent under.
    pub serial: Serial,
    /// When it arrived.
    pub arrived: Instant,
    /// As in [`messages::NewMessage::body`].
    pub body: Vec<u8>,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The message's number.
    pub number: i64,
    /// The organization that the sensor is, or was last, in.
    pub organization: OrganizationId,
    /// The sensor.
    pub sensor: SensorId,
    /// The serial number that it was sent under.
    pub serial: Serial,
    /// When it arrived.
    pub arrived: Instant,
    /// Saved whole, or as far as it was paid for.
    pub fate: Fate,
    /// The sensor's status.
    pub status: Status,
    /// The samples that were saved.
    pub channels: Vec<Channel>,
    /// How often it was refused.
    pub refusals: u32,
}

/// How handing on goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many messages wait, those that were put back among them.
    pub waiting: i64,
    /// How many of them were refused, and are tried again by and by.
    pub put_back: i64,
    /// When the oldest that waits arrived.
    pub oldest_arrived: Option<Instant>,
    /// When a message was taken last.
    pub last_taken: Option<Instant>,
    /// Since when none is taken, and what was said last.
    pub trouble: Option<(Instant, String)>,
    /// How many were given up because they were too old, since the database was made.
    pub given_up: i64,
}

/// Writes messages down to be handed on, in the transaction that saves them.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn append(tx: &mut Tx, forwards: Vec<NewForward>) -> Result<(), StoreError> {
    const INSERT: Bulk = Bulk {
        head: "INSERT INTO forwards (number, sensor, serial, arrived_us, body)",
        columns: &[Column::Int, Column::Int, Column::Text, Column::Int, Column::Blob],
        tail: "",
    };
    let rows = forwards.into_iter().map(|forward| {
        let NewForward { number, sensor, serial, arrived, body } = forward;
        args![number, sensor, serial, arrived, body]
    });
    INSERT.run(tx, rows.collect()).await.map(drop)
}

const SELECT: &str =
    "SELECT f.number, f.serial, f.arrived_us, f.body, f.refusals, s.id AS sensor_id, s.organization_id
    FROM forwards f JOIN sensors s ON s.number = f.sensor";

fn read(row: &Row) -> Result<Forward, StoreError> {
    let (fate, status, channels) = messages::read_body(row.blob("body")?, true)?;
    Ok(Forward {
        number: row.int("number")?,
        organization: row.parsed("organization_id")?,
        sensor: row.parsed("sensor_id")?,
        serial: row.parsed("serial")?,
        arrived: row.instant("arrived_us")?,
        fate,
        status,
        channels,
        refusals: row.count("refusals")?,
    })
}

/// The messages at the head of the line, in the order of their arrival.
pub async fn in_line(tx: &mut Tx, limit: u32) -> Result<Vec<Forward>, StoreError> {
    let text = format!("{SELECT} WHERE f.again_us IS NULL ORDER BY f.arrived_us, f.number LIMIT $1");
    tx.all_text(text, args![limit]).await?.iter().map(read).collect()
}

/// The messages that were refused and are to be tried again by now.
pub async fn put_back(tx: &mut Tx, now: Instant, limit: u32) -> Result<Vec<Forward>, StoreError> {
    let text = format!("{SELECT} WHERE f.again_us <= $1 ORDER BY f.again_us, f.number LIMIT $2");
    tx.all_text(text, args![now, limit]).await?.iter().map(read).collect()
}

/// Whether there is something to hand on by now.
pub async fn any(tx: &mut Tx, now: Instant) -> Result<bool, StoreError> {
    let in_line = "SELECT number FROM forwards WHERE again_us IS NULL LIMIT 1";
    let put_back = "SELECT number FROM forwards WHERE again_us <= $1 LIMIT 1";
    Ok(tx.one_or_none(in_line, args![]).await?.is_some()
        || tx.one_or_none(put_back, args![now]).await?.is_some())
}

/// Takes away messages that were taken.
pub async fn taken(tx: &mut Tx, numbers: &[i64], now: Instant) -> Result<(), StoreError> {
    for (places, args) in number_lists(numbers) {
        let text = format!("DELETE FROM forwards WHERE number IN ({places})");
        tx.execute_text(&text.into(), args).await?;
    }
    let sql = "UPDATE forwarding SET last_taken_us = $1, failing_since_us = NULL, trouble = NULL";
    tx.execute(sql, args![now]).await.map(drop)
}

/// Puts a message that was refused behind the line, to be tried again at an instant.
pub async fn refused(tx: &mut Tx, number: i64, again: Instant) -> Result<(), StoreError> {
    let sql = "UPDATE forwards SET refusals = refusals + 1, again_us = $2 WHERE number = $1";
    tx.execute(sql, args![number, again]).await.map(drop)
}

/// Notes why nothing is taken.
pub async fn trouble(tx: &mut Tx, now: Instant, words: &str) -> Result<(), StoreError> {
    let sql = "UPDATE forwarding SET failing_since_us = coalesce(failing_since_us, $1), trouble = $2";
    tx.execute(sql, args![now, words]).await.map(drop)
}

/// Gives up what arrived before an instant; returns how many messages that were.
pub async fn give_up(tx: &mut Tx, before: Instant) -> Result<u64, StoreError> {
    // Two statements, for which there are two indexes.
    let in_line = "DELETE FROM forwards WHERE again_us IS NULL AND arrived_us < $1";
    let put_back = "DELETE FROM forwards WHERE again_us IS NOT NULL AND arrived_us < $1";
    let given_up = tx.execute(in_line, args![before]).await? + tx.execute(put_back, args![before]).await?;
    if given_up > 0 {
        let count = i64::try_from(given_up).unwrap_or(i64::MAX);
        tx.execute("UPDATE forwarding SET given_up = given_up + $1", args![count]).await?;
    }
    Ok(given_up)
}

/// Makes a worker the one that hands on, until an instant, unless another one is it; returns whether.
pub async fn lease(tx: &mut Tx, worker: &str, now: Instant, until: Instant) -> Result<bool, StoreError> {
    let sql = "UPDATE forwarding SET worker = $1, until_us = $3
        WHERE worker IS NULL OR worker = $1 OR until_us <= $2";
    Ok(tx.execute(sql, args![worker, now, until]).await? == 1)
}

/// Lets another worker hand on at once.
pub async fn release(tx: &mut Tx, worker: &str) -> Result<(), StoreError> {
    let sql = "UPDATE forwarding SET worker = NULL, until_us = 0 WHERE worker = $1";
    tx.execute(sql, args![worker]).await.map(drop)
}

/// How it goes.
pub async fn standing(tx: &mut Tx) -> Result<Standing, StoreError> {
    let sql =
        "SELECT count(*) AS messages, min(arrived_us) AS oldest_us FROM forwards WHERE again_us IS NULL";
    let in_line = tx.one(sql, args![]).await?;
    let sql =
        "SELECT count(*) AS messages, min(arrived_us) AS oldest_us FROM forwards WHERE again_us IS NOT NULL";
    let put_back = tx.one(sql, args![]).await?;
    let row =
        tx.one("SELECT last_taken_us, failing_since_us, trouble, given_up FROM forwarding", args![]).await?;
    let oldest = [in_line.instant_or_null("oldest_us")?, put_back.instant_or_null("oldest_us")?];
    Ok(Standing {
        waiting: in_line.int("messages")? + put_back.int("messages")?,
        put_back: put_back.int("messages")?,
        oldest_arrived: oldest.into_iter().flatten().min(),
        last_taken: row.instant_or_null("last_taken_us")?,
        trouble: row.instant_or_null("failing_since_us")?.zip(row.text_or_null("trouble")?),
        given_up: row.int("given_up")?,
    })
}
