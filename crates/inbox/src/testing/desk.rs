//! A store, a scope and a clock: what every check starts from.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{CorrelationId, DeliveryStatus, SentMessageId};

use crate::answer::StoredAnswer;
use crate::digest::Digest;
use crate::record::{Key, Record, StoredEvent, Ticket, later};
use crate::state::{End, State};
use crate::store::{
    Backlog, Claimed, Due, DueQuery, Finished, Gated, ListQuery, NewClaim, NewEvent, NewGate,
    Rearmed, Rows, Settlement, Store,
};

pub(super) const LEASE: Duration = Duration::from_mins(2);

#[derive(Clone)]
pub(super) struct Desk {
    pub(super) store: Arc<dyn Store>,
    pub(super) scope: Arc<str>,
    pub(super) now: Timestamp,
}

impl Desk {
    pub(super) fn new(store: &Arc<dyn Store>, scope: &str) -> Self {
        Self {
            store: Arc::clone(store),
            scope: scope.into(),
            now: "2025-10-24T09:00:00Z".parse().unwrap(),
        }
    }

    pub(super) fn after(&mut self, duration: Duration) {
        self.now = later(self.now, duration);
    }

    pub(super) fn key(&self, id: &str) -> Key {
        Key::new(Arc::clone(&self.scope), id.into(), "reply")
    }

    pub(super) async fn claim(&self, id: &str) -> Claimed {
        self.claim_key(self.key(id)).await
    }

    pub(super) async fn claim_key(&self, key: Key) -> Claimed {
        let claim = NewClaim {
            key,
            sender: Digest::of("+33612345678"),
            event: event(),
            lease: LEASE,
        };
        self.store.claim(claim, self.now).await.unwrap()
    }

    pub(super) async fn won(&self, id: &str) -> Ticket {
        match self.claim(id).await {
            Claimed::Won(ticket) => ticket,
            Claimed::Lost(record) => panic!("lost {id}, which is {}", record.state),
        }
    }

    pub(super) async fn gate(&self, ticket: &Ticket, correlation_id: &str) -> Gated {
        let gate = NewGate {
            ticket: ticket.clone(),
            text: Digest::of("Hello"),
            correlation_id: CorrelationId::parse(correlation_id).unwrap(),
            lease: LEASE,
        };
        self.store.begin_send(gate, self.now).await.unwrap()
    }

    /// Claimed, and through the gate.
    pub(super) async fn sending(&self, id: &str) -> Ticket {
        let ticket = self.won(id).await;
        let gated = self.gate(&ticket, &format!("{id}.c")).await;
        assert_eq!(gated, Gated::Open);
        ticket
    }

    pub(super) async fn finish(&self, ticket: &Ticket, end: End) -> bool {
        let finished = self.store.finish(ticket.clone(), end, self.now);
        matches!(finished.await.unwrap(), Finished::Recorded)
    }

    pub(super) async fn settle(
        &self,
        reply_id: &str,
        correlation_id: Option<&str>,
        delivery: DeliveryStatus,
    ) -> Option<Record> {
        let settlement = Settlement {
            scope: Arc::clone(&self.scope),
            reply_id: reply_id.into(),
            correlation_id: correlation_id.map(Into::into),
            delivery,
        };
        self.store.settle(settlement, self.now).await.unwrap()
    }

    pub(super) async fn get(&self, id: &str) -> Option<Record> {
        self.store.get(self.key(id), self.now).await.unwrap()
    }

    pub(super) async fn state(&self, id: &str) -> State {
        self.get(id).await.unwrap().state
    }

    pub(super) async fn rearm(&self, id: &str) -> Rearmed {
        self.rearm_with(id, None).await
    }

    pub(super) async fn rearm_with(&self, id: &str, event: Option<StoredEvent>) -> Rearmed {
        let rearmed = self.store.rearm(self.key(id), event, self.now);
        rearmed.await.unwrap()
    }

    /// The rows of `slot`, or of all slots.
    pub(super) fn rows(&self, slot: Option<&str>) -> Rows {
        Rows {
            scope: Arc::clone(&self.scope),
            slot: slot.map(Into::into),
        }
    }

    pub(super) async fn backlog(&self) -> Backlog {
        let backlog = self.store.backlog(self.rows(Some("reply")), self.now);
        backlog.await.unwrap()
    }

    pub(super) async fn list(&self, state: Option<State>) -> Vec<String> {
        self.list_rows(self.rows(None), state).await
    }

    pub(super) async fn list_rows(&self, rows: Rows, state: Option<State>) -> Vec<String> {
        let query = ListQuery {
            rows,
            state,
            since: Timestamp::UNIX_EPOCH,
            after: None,
            limit: 1000,
        };
        let rows = self.store.list(query, self.now).await.unwrap();
        rows.iter()
            .map(|record| record.key.message_id.to_string())
            .collect()
    }

    pub(super) async fn enqueue(&self, id: &str, sender: &str) -> bool {
        let event = NewEvent {
            key: self.key(id),
            sender: Digest::of(sender),
            event: event(),
        };
        self.store.enqueue(event, self.now).await.unwrap()
    }

    pub(super) async fn next_due(&self, limit: u32) -> Vec<Due> {
        let query = DueQuery {
            scope: Arc::clone(&self.scope),
            slot: "reply".into(),
            limit,
            lease: LEASE,
        };
        self.store.next_due(query, self.now).await.unwrap()
    }
}

pub(super) fn event() -> StoredEvent {
    StoredEvent {
        json: b"{\"id\": \"evt_1\"}".as_slice().into(),
        verified: true,
    }
}

pub(super) fn ids(due: &[Due]) -> Vec<&str> {
    due.iter()
        .map(|due| due.ticket.key.message_id.as_str())
        .collect()
}

pub(super) fn sent(reply_id: &str) -> End {
    End::Sent {
        reply_id: Some(SentMessageId::from(reply_id)),
    }
}

pub(super) fn not_sent(retry_in: Option<Duration>) -> End {
    End::NotSent {
        code: Some("connection_failed".to_owned()),
        retry_in,
        answer: None,
    }
}

/// As [`not_sent`], with the answer that the next attempt sends.
pub(super) fn not_sent_yet(answer: &StoredAnswer) -> End {
    End::NotSent {
        code: Some("connection_failed".to_owned()),
        retry_in: Some(Duration::ZERO),
        answer: Some(answer.clone()),
    }
}

pub(super) fn answer() -> StoredAnswer {
    StoredAnswer {
        json: b"{\"text\": \"Hello\"}".as_slice().into(),
    }
}

pub(super) fn rejected() -> End {
    End::Rejected {
        code: "window_expired".to_owned(),
    }
}
