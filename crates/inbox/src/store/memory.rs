//! The store of one process, gone with it: for development and tests.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use backchat_core::jiff::Timestamp;

use super::{
    AHEAD, Backlog, Claimed, Counts, Due, DueQuery, EventKey, Finished, Gated, ListQuery, NewClaim,
    NewEvent, NewGate, Prune, Pruned, Rearmed, Rows as RowFilter, Settlement, Store, StoreFuture,
};
use crate::digest::Digest;
use crate::machine::{Step, Transition, apply};
use crate::record::{Key, Record, StoredEvent, Ticket, later};
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
    handled: BTreeMap<EventKey, Timestamp>,
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

    fn prune(&mut self, prune: &Prune, now: Timestamp) -> Pruned {
        let all = RowFilter {
            scope: Arc::clone(&prune.scope),
            slot: None,
        };
        let newest = self.of(&all).map(|record| record.created_at).max();
        let believed = newest.map_or(now, |newest| now.min(later(newest, AHEAD)));
        let believed = believed.min(prune.at_most);
        let unchanged = |record: &Record| later(record.updated_at, prune.retention) < now;
        let old = |since: Timestamp| later(since, prune.retention) < believed;
        let abandoned = |record: &Record| {
            let waits_for_redelivery = record.state != State::Claimed && record.due_at.is_none();
            record.is_claimable_at(now)
                && ((old(record.created_at) && unchanged(record))
                    || (waits_for_redelivery
                        && later(record.updated_at, prune.abandoned) < believed))
        };
        let finished = |record: &Record| {
            matches!(record.state, State::Sent | State::Rejected | State::Skipped)
        };
        let mut pruned = Pruned::default();
        for key in self.matching(prune, |r| old(r.created_at) && finished(r)) {
            self.remove(&key);
            pruned.changed += 1;
        }
        for key in self.matching(prune, abandoned) {
            pruned
                .lost
                .extend(self.apply(&key, &Step::GiveUp, now).cloned());
        }
        for key in self.matching(prune, |r| r.state != r.state_at(now)) {
            let lost = self.change(&key, now, |record| {
                record.state = State::MaybeSent;
                record.due_at = None;
            });
            pruned.lost.extend(lost);
        }
        pruned.changed += pruned.lost.len() as u64;
        pruned.lost.sort_by_key(Record::place);
        let keeps = |r: &Record| r.event.is_some() || r.answer.is_some();
        let emptied =
            |r: &Record| old(r.created_at) && keeps(r) && (r.due_at.is_none() || unchanged(r));
        for key in self.matching(prune, emptied) {
            self.change(&key, now, |record| {
                record.event = None;
                record.answer = None;
                record.due_at = None;
            });
            pruned.changed += 1;
        }
        let marks: Vec<_> = self
            .handled
            .iter()
            .filter(|(event, at)| event.scope == prune.scope && old(**at))
            .map(|(event, _)| event.clone())
            .take(prune.limit as usize)
            .collect();
        for event in marks {
            self.handled.remove(&event);
            pruned.changed += 1;
        }
        pruned
    }

    /// The oldest rows of the scope for which `wanted` is true.
    fn matching(&self, prune: &Prune, wanted: impl Fn(&Record) -> bool) -> Vec<Key> {
        let mut found: Vec<_> = self
            .by_key
            .values()
            .map(|(_, record)| record)
            .filter(|record| record.key.scope == prune.scope && wanted(record))
            .map(Record::place)
            .collect();
        found.sort();
        found.truncate(prune.limit as usize);
        found.into_iter().map(|(_, key)| key).collect()
    }

    fn change(
        &mut self,
        key: &Key,
        now: Timestamp,
        change: impl FnOnce(&mut Record),
    ) -> Option<Record> {
        let mut record = self.get(key)?.clone();
        change(&mut record);
        record.updated_at = now;
        Some(self.put(record).clone())
    }

    fn of<'a>(&'a self, filter: &'a RowFilter) -> impl Iterator<Item = &'a Record> {
        self.by_key
            .values()
            .map(|(_, record)| record)
            .filter(|record| filter.holds(&record.key))
    }
}

impl RowFilter {
    fn holds(&self, key: &Key) -> bool {
        key.scope == self.scope && self.slot.as_ref().is_none_or(|slot| *slot == key.slot)
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
        let NewClaim {
            key,
            sender,
            event,
            lease,
        } = claim;
        let step = Step::Claim {
            sender,
            event,
            lease,
        };
        let mut rows = self.lock();
        let won = rows.apply(&key, &step, now).map(Ticket::of);
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
                        ticket: Ticket::of(record),
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
            let mut found: Vec<_> = rows
                .by_key
                .values()
                .map(|(_, record)| seen(record, now))
                .filter(|record| {
                    query.rows.holds(&record.key)
                        && record.created_at >= query.since
                        && query.state.is_none_or(|state| state == record.state)
                        && query
                            .after
                            .as_ref()
                            .is_none_or(|after| record.place() > *after)
                })
                .collect();
            found.sort_by_key(Record::place);
            found.truncate(query.limit as usize);
            found
        })
    }

    fn counts(&self, filter: RowFilter, now: Timestamp) -> StoreFuture<'_, Counts> {
        self.with(|rows| {
            let mut counts = Counts::new();
            for record in rows.of(&filter) {
                *counts.entry(record.state_at(now)).or_default() += 1;
            }
            counts
        })
    }

    fn oldest_maybe_sent(
        &self,
        filter: RowFilter,
        now: Timestamp,
    ) -> StoreFuture<'_, Option<Duration>> {
        self.with(|rows| {
            rows.of(&filter)
                .filter(|record| record.state_at(now) == State::MaybeSent)
                .map(|record| record.updated_at)
                .min()
                .map(|since| Duration::try_from(now.duration_since(since)).unwrap_or_default())
        })
    }

    fn backlog(&self, filter: RowFilter, now: Timestamp) -> StoreFuture<'_, Backlog> {
        self.with(|rows| {
            let queued = || rows.of(&filter).filter(|record| record.due_at.is_some());
            let waits = |record: &&Record| record.is_claimable_at(now);
            let oldest = queued()
                .filter(waits)
                .filter_map(|record| record.due_at)
                .min();
            Backlog {
                oldest_due: oldest
                    .filter(|due| *due <= now)
                    .map(|due| Duration::try_from(now.duration_since(due)).unwrap_or_default()),
                at_work: queued().any(|record| {
                    matches!(record.state, State::Claimed | State::Sending)
                        && record.lease_until >= now
                }),
                has_messages: queued().next().is_some(),
            }
        })
    }

    fn rearm(
        &self,
        key: Key,
        event: Option<StoredEvent>,
        now: Timestamp,
    ) -> StoreFuture<'_, Rearmed> {
        self.with(|rows| match rows.apply(&key, &Step::Rearm { event }, now) {
            Some(_) => Rearmed::Yes,
            None => Rearmed::refused(rows.get(&key).map(|record| seen(record, now))),
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

    fn prune(&self, prune: Prune, now: Timestamp) -> StoreFuture<'_, Pruned> {
        self.with(|rows| rows.prune(&prune, now))
    }

    fn is_handled(&self, event: EventKey, _: Timestamp) -> StoreFuture<'_, bool> {
        self.with(|rows| rows.handled.contains_key(&event))
    }

    fn mark_handled(&self, event: EventKey, now: Timestamp) -> StoreFuture<'_, ()> {
        self.with(|rows| {
            rows.handled.entry(event).or_insert(now);
        })
    }
}
