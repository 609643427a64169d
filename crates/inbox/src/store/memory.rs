//! The store of one process, gone with it: for development and tests.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use backchat_core::jiff::Timestamp;

use super::{
    Claimed, Counts, Due, DueQuery, Finished, Gated, ListQuery, NewClaim, NewEvent, NewGate, Prune,
    Rearmed, Settlement, Store, StoreFuture,
};
use crate::digest::Digest;
use crate::machine::{Step, Transition, apply};
use crate::record::{Key, Record, Ticket, later};
use crate::state::{End, State};

/// Keeps the ledger in memory. It runs [`machine::apply`](crate::machine::apply) as it is, and so
/// is what the other stores are compared with.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    by_key: BTreeMap<Key, (u64, Record)>,
    by_correlation_id: Names,
    by_reply_id: Names,
    queue: BTreeSet<(Timestamp, u64, Key)>,
    last: u64,
}

/// The rows of each scope that have a name.
#[derive(Debug, Default)]
struct Names(BTreeMap<(Arc<str>, String), BTreeSet<Key>>);

impl Names {
    fn add(&mut self, name: &str, key: &Key) {
        let place = (Arc::clone(&key.scope), name.to_owned());
        self.0.entry(place).or_default().insert(key.clone());
    }

    fn remove(&mut self, name: &str, key: &Key) {
        let place = (Arc::clone(&key.scope), name.to_owned());
        if let Entry::Occupied(mut keys) = self.0.entry(place) {
            keys.get_mut().remove(key);
            if keys.get().is_empty() {
                keys.remove();
            }
        }
    }

    fn get(&self, scope: &Arc<str>, name: &str) -> impl Iterator<Item = &Key> {
        let place = (Arc::clone(scope), name.to_owned());
        self.0.get(&place).into_iter().flatten()
    }
}

/// A clock that is further ahead of the newest row may have jumped.
const AHEAD: Duration = Duration::from_hours(24);

/// The warning is for people: once a process is enough.
static SAID: Once = Once::new();

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send + 'static>(&self, run: impl FnOnce(&mut Rows) -> T) -> StoreFuture<'_, T> {
        SAID.call_once(|| {
            tracing::warn!(
                target: "backchat",
                "the inbox keeps its ledger in memory: for development, one process, lost when it ends"
            );
        });
        let answer = run(&mut self.lock());
        Box::pin(ready(Ok(answer)))
    }
}

impl Rows {
    fn get(&self, key: &Key) -> Option<&Record> {
        self.by_key.get(key).map(|(_, record)| record)
    }

    fn seen(&self, key: &Key, now: Timestamp) -> Option<Box<Record>> {
        self.get(key).map(|record| Box::new(seen(record, now)))
    }

    fn apply(&mut self, key: &Key, step: &Step, now: Timestamp) -> Option<&Record> {
        match apply(key, self.get(key), step, now) {
            Transition::To(next) => Some(self.put(*next)),
            Transition::Stays => None,
        }
    }

    fn put(&mut self, record: Record) -> &Record {
        let key = record.key.clone();
        let number = self.remove(&key).unwrap_or_else(|| {
            self.last += 1;
            self.last
        });
        if let Some(id) = &record.correlation_id {
            self.by_correlation_id.add(id.as_str(), &key);
        }
        if let Some(id) = &record.reply_id {
            self.by_reply_id.add(id.as_str(), &key);
        }
        if let Some(due) = record.due_at {
            self.queue.insert((due, number, key.clone()));
        }
        &self
            .by_key
            .entry(key)
            .insert_entry((number, record))
            .into_mut()
            .1
    }

    fn remove(&mut self, key: &Key) -> Option<u64> {
        let (number, record) = self.by_key.remove(key)?;
        if let Some(id) = &record.correlation_id {
            self.by_correlation_id.remove(id.as_str(), key);
        }
        if let Some(id) = &record.reply_id {
            self.by_reply_id.remove(id.as_str(), key);
        }
        if let Some(due) = record.due_at {
            self.queue.remove(&(due, number, key.clone()));
        }
        Some(number)
    }

    fn ticket(record: &Record) -> Ticket {
        Ticket {
            key: record.key.clone(),
            token: record.token,
            attempts: record.attempts,
            correlation_id: record.correlation_id.clone(),
        }
    }

    fn next_due(&self, query: &DueQuery, now: Timestamp) -> Vec<Key> {
        let mine = |key: &Key| key.scope == query.scope && key.slot == query.slot;
        let mut waiting = BTreeMap::<Option<Digest>, u64>::new();
        for (_, number, key) in self.queue.iter().filter(|(_, _, key)| mine(key)) {
            if let Some(record) = self.get(key).filter(|record| record.is_queued_at(now)) {
                let first = waiting.entry(record.sender).or_insert(*number);
                *first = (*first).min(*number);
            }
        }
        self.queue
            .iter()
            .take_while(|(due, _, _)| *due <= now)
            .filter(|(_, number, key)| {
                mine(key)
                    && self.get(key).is_some_and(|record| {
                        record.is_claimable_at(now) && waiting.get(&record.sender) == Some(number)
                    })
            })
            .take(query.limit as usize)
            .map(|(_, _, key)| key.clone())
            .collect()
    }

    fn find(&self, settlement: &Settlement) -> Option<Key> {
        let scope = &settlement.scope;
        let reply_id = settlement.reply_id.as_str();
        if let Some(key) = self.by_reply_id.get(scope, reply_id).next() {
            return Some(key.clone());
        }
        let correlation_id = settlement.correlation_id.as_ref()?.as_str();
        let mut keys = self
            .by_correlation_id
            .get(scope, correlation_id)
            .filter(|key| {
                self.get(key)
                    .is_some_and(|record| record.reply_id.is_none())
            });
        let key = keys.next()?;
        keys.next().is_none().then(|| key.clone())
    }

    fn prune(&mut self, prune: &Prune, now: Timestamp) -> u64 {
        let limit = prune.limit as usize;
        let mine: Vec<Record> = self
            .by_key
            .values()
            .map(|(_, record)| record)
            .filter(|record| record.key.scope == prune.scope)
            .cloned()
            .collect();
        let newest = mine.iter().map(|record| record.created_at).max();
        let believed = newest.map_or(now, |newest| now.min(later(newest, AHEAD)));
        let old = |record: &Record| later(record.created_at, prune.retention) < believed;
        let mut changed = 0;
        for record in mine
            .iter()
            .filter(|record| record.state != record.state_at(now))
            .take(limit)
        {
            self.put(Record {
                state: State::MaybeSent,
                due_at: None,
                updated_at: now,
                ..record.clone()
            });
            changed += 1;
        }
        for record in mine
            .iter()
            .filter(|record| old(record) && record.event.is_some())
            .take(limit)
        {
            if let Some(record) = self.get(&record.key).cloned() {
                self.put(Record {
                    event: None,
                    due_at: None,
                    updated_at: now,
                    ..record
                });
                changed += 1;
            }
        }
        let mut done: Vec<_> = mine
            .iter()
            .filter(|record| {
                old(record)
                    && matches!(record.state, State::Sent | State::Rejected | State::Skipped)
            })
            .collect();
        done.sort_by_key(|record| record.created_at);
        for record in done.into_iter().take(limit) {
            self.remove(&record.key);
            changed += 1;
        }
        changed
    }
}

fn seen(record: &Record, now: Timestamp) -> Record {
    Record {
        state: record.state_at(now),
        ..record.clone()
    }
}

impl Store for MemoryStore {
    fn claim(&self, claim: NewClaim, now: Timestamp) -> StoreFuture<'_, Claimed> {
        let NewClaim { key, sender, lease } = claim;
        let mut rows = self.lock();
        let won = rows
            .apply(&key, &Step::Claim { sender, lease }, now)
            .map(Rows::ticket);
        let answer = match (won, rows.seen(&key, now)) {
            (Some(ticket), _) => Ok(Claimed::Won(ticket)),
            (None, Some(record)) => Ok(Claimed::Lost(record)),
            (None, None) => Err(backchat_core::StoreError::new("a new row was refused")),
        };
        drop(rows);
        Box::pin(ready(answer))
    }

    fn enqueue(&self, event: NewEvent, now: Timestamp) -> StoreFuture<'_, bool> {
        let NewEvent { key, sender, event } = event;
        let step = Step::Enqueue { sender, event };
        self.with(|rows| rows.apply(&key, &step, now).is_some())
    }

    fn next_due(&self, query: DueQuery, now: Timestamp) -> StoreFuture<'_, Vec<Due>> {
        self.with(|rows| {
            let step = Step::ClaimDue { lease: query.lease };
            let mut due = Vec::new();
            for key in rows.next_due(&query, now) {
                if let Some(record) = rows.apply(&key, &step, now)
                    && let Some(event) = record.event.clone()
                {
                    due.push(Due {
                        ticket: Rows::ticket(record),
                        event,
                    });
                }
            }
            due
        })
    }

    fn begin_send(&self, gate: NewGate, now: Timestamp) -> StoreFuture<'_, Gated> {
        let key = gate.ticket.key;
        let step = Step::BeginSend {
            token: gate.ticket.token,
            text: gate.text,
            correlation_id: gate.correlation_id,
            lease: gate.lease,
        };
        self.with(|rows| match rows.apply(&key, &step, now) {
            Some(_) => Gated::Open,
            None => Gated::Shut(rows.seen(&key, now)),
        })
    }

    fn finish(&self, ticket: Ticket, end: End, now: Timestamp) -> StoreFuture<'_, Finished> {
        let step = Step::Finish {
            token: ticket.token,
            end,
        };
        self.with(|rows| match rows.apply(&ticket.key, &step, now) {
            Some(_) => Finished::Recorded,
            None => Finished::Superseded(rows.seen(&ticket.key, now)),
        })
    }

    fn settle(&self, settlement: Settlement, now: Timestamp) -> StoreFuture<'_, Option<Record>> {
        self.with(|rows| {
            let key = rows.find(&settlement)?;
            let step = Step::Settle {
                reply_id: settlement.reply_id,
                delivery: settlement.delivery,
            };
            rows.apply(&key, &step, now).cloned()
        })
    }

    fn get(&self, key: Key, now: Timestamp) -> StoreFuture<'_, Option<Record>> {
        self.with(|rows| rows.get(&key).map(|record| seen(record, now)))
    }

    fn list(&self, query: ListQuery, now: Timestamp) -> StoreFuture<'_, Vec<Record>> {
        self.with(|rows| {
            let place = |record: &Record| (record.created_at, record.key.clone());
            let mut found: Vec<_> = rows
                .by_key
                .values()
                .map(|(_, record)| seen(record, now))
                .filter(|record| {
                    record.key.scope == query.scope
                        && record.created_at >= query.since
                        && query.state.is_none_or(|state| state == record.state)
                        && query
                            .after
                            .as_ref()
                            .is_none_or(|after| place(record) > *after)
                })
                .collect();
            found.sort_by_key(place);
            found.truncate(query.limit as usize);
            found
        })
    }

    fn counts(&self, scope: Arc<str>, now: Timestamp) -> StoreFuture<'_, Counts> {
        self.with(|rows| {
            let mut counts = Counts::new();
            for (_, record) in rows.by_key.values().filter(|(_, r)| r.key.scope == scope) {
                *counts.entry(record.state_at(now)).or_default() += 1;
            }
            counts
        })
    }

    fn oldest_maybe_sent(
        &self,
        scope: Arc<str>,
        now: Timestamp,
    ) -> StoreFuture<'_, Option<Duration>> {
        self.with(|rows| {
            rows.by_key
                .values()
                .map(|(_, record)| record)
                .filter(|r| r.key.scope == scope && r.state_at(now) == State::MaybeSent)
                .map(|record| record.updated_at)
                .min()
                .map(|since| Duration::try_from(now.duration_since(since)).unwrap_or_default())
        })
    }

    fn rearm(&self, key: Key, now: Timestamp) -> StoreFuture<'_, Rearmed> {
        self.with(|rows| match rows.apply(&key, &Step::Rearm, now) {
            Some(_) => Rearmed::Yes,
            None => rows
                .seen(&key, now)
                .map_or(Rearmed::Unknown, Rearmed::Refused),
        })
    }

    fn forget(&self, scope: Arc<str>, sender: Digest, now: Timestamp) -> StoreFuture<'_, u64> {
        self.with(|rows| {
            let keys: Vec<Key> = rows
                .by_key
                .values()
                .filter(|(_, record)| record.key.scope == scope && record.sender == Some(sender))
                .map(|(_, record)| record.key.clone())
                .collect();
            for key in &keys {
                rows.apply(key, &Step::Forget, now);
            }
            keys.len() as u64
        })
    }

    fn prune(&self, prune: Prune, now: Timestamp) -> StoreFuture<'_, u64> {
        self.with(|rows| rows.prune(&prune, now))
    }
}
