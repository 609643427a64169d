//! A row of the table as a record.

use std::sync::Arc;

use backchat_core::jiff::Timestamp;
use backchat_core::{CorrelationId, SentMessageId, StoreError};

use super::value::{Row, unexpected};
use crate::answer::StoredAnswer;
use crate::digest::Digest;
use crate::record::{Key, Record, StoredEvent, Ticket};
use crate::state::delivery_of_rank;

/// Reads the columns of `{record}` in `statement.rs`, in their order.
pub(super) fn record(mut row: Row) -> Result<Record, StoreError> {
    let key = key(&mut row)?;
    Ok(Record {
        key,
        state: row.text()?.parse().map_err(|_| unexpected())?,
        token: row.integer()?,
        lease_until: moment(row.integer()?)?,
        sender: digest(&mut row)?,
        text: digest(&mut row)?,
        correlation_id: correlation_id(&mut row)?,
        reply_id: row
            .optional_text()?
            .map(|id| SentMessageId::from(id.as_ref())),
        code: row.optional_text()?.map(|code| code.as_ref().to_owned()),
        delivery: row.optional_integer()?.and_then(delivery_of_rank),
        attempts: count(row.integer()?)?,
        created_at: moment(row.integer()?)?,
        updated_at: moment(row.integer()?)?,
        due_at: row.optional_integer()?.map(moment).transpose()?,
        event: event(&mut row)?,
        answer: answer(&mut row)?,
    })
}

/// Reads the columns of `{ticket}`.
pub(super) fn ticket(row: &mut Row, key: Key) -> Result<Ticket, StoreError> {
    Ok(Ticket {
        key,
        token: row.integer()?,
        attempts: count(row.integer()?)?,
        correlation_id: correlation_id(row)?,
        answer: answer(row)?,
        created_at: moment(row.integer()?)?,
    })
}

pub(super) fn key(row: &mut Row) -> Result<Key, StoreError> {
    let (scope, message_id, slot) = (row.text()?, row.text()?, row.text()?);
    Ok(Key::new(scope, message_id.as_ref().into(), slot))
}

pub(super) fn event(row: &mut Row) -> Result<Option<StoredEvent>, StoreError> {
    let (json, verified) = (row.optional_bytes()?, row.optional_integer()?);
    Ok(json.map(|json: Arc<[u8]>| StoredEvent {
        json,
        verified: verified == Some(1),
    }))
}

fn answer(row: &mut Row) -> Result<Option<StoredAnswer>, StoreError> {
    let json = row.optional_bytes()?;
    Ok(json.map(|json| StoredAnswer { json }))
}

fn correlation_id(row: &mut Row) -> Result<Option<CorrelationId>, StoreError> {
    let id = row.optional_text()?;
    id.map(|id| CorrelationId::parse(&id).map_err(|_| unexpected()))
        .transpose()
}

fn digest(row: &mut Row) -> Result<Option<Digest>, StoreError> {
    let bytes = row.optional_bytes()?;
    bytes
        .map(|bytes| <[u8; 32]>::try_from(bytes.as_ref()).map(Digest::from_bytes))
        .transpose()
        .map_err(|_| unexpected())
}

fn moment(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| unexpected())
}

pub(super) fn count(count: i64) -> Result<u32, StoreError> {
    u32::try_from(count).map_err(|_| unexpected())
}
