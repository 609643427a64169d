//! One session of the pool, for one operation and within one deadline.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use backchat_core::StoreError;
use deadpool::managed::PoolError;
use tokio::time::{Instant, timeout_at};

use super::super::sql::Statement;
use super::connection::Connection;
use super::pool::Pooled;
use super::schema::{self, Found};
use super::{Shared, failure};

/// The longest that an operation takes, whatever the server or the network does: a session of the
/// pool, connecting, TLS, logging in, the ledger's version, the statements. Prelude waits 10 s.
pub(super) const CALL: Duration = Duration::from_secs(4);

/// The same for what may read every row. Only operators ask for that.
pub(super) const SLOW: Duration = Duration::from_mins(1);

/// A session that was idle for so long is asked for the ledger's version before it is used: a
/// firewall, say, may have dropped the connection without a word.
const IDLE: Duration = Duration::from_secs(1);

/// The longest that such a session may take to answer.
const PROBE: Duration = Duration::from_secs(1);

/// A session looks at the ledger's version at least as often as this.
const LOOK: Duration = Duration::from_mins(1);

/// A session. One that did not answer, or whose operation was dropped, is not used again.
pub(super) struct Session {
    shared: Arc<Shared>,
    held: Option<Held>,
    deadline: Instant,
    /// Takes the time from the caller.
    pub(super) callers_clock: bool,
    /// All that was asked has been answered.
    at_rest: bool,
}

/// A connection of the pool, or one that the pool has let go.
enum Held {
    Pooled(Pooled),
    Detached(Connection),
}

impl Held {
    fn connection(&self) -> &Connection {
        match self {
            Held::Pooled(pooled) => pooled,
            Held::Detached(connection) => connection,
        }
    }

    fn connection_mut(&mut self) -> &mut Connection {
        match self {
            Held::Pooled(pooled) => pooled,
            Held::Detached(connection) => connection,
        }
    }
}

/// Why a statement failed.
pub(super) enum Failed {
    /// The server refused it.
    Refused(tokio_postgres::Error),
    /// The connection is gone.
    Lost(tokio_postgres::Error),
    /// No answer within the deadline.
    Silent,
}

impl Session {
    /// A session on a ledger of this version. Missing tables are made; older ones are brought up to
    /// date, and that is waited for until `upgraded`.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        deadline: Instant,
        upgraded: Instant,
    ) -> Result<Self, StoreError> {
        let mut deadline = deadline;
        loop {
            let mut session = Self::any(shared, deadline).await?;
            let (fresh, due) = session.state();
            if !due {
                return Ok(session);
            }
            let probe = if fresh {
                deadline
            } else {
                deadline.min(Instant::now() + PROBE)
            };
            let found = match schema::look(&mut session, probe).await {
                Ok(found) => found,
                // A connection that broke while nobody used it: the next one is new.
                Err(Failed::Lost(_) | Failed::Silent) if !fresh => continue,
                Err(failed) => return Err(session.words(&failed)),
            };
            let until = match found {
                Found::Missing if !session.has_opened() => deadline,
                Found::Older(_) if !session.has_opened() => upgraded,
                found => {
                    schema::unknown(found).map_or(Ok(()), Err)?;
                    session.opened();
                    return Ok(session);
                }
            };
            schema::migrate(session, found, until).await?;
            deadline = deadline.max((Instant::now() + CALL).min(until));
        }
    }

    /// Whether the connection is new, and whether it has to look at the ledger's version.
    fn state(&self) -> (bool, bool) {
        let connection = self.held.as_ref().map(Held::connection);
        let Some((connection, looked)) = connection.and_then(|on| Some((on, on.looked?))) else {
            return (true, true);
        };
        let idle = connection.used.elapsed() >= IDLE;
        (false, idle || looked.elapsed() >= LOOK)
    }

    /// Whether this process has seen a ledger of its version.
    fn has_opened(&self) -> bool {
        self.shared.opened.load(Ordering::Acquire)
    }

    fn opened(&mut self) {
        self.shared.opened.store(true, Ordering::Release);
        if let Some(held) = self.held.as_mut() {
            held.connection_mut().looked = Some(Instant::now());
        }
    }

    /// A session, whatever the ledger's version is.
    async fn any(shared: &Arc<Shared>, deadline: Instant) -> Result<Self, StoreError> {
        let pool = shared.pool()?;
        let pooled = match timeout_at(deadline, pool.get()).await {
            Ok(Ok(pooled)) => pooled,
            Ok(Err(PoolError::Backend(error))) => return Err(error),
            Ok(Err(other)) => {
                return Err(StoreError::caused_by(format!("Postgres: {other}"), other));
            }
            Err(_elapsed) => {
                let why = format!(
                    "no session in time: {} of {} are in use, or the server does not answer",
                    pool.status().size,
                    pool.status().max_size
                );
                return Err(StoreError::new(format!("Postgres: {why}")));
            }
        };
        Ok(Self {
            shared: Arc::clone(shared),
            held: Some(Held::Pooled(pooled)),
            deadline,
            callers_clock: false,
            at_rest: true,
        })
    }

    /// Gives the session back after an operation. One that did not answer is closed instead.
    pub(super) fn give_back<T, E>(mut self, answer: Result<T, E>) -> Result<T, E> {
        if self.at_rest {
            drop(self.held.take());
        }
        answer
    }

    /// Makes room in the pool: this session does work that may take longer than a call. It is closed
    /// at its end.
    pub(super) fn detach(mut self, limit: Duration) -> Self {
        self.held = match self.held.take() {
            Some(Held::Pooled(pooled)) => Some(Held::Detached(Pooled::take(pooled))),
            held => held,
        };
        self.deadline = Instant::now() + limit;
        self
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    pub(super) fn sql(&self, statement: Statement) -> &str {
        self.shared.statements.sql(statement)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The operation reads every row.
    pub(super) fn take_longer(&mut self) {
        self.deadline = self.deadline.max(Instant::now() + SLOW + CALL);
    }

    /// The session is not ours alone.
    pub(super) fn share(&mut self) {
        if let Some(held) = self.held.as_mut() {
            held.connection_mut().own_session = false;
        }
        self.shared.found_pooler();
    }

    /// Runs SQL that takes nothing and gives nothing.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), Failed> {
        self.within(self.deadline, async |on| on.client.batch_execute(sql).await)
            .await
    }

    /// Runs a query for one value within a transaction that is open.
    pub(super) async fn value<T>(&mut self, sql: &str) -> Result<Option<T>, Failed>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a> + Send,
    {
        self.within(self.deadline, async |on| {
            let row = on.client.query_typed_one(sql, &[]).await?;
            row.try_get(0)
        })
        .await
    }

    /// Runs a query without parameters in a transaction of its own.
    pub(super) async fn query(
        &mut self,
        sql: &str,
        deadline: Instant,
    ) -> Result<Vec<tokio_postgres::Row>, Failed> {
        let shared = self.shared();
        self.within(deadline, async |on| {
            on.transact(&shared.begin, sql, &[]).await
        })
        .await
    }

    pub(super) async fn within<T>(
        &mut self,
        deadline: Instant,
        run: impl AsyncFnOnce(&mut Connection) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Failed> {
        let Some(held) = self.held.as_mut() else {
            return Err(Failed::Silent);
        };
        let connection = held.connection_mut();
        self.at_rest = false;
        let answer = timeout_at(deadline, run(connection)).await;
        connection.used = Instant::now();
        match answer {
            Ok(Ok(answer)) => {
                self.at_rest = true;
                Ok(answer)
            }
            Ok(Err(error)) => match error.as_db_error() {
                Some(server) if !failure::is_fatal(server) => {
                    self.at_rest = true;
                    Err(Failed::Refused(error))
                }
                _ => Err(Failed::Lost(error)),
            },
            Err(_elapsed) => {
                // Whatever silenced this connection may have silenced those that nobody uses now.
                self.shared.close_idle();
                Err(Failed::Silent)
            }
        }
    }

    pub(super) fn words(&self, failed: &Failed) -> StoreError {
        match failed {
            Failed::Refused(error) | Failed::Lost(error) => {
                failure::of_statement(self.host(), error)
            }
            Failed::Silent => failure::of(self.host(), "no answer in time"),
        }
    }

    pub(super) fn host(&self) -> &str {
        self.held.as_ref().map_or("?", |on| &on.connection().host)
    }
}

/// A session that was not given back is closed.
impl Drop for Session {
    fn drop(&mut self) {
        if let Some(Held::Pooled(pooled)) = self.held.take() {
            drop(Pooled::take(pooled));
        }
    }
}
