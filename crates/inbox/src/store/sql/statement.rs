//! The statements. Each is one step of `machine::apply`, said in SQL: a compare-and-set, so that
//! any number of processes may run it at once.
//!
//! `?1` is always the time, in microseconds, and is written `{now}`: Postgres takes its own clock
//! there. Durations are microseconds too.

use std::fmt;

/// How a database writes what the two write differently.
pub(crate) struct Dialect {
    /// The time.
    pub(crate) now: &'static str,
    /// Before a parameter's number.
    pub(crate) parameter: &'static str,
    /// How to pass over rows that another process is taking.
    pub(crate) skip_locked: &'static str,
}

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        /// One statement.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Statement {
            $($(#[$doc])* $name,)*
        }

        impl Statement {
            const ALL: &'static [(Statement, &'static str)] = &[$((Statement::$name, $sql),)*];
        }
    };
}

statements! {
    /// key, lease, sender, event, verified
    Claim = "
        INSERT INTO backchat_ledger AS l
            (scope, message_id, slot, state, token, lease_until, sender_hash, attempts,
             created_at, updated_at, event, event_verified)
        VALUES (?2, ?3, ?4, 'claimed', 1, {now} + ?5, ?6, 1, {now}, {now}, ?7, ?8)
        ON CONFLICT (scope, message_id, slot) DO UPDATE SET
            state = 'claimed', token = l.token + 1, lease_until = excluded.lease_until,
            sender_hash = excluded.sender_hash, attempts = l.attempts + 1,
            updated_at = excluded.updated_at, {keep_event},
            due_at = CASE WHEN l.due_at IS NULL THEN NULL ELSE excluded.lease_until END
        WHERE l.state IN ('queued', 'retrying')
           OR (l.state = 'claimed' AND l.lease_until < {now})
        RETURNING {ticket}";
    /// key, sender, event, verified
    Enqueue = "
        INSERT INTO backchat_ledger AS l
            (scope, message_id, slot, state, token, lease_until, sender_hash, attempts,
             created_at, updated_at, due_at, event, event_verified)
        VALUES (?2, ?3, ?4, 'queued', 0, {now}, ?5, 0, {now}, {now}, {now}, ?6, ?7)
        ON CONFLICT (scope, message_id, slot) DO UPDATE SET
            {keep_event}, sender_hash = excluded.sender_hash, updated_at = excluded.updated_at,
            due_at = CASE WHEN l.state IN ('queued', 'retrying') THEN excluded.due_at
                          ELSE l.lease_until END
        WHERE l.due_at IS NULL
          AND (l.state IN ('queued', 'retrying', 'claimed')
               OR (l.state = 'sending' AND l.lease_until >= {now}))
        RETURNING 1";
    /// scope, slot, limit, lease. (`LIMIT 1 OFFSET 0` changes nothing but Postgres's mind: without it
    /// the search for earlier rows becomes a join over all that wait.)
    NextDue = "
        WITH due AS (
            SELECT l.scope, l.message_id, l.slot FROM backchat_ledger AS l
            WHERE l.scope = ?2 AND l.slot = ?3 AND l.due_at <= {now} AND l.event IS NOT NULL
              AND (l.state IN ('queued', 'retrying')
                   OR (l.state = 'claimed' AND l.lease_until < {now}))
              AND NOT EXISTS (
                  SELECT 1 FROM backchat_ledger AS e
                  WHERE e.scope = l.scope AND e.slot = l.slot AND e.sender_hash = l.sender_hash
                    AND e.seq < l.seq AND e.due_at IS NOT NULL
                    AND NOT (e.state = 'sending' AND e.lease_until < {now})
                  LIMIT 1 OFFSET 0)
            ORDER BY l.due_at, l.seq
            LIMIT ?4 {skip_locked})
        UPDATE backchat_ledger SET
            state = 'claimed', token = token + 1, lease_until = {now} + ?5,
            attempts = attempts + 1, updated_at = {now}, due_at = {now} + ?5
        WHERE (scope, message_id, slot) IN (SELECT scope, message_id, slot FROM due)
        RETURNING seq, scope, message_id, slot, {ticket}, event, event_verified";
    /// key, token, text, correlation id, lease
    BeginSend = "
        UPDATE backchat_ledger SET
            state = 'sending', text_hash = ?6, correlation_id = ?7, code = NULL,
            lease_until = {now} + ?8, updated_at = {now},
            due_at = CASE WHEN due_at IS NULL THEN NULL ELSE {now} + ?8 END
        WHERE {key} AND token = ?5 AND state = 'claimed'
        RETURNING 1";
    /// key, token, reply id
    FinishSent = "
        UPDATE backchat_ledger SET
            state = 'sent', reply_id = ?6, code = NULL, {done}, updated_at = {now}
        WHERE {key} AND token >= ?5 AND state <> 'sent'
        RETURNING 1";
    /// key, token, code
    FinishRejected = "
        UPDATE backchat_ledger SET
            state = 'rejected', code = ?6, {done}, updated_at = {now}
        WHERE {key} AND token = ?5 AND state IN ('claimed', 'sending', 'maybe_sent')
        RETURNING 1";
    /// key, token, code, retry in, answer
    FinishNotSent = "
        UPDATE backchat_ledger SET
            state = CASE WHEN sender_hash IS NULL THEN 'skipped'
                         WHEN CAST(?7 AS bigint) IS NULL THEN 'given_up' ELSE 'retrying' END,
            code = ?6, updated_at = {now},
            answer = CASE WHEN sender_hash IS NOT NULL THEN coalesce(?8, answer) END,
            due_at = CASE WHEN due_at IS NULL THEN NULL ELSE {now} + ?7 END
        WHERE {key} AND token = ?5
          AND (state = 'claimed' OR (state = 'sending' AND lease_until >= {now}))
        RETURNING 1";
    /// key, token
    FinishMaybeSent = "
        UPDATE backchat_ledger SET
            state = 'maybe_sent', due_at = NULL, updated_at = {now}
        WHERE {key} AND token = ?5 AND {is_sending}
        RETURNING 1";
    /// key, token
    FinishSkipped = "
        UPDATE backchat_ledger SET
            state = 'skipped', code = NULL, {done}, updated_at = {now}
        WHERE {key} AND token = ?5 AND state = 'claimed'
        RETURNING 1";
    /// scope, reply id, delivery. (`|| ''` keeps Postgres from looking for the first row by walking
    /// the key's index in its order.)
    SettleByReply = "
        WITH found AS (
            SELECT message_id, slot FROM backchat_ledger
            WHERE scope = ?2 AND reply_id = ?3 ORDER BY message_id || '', slot LIMIT 1)
        UPDATE backchat_ledger SET
            state = 'sent', code = NULL, {done}, updated_at = {now},
            delivery = CASE WHEN delivery >= ?4 THEN delivery ELSE ?4 END
        WHERE scope = ?2 AND message_id = (SELECT message_id FROM found)
          AND slot = (SELECT slot FROM found)
        RETURNING {record}";
    /// scope, reply id, delivery, correlation id. An event is proof, whatever the state was.
    SettleByCorrelation = "
        WITH found AS (
            SELECT message_id, slot FROM backchat_ledger
            WHERE scope = ?2 AND correlation_id = ?5 AND reply_id IS NULL LIMIT 2)
        UPDATE backchat_ledger SET
            state = 'sent', reply_id = ?3, code = NULL, {done}, updated_at = {now},
            delivery = CASE WHEN delivery >= ?4 THEN delivery ELSE ?4 END
        WHERE scope = ?2 AND message_id = (SELECT min(message_id) FROM found)
          AND slot = (SELECT min(slot) FROM found)
          AND (SELECT count(*) FROM found) = 1 AND reply_id IS NULL
        RETURNING {record}";
    /// key
    Get = "
        SELECT {record} FROM backchat_ledger WHERE {key}";
    /// scope, slot, state, since, after (created at, message id, slot), limit
    List = "
        SELECT {record} FROM backchat_ledger
        WHERE {rows} AND (CAST(?4 AS text) IS NULL OR {state} = ?4) AND created_at >= ?5
          AND (created_at, message_id, slot) > (?6, ?7, ?8)
        ORDER BY created_at, message_id, slot
        LIMIT ?9";
    /// As `List`, through the small index of open rows.
    ListOpen = "
        SELECT {record} FROM backchat_ledger
        WHERE {rows} AND {open} AND {state} = ?4 AND created_at >= ?5
          AND (created_at, message_id, slot) > (?6, ?7, ?8)
        ORDER BY created_at, message_id, slot
        LIMIT ?9";
    /// scope, slot
    CountStates = "
        SELECT {state} AS seen, count(*) FROM backchat_ledger WHERE {rows} GROUP BY seen";
    /// scope, slot
    OldestMaybeSent = "
        SELECT {now} - min(updated_at) FROM backchat_ledger
        WHERE {rows} AND {open} AND {state} = 'maybe_sent'";
    /// scope, slot. (A worker's message is due when its lease ends: later than now, unless the worker
    /// has ended without a word.)
    Backlog = "
        SELECT
            (SELECT {now} - due_at FROM backchat_ledger
             WHERE {rows} AND due_at <= {now}
               AND (state IN ('queued', 'retrying') OR (state = 'claimed' AND lease_until < {now}))
             ORDER BY due_at LIMIT 1),
            (SELECT 1 FROM backchat_ledger
             WHERE {rows} AND due_at >= {now} AND state IN ('claimed', 'sending')
               AND lease_until >= {now}
             LIMIT 1),
            (SELECT 1 FROM backchat_ledger WHERE {rows} AND due_at IS NOT NULL LIMIT 1)";
    /// key, event, verified
    Rearm = "
        UPDATE backchat_ledger SET
            state = 'queued', attempts = 0, updated_at = {now}, due_at = {now},
            event = coalesce(event, ?5),
            event_verified = CASE WHEN event IS NULL THEN ?6 ELSE event_verified END
        WHERE {key} AND coalesce(event, ?5) IS NOT NULL
          AND (state IN ('maybe_sent', 'rejected', 'skipped', 'queued', 'retrying', 'given_up')
               OR (state = 'sending' AND lease_until < {now}))
        RETURNING 1";
    /// scope, sender: reads every row, so that no message pays for an index that is used so rarely.
    FindSender = "
        SELECT scope, message_id, slot FROM backchat_ledger
        WHERE scope = ?2 AND sender_hash = ?3";
    /// key, sender
    Forget = "
        UPDATE backchat_ledger SET
            state = CASE WHEN state IN ('queued', 'retrying', 'claimed', 'given_up')
                         THEN 'skipped' ELSE state END,
            sender_hash = NULL, text_hash = NULL, {done}, updated_at = {now}
        WHERE {key} AND sender_hash = ?5
        RETURNING 1";
    /// scope, limit: what the lease made a `maybe_sent`, written down.
    PruneLeases = "
        UPDATE backchat_ledger SET
            state = 'maybe_sent', due_at = NULL, updated_at = {now}
        WHERE (scope, message_id, slot) IN (
            SELECT scope, message_id, slot FROM backchat_ledger
            WHERE scope = ?2 AND {open} AND state = 'sending' AND lease_until < {now}
            LIMIT ?3)
          AND {is_sending} AND lease_until < {now}
        RETURNING {record}";
    /// scope, limit, retention, `at_most` less it, abandoned, `at_most` less it. (A row that an
    /// operator re-armed is old, and has just changed.) In no order: for one by age SQLite would read
    /// every row.
    PruneWaiting = "
        UPDATE backchat_ledger SET state = 'given_up', due_at = NULL, updated_at = {now}
        WHERE (scope, message_id, slot) IN (
            SELECT scope, message_id, slot FROM backchat_ledger
            WHERE scope = ?2 AND {open} AND state IN ('queued', 'retrying')
              AND (({old} AND {unchanged})
                   OR (due_at IS NULL AND updated_at < {now} - ?6
                       AND updated_at < {newest} - ?6 AND updated_at < ?7))
            LIMIT ?3)
          AND coalesce(state, '') IN ('queued', 'retrying')
        RETURNING {record}";
    /// scope, limit, retention, `at_most` less it
    PruneClaims = "
        UPDATE backchat_ledger SET state = 'given_up', due_at = NULL, updated_at = {now}
        WHERE (scope, message_id, slot) IN (
            SELECT scope, message_id, slot FROM backchat_ledger
            WHERE scope = ?2 AND {old} AND {unchanged} AND state = 'claimed' AND lease_until < {now}
            ORDER BY created_at LIMIT ?3)
          AND state = 'claimed' AND lease_until < {now}
        RETURNING {record}";
    /// scope, limit, retention, `at_most` less it
    PruneEvents = "
        UPDATE backchat_ledger SET {done}, updated_at = {now}
        WHERE (scope, message_id, slot) IN (
            SELECT scope, message_id, slot FROM backchat_ledger
            WHERE scope = ?2 AND (event IS NOT NULL OR answer IS NOT NULL) AND {old}
              AND (due_at IS NULL OR {unchanged})
            ORDER BY created_at LIMIT ?3)
        RETURNING 1";
    /// scope, limit, retention, `at_most` less it
    PruneRows = "
        DELETE FROM backchat_ledger
        WHERE (scope, message_id, slot) IN (
            SELECT scope, message_id, slot FROM backchat_ledger
            WHERE scope = ?2 AND {old}
              AND state IN ('sent', 'rejected', 'skipped')
            ORDER BY created_at LIMIT ?3)
        RETURNING 1";
    /// scope, limit, retention, `at_most` less it
    PruneHandled = "
        DELETE FROM backchat_handled
        WHERE (scope, event_id, slot) IN (
            SELECT scope, event_id, slot FROM backchat_handled
            WHERE scope = ?2 AND {old}
            ORDER BY created_at LIMIT ?3)
        RETURNING 1";
    /// scope, event id, slot
    IsHandled = "
        SELECT 1 FROM backchat_handled WHERE scope = ?2 AND event_id = ?3 AND slot = ?4";
    /// scope, event id, slot
    MarkHandled = "
        INSERT INTO backchat_handled (scope, event_id, slot, created_at)
        VALUES (?2, ?3, ?4, {now})
        ON CONFLICT (scope, event_id, slot) DO NOTHING
        RETURNING 1";
}

impl Statement {
    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(statement, _)| *statement)
    }

    /// Whether it may have to read every row: only operators run these.
    #[cfg(any(feature = "postgres", test))]
    pub(crate) fn reads_all(self) -> bool {
        matches!(
            self,
            Statement::List | Statement::CountStates | Statement::FindSender
        )
    }
}

/// What `{name}` stands for.
const PARTS: &[(&str, &str)] = &[
    (
        "{record}",
        "scope, message_id, slot, {state}, token, lease_until, sender_hash, text_hash,
         correlation_id, reply_id, code, delivery, attempts, created_at, updated_at, due_at,
         event, event_verified, answer",
    ),
    (
        "{ticket}",
        "token, attempts, correlation_id, answer, created_at",
    ),
    (
        "{rows}",
        "scope = ?2 AND (CAST(?3 AS text) IS NULL OR slot = ?3)",
    ),
    (
        "{keep_event}",
        "event = coalesce(l.event, excluded.event),
         event_verified = CASE WHEN l.event IS NULL THEN excluded.event_verified
                               ELSE l.event_verified END",
    ),
    ("{key}", "scope = ?2 AND message_id = ?3 AND slot = ?4"),
    (
        "{state}",
        "CASE WHEN state = 'sending' AND lease_until < {now} THEN 'maybe_sent' ELSE state END",
    ),
    (
        "{done}",
        "due_at = NULL, event = NULL, event_verified = NULL, answer = NULL",
    ),
    // By the clock, by the rows and by what Prelude wrote: a clock that is ahead of the newest row or
    // event by more than a day may have jumped, and is believed for a day.
    (
        "{old}",
        "created_at < {now} - ?4 AND created_at < {newest} - ?4 AND created_at < ?5",
    ),
    ("{unchanged}", "updated_at < {now} - ?4"),
    (
        "{newest}",
        "coalesce((SELECT max(created_at) FROM backchat_ledger WHERE scope = ?2) + 86400000000, {now})",
    ),
    ("{open}", OPEN),
    // Said so that it does not imply `{open}`: Postgres would find a row whose key is known as well
    // by its state, in the small index, among all that were ever open and no vacuum has removed.
    ("{is_sending}", "coalesce(state, '') = 'sending'"),
];

/// The rows that the small index holds: none that is finished, none that was only just claimed.
const OPEN: &str = "state IN ('sending', 'maybe_sent', 'queued', 'retrying', 'given_up')";

/// [`OPEN`] as it was in version 1 of the tables.
const OPEN_1: &str = "state IN ('sending', 'maybe_sent', 'released')";

/// Gives the rows of version 1 that waited the words of version 2.
const RENAME_RELEASED: &str = "
    UPDATE backchat_ledger SET
        state = CASE WHEN event IS NOT NULL AND due_at IS NULL THEN 'given_up'
                     WHEN attempts = 0 THEN 'queued' ELSE 'retrying' END
    WHERE state = 'released'";

/// A version of the tables as SQL, without the names in braces.
pub(crate) fn render(sql: &str) -> String {
    sql.replace("{open_1}", OPEN_1)
        .replace("{open}", OPEN)
        .replace("{rename_released}", RENAME_RELEASED)
}

/// All statements, as one database writes them.
pub(crate) struct Statements(Vec<String>);

impl Statements {
    pub(crate) fn new(dialect: &Dialect) -> Self {
        let render = |sql: &str| {
            let mut sql = sql.to_owned();
            for (name, part) in PARTS {
                sql = sql.replace(name, part);
            }
            sql.replace("{skip_locked}", dialect.skip_locked)
                .replace("{now}", dialect.now)
                .replace('?', dialect.parameter)
        };
        Self(Statement::ALL.iter().map(|(_, sql)| render(sql)).collect())
    }

    pub(crate) fn sql(&self, statement: Statement) -> &str {
        &self.0[statement as usize]
    }
}

impl fmt::Debug for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Statements")
    }
}
