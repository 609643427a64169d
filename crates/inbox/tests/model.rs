//! Random operations on every store, compared with the state machine step by step: the memory
//! store runs the machine as it is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod places;

use std::sync::Arc;
use std::time::Duration;

use backchat_inbox::core::jiff::Timestamp;
use backchat_inbox::core::{CorrelationId, DeliveryStatus};
use backchat_inbox::store::{
    DueQuery, EventKey, ListQuery, MemoryStore, NewClaim, NewEvent, NewGate, PostgresStore, Prune,
    Rows, Settlement, SqliteStore,
};
use backchat_inbox::{Digest, End, Key, State, Store, StoredAnswer, StoredEvent, Ticket};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const LEASE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
enum Action {
    Claim(u8),
    Enqueue(u8),
    NextDue(u8),
    BeginSend(u8, i64, u8),
    Finish(u8, i64, End),
    Settle(u8, Option<u8>, DeliveryStatus),
    Rearm(u8, bool),
    Forget(u8),
    Prune,
    MarkHandled(u8),
    Wait(u64),
}

fn action() -> impl Strategy<Value = Action> {
    let row = || 0..3_u8;
    let token = || 1..4_i64;
    let reply = prop::option::of(row().prop_map(|n| format!("tx_{n}").as_str().into()));
    let retry = prop::option::of((0..8_u64).prop_map(Duration::from_secs));
    let end = prop_oneof![
        3 => reply.prop_map(|reply_id| End::Sent { reply_id }),
        1 => Just(End::Rejected { code: "window_expired".to_owned() }),
        3 => (retry, prop::option::of(row())).prop_map(|(retry_in, answer)| End::NotSent {
            code: None,
            retry_in,
            answer: answer.map(|n| StoredAnswer { json: vec![n; 5].into() }),
        }),
        2 => Just(End::MaybeSent),
        1 => Just(End::Skipped),
    ];
    let delivery = prop_oneof![
        Just(DeliveryStatus::Created),
        Just(DeliveryStatus::Delivered),
        Just(DeliveryStatus::Failed),
    ];
    prop_oneof![
        4 => row().prop_map(Action::Claim),
        3 => row().prop_map(Action::Enqueue),
        3 => (1..3_u8).prop_map(Action::NextDue),
        6 => (row(), token(), row()).prop_map(|(r, t, c)| Action::BeginSend(r, t, c)),
        6 => (row(), token(), end).prop_map(|(r, t, e)| Action::Finish(r, t, e)),
        2 => (row(), prop::option::of(row()), delivery)
            .prop_map(|(r, c, d)| Action::Settle(r, c, d)),
        2 => (row(), any::<bool>()).prop_map(|(row, given)| Action::Rearm(row, given)),
        1 => (0..2_u8).prop_map(Action::Forget),
        2 => Just(Action::Prune),
        1 => row().prop_map(Action::MarkHandled),
        4 => prop_oneof![Just(0), Just(1), Just(5_000), Just(10_000), Just(10_001), Just(86_400_000)]
            .prop_map(Action::Wait),
    ]
}

struct Run {
    store: Arc<dyn Store>,
    scope: Arc<str>,
    now: Timestamp,
}

impl Run {
    fn new(store: &Arc<dyn Store>, scope: &str) -> Self {
        Self {
            store: Arc::clone(store),
            scope: scope.into(),
            now: "2025-10-24T09:00:00Z".parse().unwrap(),
        }
    }

    /// The key that everybody calls the same, whatever the scope.
    fn key(&self, row: u8) -> Key {
        Key::new(
            Arc::clone(&self.scope),
            format!("im_{row}").as_str().into(),
            "reply",
        )
    }

    fn ticket(&self, row: u8, token: i64) -> Ticket {
        Ticket {
            key: self.key(row),
            token,
            attempts: 1,
            correlation_id: None,
            answer: None,
            created_at: self.now,
        }
    }

    fn rows(&self, slot: Option<&str>) -> Rows {
        Rows {
            scope: Arc::clone(&self.scope),
            slot: slot.map(Into::into),
        }
    }

    /// What the store answers, and what it then holds, without the scope's name.
    #[expect(clippy::too_many_lines, reason = "one arm for each action")]
    async fn step(&mut self, action: &Action) -> String {
        let scope = || Arc::clone(&self.scope);
        let (store, now) = (&self.store, self.now);
        let answer = match action.clone() {
            Action::Claim(row) => {
                let claim = NewClaim {
                    key: self.key(row),
                    sender: sender(row),
                    event: event(row),
                    lease: LEASE,
                };
                format!("{:?}", store.claim(claim, now).await.unwrap())
            }
            Action::Enqueue(row) => {
                let event = NewEvent {
                    key: self.key(row),
                    sender: sender(row),
                    event: event(row),
                };
                format!("{:?}", store.enqueue(event, now).await.unwrap())
            }
            Action::NextDue(limit) => {
                let query = DueQuery {
                    scope: scope(),
                    slot: "reply".into(),
                    limit: limit.into(),
                    lease: LEASE,
                };
                let mut due = store.next_due(query, now).await.unwrap();
                due.sort_by(|a, b| a.ticket.key.cmp(&b.ticket.key));
                format!("{due:?}")
            }
            Action::BeginSend(row, token, name) => {
                let gate = NewGate {
                    ticket: self.ticket(row, token),
                    text: Digest::of("Hello"),
                    correlation_id: CorrelationId::parse(&format!("c{name}")).unwrap(),
                    lease: LEASE,
                };
                format!("{:?}", store.begin_send(gate, now).await.unwrap())
            }
            Action::Finish(row, token, end) => {
                let ticket = self.ticket(row, token);
                format!("{:?}", store.finish(ticket, end, now).await.unwrap())
            }
            Action::Settle(reply, name, delivery) => {
                let settlement = Settlement {
                    scope: scope(),
                    reply_id: format!("tx_{reply}").as_str().into(),
                    correlation_id: name.map(|name| format!("c{name}").as_str().into()),
                    delivery,
                };
                format!("{:?}", store.settle(settlement, now).await.unwrap())
            }
            Action::Rearm(row, given) => {
                let event = given.then(|| event(row));
                let rearmed = store.rearm(self.key(row), event, now).await;
                format!("{:?}", rearmed.unwrap())
            }
            Action::Forget(row) => {
                let forgotten = store.forget(scope(), sender(row), now).await;
                format!("{:?}", forgotten.unwrap())
            }
            Action::Prune => {
                let prune = Prune {
                    at_most: Timestamp::MAX,
                    scope: scope(),
                    retention: Duration::from_hours(24),
                    abandoned: Duration::from_secs(12),
                    limit: 100,
                };
                format!("{:?}", store.prune(prune, now).await.unwrap())
            }
            Action::MarkHandled(number) => {
                let event = self.event_key(number);
                let before = store.is_handled(event.clone(), now).await.unwrap();
                store.mark_handled(event.clone(), now).await.unwrap();
                assert!(store.is_handled(event, now).await.unwrap());
                format!("{before}")
            }
            Action::Wait(millis) => {
                let later = i64::try_from(millis * 1000).unwrap();
                self.now = Timestamp::from_microsecond(now.as_microsecond() + later).unwrap();
                String::new()
            }
        };
        let query = ListQuery {
            rows: self.rows(Some("reply")),
            state: None,
            since: Timestamp::UNIX_EPOCH,
            after: None,
            limit: 100,
        };
        let rows = self.store.list(query.clone(), self.now).await.unwrap();
        for state in State::ALL {
            let state = Some(*state);
            let some = ListQuery {
                state,
                ..query.clone()
            };
            let listed = self.store.list(some, self.now).await.unwrap();
            let expected: Vec<_> = rows.iter().filter(|r| Some(r.state) == state).collect();
            assert_eq!(listed.iter().collect::<Vec<_>>(), expected);
        }
        let all = || self.rows(None);
        let counts = self.store.counts(all(), self.now).await.unwrap();
        let age = self.store.oldest_maybe_sent(all(), self.now).await.unwrap();
        let backlog = self.store.backlog(all(), self.now).await.unwrap();
        format!("{answer} {counts:?} {age:?} {backlog:?} {rows:?}").replace(&*self.scope, "scope")
    }

    fn event_key(&self, number: u8) -> EventKey {
        EventKey {
            scope: Arc::clone(&self.scope),
            slot: "reply".into(),
            event_id: format!("evt_{number}").as_str().into(),
        }
    }
}

fn event(row: u8) -> StoredEvent {
    StoredEvent {
        json: vec![row; 3].into(),
        verified: row == 1,
    }
}

/// Rows 0 and 2 are of one sender.
fn sender(row: u8) -> Digest {
    Digest::of(if row == 1 { "ben" } else { "anna" })
}

fn compare(runtime: &tokio::runtime::Runtime, store: &Arc<dyn Store>, cases: u32) {
    let number = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let actions = prop::collection::vec(action(), 1..40);
    let checked = runner.run(&actions, |actions| {
        number.set(number.get() + 1);
        let scope = format!("case-{}", number.get());
        let model: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let mut expected = Run::new(&model, "model");
        let mut found = Run::new(store, &scope);
        for action in &actions {
            let (expected, found) =
                runtime.block_on(async { (expected.step(action).await, found.step(action).await) });
            prop_assert_eq!(expected, found, "after {:?}", action);
        }
        Ok(())
    });
    checked.unwrap();
    assert!(number.get() >= cases);
}

#[test]
fn sqlite_is_the_machine() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = places::Folder::new();
    let store = runtime.block_on(SqliteStore::open(folder.file())).unwrap();
    compare(&runtime, &(Arc::new(store) as Arc<dyn Store>), 150);
}

#[test]
fn postgres_is_the_machine() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(database) = runtime.block_on(places::Database::new()) else {
        return;
    };
    let store = runtime
        .block_on(PostgresStore::open(database.url()))
        .unwrap()
        .with_callers_clock();
    compare(&runtime, &(Arc::new(store) as Arc<dyn Store>), 100);
}
