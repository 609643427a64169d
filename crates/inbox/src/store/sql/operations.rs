//! The operations of a store, made of statements.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{SentMessageId, StoreError};

use super::row;
use super::value::unexpected;
use super::{Executor, Row, Statement, Value};
use crate::digest::Digest;
use crate::record::{Key, Record, StoredEvent, micros};
use crate::state::{End, State, delivery_rank};
use crate::store::{
    Backlog, Claimed, Counts, Due, DueQuery, EventKey, Finished, Gated, ListQuery, NewClaim,
    NewEvent, NewGate, Prune, Pruned, Rearmed, Rows, Settlement,
};

type Result<T> = std::result::Result<T, StoreError>;

/// The time and the key: `?1` to `?4`.
fn on(key: &Key, now: Timestamp) -> Vec<Value> {
    vec![
        now.as_microsecond().into(),
        (&key.scope).into(),
        key.message_id.as_str().into(),
        (&key.slot).into(),
    ]
}

/// The time and the scope: `?1` and `?2`.
fn within(scope: &Arc<str>, now: Timestamp) -> Vec<Value> {
    vec![now.as_microsecond().into(), scope.into()]
}

fn with<const N: usize>(mut values: Vec<Value>, more: [Value; N]) -> Vec<Value> {
    values.extend(more);
    values
}

fn hash(digest: Digest) -> Value {
    digest.as_bytes().as_slice().into()
}

/// The event and whether it was verified.
fn stored(event: Option<&StoredEvent>) -> [Value; 2] {
    [
        event.map(|event| Arc::clone(&event.json)).into(),
        event.map(|event| i64::from(event.verified)).into(),
    ]
}

/// The time, the scope and the slot: `?1` to `?3`.
fn among(rows: &Rows, now: Timestamp) -> Vec<Value> {
    with(within(&rows.scope, now), [rows.slot.as_ref().into()])
}

fn one(rows: Vec<Row>) -> Option<Row> {
    rows.into_iter().next()
}

pub(crate) async fn claim(
    db: &mut impl Executor,
    claim: NewClaim,
    now: Timestamp,
) -> Result<Claimed> {
    let NewClaim {
        key,
        sender,
        event,
        lease,
    } = claim;
    // A row that is pruned between the two statements is claimed as a new one.
    for _ in 0..2 {
        let [json, verified] = stored(Some(&event));
        let values = with(
            on(&key, now),
            [micros(lease).into(), hash(sender), json, verified],
        );
        if let Some(mut won) = one(db.run(Statement::Claim, values).await?) {
            return row::ticket(&mut won, key).map(Claimed::Won);
        }
        if let Some(record) = get(db, &key, now).await? {
            return Ok(Claimed::Lost(Box::new(record)));
        }
    }
    Err(StoreError::new("the row comes and goes"))
}

pub(crate) async fn enqueue(
    db: &mut impl Executor,
    event: NewEvent,
    now: Timestamp,
) -> Result<bool> {
    let [json, verified] = stored(Some(&event.event));
    let values = with(on(&event.key, now), [hash(event.sender), json, verified]);
    let rows = db.run(Statement::Enqueue, values).await?;
    Ok(!rows.is_empty())
}

pub(crate) async fn next_due(
    db: &mut impl Executor,
    query: DueQuery,
    now: Timestamp,
) -> Result<Vec<Due>> {
    let values = with(
        within(&query.scope, now),
        [
            (&query.slot).into(),
            i64::from(query.limit).into(),
            micros(query.lease).into(),
        ],
    );
    let mut due = Vec::new();
    for mut row in db.run(Statement::NextDue, values).await? {
        let sequence = row.integer()?;
        let key = row::key(&mut row)?;
        let ticket = row::ticket(&mut row, key)?;
        let event = row::event(&mut row)?.ok_or_else(unexpected)?;
        due.push((sequence, Due { ticket, event }));
    }
    // An UPDATE answers in any order.
    due.sort_by_key(|(sequence, _)| *sequence);
    Ok(due.into_iter().map(|(_, due)| due).collect())
}

pub(crate) async fn begin_send(
    db: &mut impl Executor,
    gate: NewGate,
    now: Timestamp,
) -> Result<Gated> {
    let values = with(
        on(&gate.ticket.key, now),
        [
            gate.ticket.token.into(),
            hash(gate.text),
            gate.correlation_id.as_str().into(),
            micros(gate.lease).into(),
        ],
    );
    if db.run(Statement::BeginSend, values).await?.is_empty() {
        let record = get(db, &gate.ticket.key, now).await?;
        return Ok(Gated::Shut(record.map(Box::new)));
    }
    Ok(Gated::Open)
}

pub(crate) async fn finish(
    db: &mut impl Executor,
    key: &Key,
    token: i64,
    end: End,
    now: Timestamp,
) -> Result<Finished> {
    let values = with(on(key, now), [token.into()]);
    let (statement, values) = match end {
        End::Sent { reply_id } => {
            let reply_id = reply_id.as_ref().map(SentMessageId::as_str).into();
            (Statement::FinishSent, with(values, [reply_id]))
        }
        End::Rejected { code } => {
            let code = code.as_str().into();
            (Statement::FinishRejected, with(values, [code]))
        }
        End::NotSent {
            code,
            retry_in,
            answer,
        } => {
            let more = [
                code.as_deref().into(),
                retry_in.map(micros).into(),
                answer.map(|answer| answer.json).into(),
            ];
            (Statement::FinishNotSent, with(values, more))
        }
        End::MaybeSent => (Statement::FinishMaybeSent, values),
        End::Skipped => (Statement::FinishSkipped, values),
    };
    if db.run(statement, values).await?.is_empty() {
        let record = get(db, key, now).await?;
        return Ok(Finished::Superseded(record.map(Box::new)));
    }
    Ok(Finished::Recorded)
}

pub(crate) async fn settle(
    db: &mut impl Executor,
    settlement: Settlement,
    now: Timestamp,
) -> Result<Option<Record>> {
    let values = with(
        within(&settlement.scope, now),
        [
            settlement.reply_id.as_str().into(),
            delivery_rank(settlement.delivery).into(),
        ],
    );
    let by_reply = |values| (Statement::SettleByReply, values);
    let mut tries = vec![by_reply(values.clone())];
    if let Some(id) = &settlement.correlation_id {
        let more = with(values.clone(), [id.as_str().into()]);
        tries.push((Statement::SettleByCorrelation, more));
        // The POST may have returned in between, and the row have its reply's id by now.
        tries.push(by_reply(values));
    }
    for (statement, values) in tries {
        if let Some(found) = one(db.run(statement, values).await?) {
            return row::record(found).map(Some);
        }
    }
    Ok(None)
}

pub(crate) async fn get(
    db: &mut impl Executor,
    key: &Key,
    now: Timestamp,
) -> Result<Option<Record>> {
    let rows = db.run(Statement::Get, on(key, now)).await?;
    one(rows).map(row::record).transpose()
}

pub(crate) async fn list(
    db: &mut impl Executor,
    query: ListQuery,
    now: Timestamp,
) -> Result<Vec<Record>> {
    let open = matches!(
        query.state,
        Some(State::Sending | State::MaybeSent | State::Queued | State::Retrying | State::GivenUp)
    );
    let statement = if open {
        Statement::ListOpen
    } else {
        Statement::List
    };
    let after = query.after.as_ref();
    let values = with(
        among(&query.rows, now),
        [
            query.state.map(State::as_str).into(),
            query.since.as_microsecond().into(),
            after.map_or(i64::MIN, |(at, _)| at.as_microsecond()).into(),
            after.map_or("", |(_, key)| key.message_id.as_str()).into(),
            after.map_or("", |(_, key)| key.slot.as_ref()).into(),
            i64::from(query.limit).into(),
        ],
    );
    let rows = db.run(statement, values).await?;
    rows.into_iter().map(row::record).collect()
}

pub(crate) async fn counts(db: &mut impl Executor, rows: &Rows, now: Timestamp) -> Result<Counts> {
    let mut counts = Counts::new();
    for mut row in db.run(Statement::CountStates, among(rows, now)).await? {
        let state: State = row.text()?.parse().map_err(|_| unexpected())?;
        counts.insert(state, u64::try_from(row.integer()?).unwrap_or_default());
    }
    Ok(counts)
}

pub(crate) async fn oldest_maybe_sent(
    db: &mut impl Executor,
    rows: &Rows,
    now: Timestamp,
) -> Result<Option<Duration>> {
    let found = db.run(Statement::OldestMaybeSent, among(rows, now)).await?;
    let age = one(found)
        .map(|mut row| row.optional_integer())
        .transpose()?;
    Ok(age.flatten().map(duration))
}

pub(crate) async fn backlog(
    db: &mut impl Executor,
    rows: &Rows,
    now: Timestamp,
) -> Result<Backlog> {
    let found = db.run(Statement::Backlog, among(rows, now)).await?;
    let mut row = one(found).ok_or_else(unexpected)?;
    Ok(Backlog {
        oldest_due: row.optional_integer()?.map(duration),
        at_work: row.optional_integer()?.is_some(),
        has_messages: row.optional_integer()?.is_some(),
    })
}

fn duration(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

pub(crate) async fn rearm(
    db: &mut impl Executor,
    key: &Key,
    event: Option<StoredEvent>,
    now: Timestamp,
) -> Result<Rearmed> {
    let values = with(on(key, now), stored(event.as_ref()));
    if !db.run(Statement::Rearm, values).await?.is_empty() {
        return Ok(Rearmed::Yes);
    }
    Ok(Rearmed::refused(get(db, key, now).await?))
}

pub(crate) async fn find_sender(
    db: &mut impl Executor,
    scope: &Arc<str>,
    sender: Digest,
    now: Timestamp,
) -> Result<Vec<Key>> {
    let values = with(within(scope, now), [hash(sender)]);
    let rows = db.run(Statement::FindSender, values).await?;
    rows.into_iter().map(|mut row| row::key(&mut row)).collect()
}

pub(crate) async fn forget(
    db: &mut impl Executor,
    keys: &[Key],
    sender: Digest,
    now: Timestamp,
) -> Result<u64> {
    let mut forgotten = 0;
    for key in keys {
        let values = with(on(key, now), [hash(sender)]);
        forgotten += db.run(Statement::Forget, values).await?.len() as u64;
    }
    Ok(forgotten)
}

pub(crate) async fn prune(db: &mut impl Executor, prune: Prune, now: Timestamp) -> Result<Pruned> {
    let values = with(within(&prune.scope, now), [i64::from(prune.limit).into()]);
    let before = |age| {
        prune
            .at_most
            .as_microsecond()
            .saturating_sub(micros(age))
            .into()
    };
    let (retention, abandoned) = (prune.retention, prune.abandoned);
    let old = with(
        values.clone(),
        [micros(retention).into(), before(retention)],
    );
    let waiting = with(old.clone(), [micros(abandoned).into(), before(abandoned)]);
    let mut pruned = Pruned::default();
    // Rows first: the searches for old events and claims read every old row, of which few are left
    // then.
    for (statement, values) in [
        (Statement::PruneRows, old.clone()),
        (Statement::PruneWaiting, waiting),
        (Statement::PruneClaims, old.clone()),
        (Statement::PruneLeases, values),
        (Statement::PruneEvents, old.clone()),
        (Statement::PruneHandled, old),
    ] {
        let rows = match db.run(statement, values).await {
            Ok(rows) => rows,
            // On Postgres each statement stands: what was lost must be told.
            Err(_) if !pruned.lost.is_empty() => break,
            Err(error) => return Err(error),
        };
        pruned.changed += rows.len() as u64;
        if matches!(
            statement,
            Statement::PruneWaiting | Statement::PruneClaims | Statement::PruneLeases
        ) {
            for row in rows {
                pruned.lost.push(row::record(row)?);
            }
        }
        if pruned.changed >= u64::from(prune.limit) {
            break;
        }
    }
    pruned.lost.sort_by_key(Record::place);
    Ok(pruned)
}

fn handled(event: &EventKey, now: Timestamp) -> Vec<Value> {
    with(
        within(&event.scope, now),
        [event.event_id.as_str().into(), (&event.slot).into()],
    )
}

pub(crate) async fn is_handled(
    db: &mut impl Executor,
    event: &EventKey,
    now: Timestamp,
) -> Result<bool> {
    let rows = db.run(Statement::IsHandled, handled(event, now)).await?;
    Ok(!rows.is_empty())
}

pub(crate) async fn mark_handled(
    db: &mut impl Executor,
    event: &EventKey,
    now: Timestamp,
) -> Result<()> {
    db.run(Statement::MarkHandled, handled(event, now)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database whose session is cut after the statement that found a `maybe_sent`.
    struct Cut;

    impl Executor for Cut {
        async fn run(&mut self, statement: Statement, _: Vec<Value>) -> Result<Vec<Row>> {
            match statement {
                Statement::PruneLeases => Ok(vec![Row::new(vec![
                    "default".into(),
                    "im_1".into(),
                    "reply".into(),
                    "maybe_sent".into(),
                    1.into(),
                    0.into(),
                    Value::Null,
                    Value::Null,
                    Value::Null,
                    Value::Null,
                    Value::Null,
                    Value::Null,
                    1.into(),
                    0.into(),
                    0.into(),
                    Value::Null,
                    Value::Null,
                    Value::Null,
                    Value::Null,
                ])]),
                Statement::PruneEvents => Err(StoreError::new("cut")),
                _ => Ok(Vec::new()),
            }
        }
    }

    #[tokio::test]
    async fn what_was_lost_is_told_also_when_the_next_statement_fails() {
        let day = Duration::from_hours(24);
        let prune_all = Prune {
            scope: "default".into(),
            retention: 30 * day,
            abandoned: 15 * day,
            at_most: Timestamp::MAX,
            limit: 100,
        };
        let pruned = prune(&mut Cut, prune_all, Timestamp::now()).await.unwrap();
        assert_eq!(pruned.lost.len(), 1);
        assert_eq!(pruned.lost[0].state, State::MaybeSent);
    }
}
