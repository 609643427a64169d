//! The tables, and how an older ledger becomes a newer one.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use backchat_core::{Error, StoreError};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::SqlState;

use super::super::sql::render;
use super::failure;
use super::session::{Failed, Session};
use super::settings::identifier;

/// Version 1: the ledger. The ids compare byte for byte, as elsewhere.
///
/// Mostly all rows are of one scope, but a planner without statistics takes `scope = …` for as good
/// as the whole key. Then it looks for a message among all rows of its scope, and a session keeps
/// such a plan while the table grows. So the key and the index of times, which hold every row, do
/// not begin with the scope; and because the newest of several indexes that look equal is taken,
/// each comes before those that are better than it where both would do.
const VERSION_1: &str = r#"
    CREATE TABLE backchat_ledger (
        seq            bigint GENERATED ALWAYS AS IDENTITY,
        scope          text COLLATE "C" NOT NULL,
        message_id     text COLLATE "C" NOT NULL,
        slot           text COLLATE "C" NOT NULL,
        state          text NOT NULL,
        token          bigint NOT NULL,
        lease_until    bigint NOT NULL,
        sender_hash    bytea,
        text_hash      bytea,
        correlation_id text COLLATE "C",
        reply_id       text COLLATE "C",
        code           text,
        delivery       bigint,
        attempts       bigint NOT NULL,
        created_at     bigint NOT NULL,
        updated_at     bigint NOT NULL,
        due_at         bigint,
        event          bytea,
        event_verified bigint
    );
    CREATE INDEX backchat_ledger_created ON backchat_ledger (created_at, scope);
    ALTER TABLE backchat_ledger ADD PRIMARY KEY (message_id, scope, slot);
    CREATE INDEX backchat_ledger_open ON backchat_ledger (scope, state) WHERE {open_1};
    CREATE INDEX backchat_ledger_correlation ON backchat_ledger (scope, correlation_id)
        WHERE correlation_id IS NOT NULL;
    CREATE INDEX backchat_ledger_reply ON backchat_ledger (scope, reply_id)
        WHERE reply_id IS NOT NULL;
    CREATE INDEX backchat_ledger_due ON backchat_ledger (scope, due_at, seq)
        WHERE due_at IS NOT NULL;
    CREATE INDEX backchat_ledger_sender ON backchat_ledger (scope, sender_hash, seq)
        WHERE due_at IS NOT NULL;
"#;

/// Version 2: `released` became `queued`, `retrying` and `given_up`; the answer that could not be
/// sent; the marks of events that were handled.
const VERSION_2: &str = r#"
    ALTER TABLE backchat_ledger ADD COLUMN answer bytea;
    DROP INDEX backchat_ledger_open;
    {rename_released};
    CREATE INDEX backchat_ledger_open ON backchat_ledger (scope, state) WHERE {open};
    CREATE TABLE backchat_handled (
        scope      text COLLATE "C" NOT NULL,
        event_id   text COLLATE "C" NOT NULL,
        slot       text COLLATE "C" NOT NULL,
        created_at bigint NOT NULL
    );
    CREATE INDEX backchat_handled_created ON backchat_handled (created_at, scope);
    ALTER TABLE backchat_handled ADD PRIMARY KEY (event_id, scope, slot);
"#;

const VERSIONS: &[&str] = &[VERSION_1, VERSION_2];

/// Two processes that start together take turns at this lock, which ends with the transaction. (`back`,
/// in ASCII, and the schema.)
const LOCK: &str = "SELECT pg_advisory_xact_lock(1650549611, hashtext(current_schema()::text))";

/// What a look at the ledger's version found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The version that this process knows.
    Known,
    /// No tables.
    Missing,
    Older(i64),
    Newer(i64),
}

impl Found {
    fn of(version: i64) -> Self {
        match version.cmp(&known()) {
            _ if version == 0 => Found::Missing,
            std::cmp::Ordering::Less => Found::Older(version),
            std::cmp::Ordering::Equal => Found::Known,
            std::cmp::Ordering::Greater => Found::Newer(version),
        }
    }
}

/// The newest version that this process knows.
fn known() -> i64 {
    i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX)
}

/// Looks at the ledger's version.
pub(super) async fn look(session: &mut Session, deadline: Instant) -> Result<Found, Failed> {
    let version = "SELECT coalesce(max(version), 0) FROM backchat_schema";
    match session.query(version, deadline).await {
        Ok(rows) => {
            let version = rows.first().and_then(|row| row.try_get(0).ok());
            Ok(Found::of(version.unwrap_or_default()))
        }
        Err(Failed::Refused(e)) if e.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            Ok(Found::Missing)
        }
        Err(failed) => Err(failed),
    }
}

/// Why a process that has already used the ledger cannot go on.
pub(super) fn unknown(found: Found) -> Option<StoreError> {
    Some(match found {
        Found::Known => return None,
        Found::Newer(version) => {
            let newer = format!(
                "this ledger is of version {version}, made by a newer Backchat; this one knows up to {}",
                known()
            );
            StoreError::caused_by(newer.clone(), Error::configuration("store", newer))
        }
        Found::Older(version) => StoreError::new(format!(
            "this ledger is of version {version} now, and was of version {}: was an older copy \
             restored? A new process brings it up to date",
            known()
        )),
        Found::Missing => StoreError::new(
            "the tables of this ledger are gone: restore them; a new process would make empty ones, \
             and answer again what is delivered again",
        ),
    })
}

/// A statement that fails unless the ledger is of the version that this process knows, also when
/// another process brings it up to date at this moment: what a statement changes it also returns.
pub(super) fn guarded(sql: &str) -> Cow<'_, str> {
    match sql.rsplit_once(RETURNING) {
        None => sql.into(),
        Some((before, after)) => {
            let known = known();
            format!(
                "{before}{RETURNING}(SELECT 1 / (version = {known})::int FROM backchat_schema), {after}"
            )
            .into()
        }
    }
}

/// Whether [`guarded`] adds a first column.
pub(super) fn is_guarded(sql: &str) -> bool {
    sql.contains(RETURNING)
}

const RETURNING: &str = "RETURNING ";

/// The longest that making the tables may take, and bringing them up to date.
const MAKING: Duration = Duration::from_secs(10);
const CHANGING: Duration = Duration::from_mins(1);

/// Makes the tables, or brings older ones up to date, and waits for it until `until`. The work goes on
/// when the caller stops waiting: it may take longer than a webhook may.
pub(super) async fn migrate(
    session: Session,
    found: Found,
    until: Instant,
) -> Result<(), StoreError> {
    let busy = || {
        StoreError::new("Postgres: the tables of this ledger are being made or changed; try again")
    };
    let turn = Arc::clone(&session.shared().migrating).acquire_owned();
    let Ok(Ok(turn)) = timeout_at(until, turn).await else {
        return Err(busy());
    };
    let limit = match found {
        Found::Missing => MAKING,
        _ => CHANGING,
    };
    let mut session = session.detach(limit);
    let work = tokio::spawn(async move {
        let _turn = turn;
        let migrated = in_transaction(&mut session).await;
        migrated.map_err(|unable| unable.words(&session))
    });
    match timeout_at(until, work).await {
        Ok(Ok(migrated)) => migrated,
        Ok(Err(_)) | Err(_) => Err(busy()),
    }
}

/// Why the tables could not be changed.
enum Unable {
    Failed(Failed),
    Unknown(StoreError),
    /// The role may not.
    Forbidden(String),
}

impl From<Failed> for Unable {
    fn from(failed: Failed) -> Self {
        Unable::Failed(failed)
    }
}

impl Unable {
    fn words(self, session: &Session) -> StoreError {
        match self {
            Unable::Failed(failed) => session.words(&failed),
            Unable::Unknown(error) => error,
            Unable::Forbidden(why) => failure::of(session.host(), &why),
        }
    }
}

async fn in_transaction(session: &mut Session) -> Result<(), Unable> {
    let begin = session.shared().begin_long.clone();
    session.batch(&begin).await?;
    let migrated = locked(session).await;
    let end = if migrated.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    session.batch(end).await?;
    migrated
}

async fn locked(session: &mut Session) -> Result<(), Unable> {
    session.batch(LOCK).await?;
    let place = Place::of(session).await?;
    // Not `to_regclass`: what it did not find before the lock it does not look for again.
    let table = "CREATE TABLE IF NOT EXISTS backchat_schema (version bigint NOT NULL)";
    let created = session.batch(table).await;
    created.map_err(|failed| place.explain(failed, 0))?;
    let version = "SELECT coalesce(max(version), 0) FROM backchat_schema";
    let version = session.value::<i64>(version).await?.unwrap_or_default();
    let found = Found::of(version);
    if let Found::Newer(_) = found {
        return unknown(found).map_or(Ok(()), |error| Err(Unable::Unknown(error)));
    }
    let missing = usize::try_from(version)
        .ok()
        .and_then(|n| VERSIONS.get(n..));
    let missing = missing.unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    if version > 0 {
        // In the order in which statements take them.
        let lock = "LOCK TABLE backchat_ledger, backchat_schema IN ACCESS EXCLUSIVE MODE";
        let alone = session.batch(lock).await;
        alone.map_err(|failed| place.explain(failed, version))?;
    }
    let changed = session.batch(&script(missing)).await;
    changed.map_err(|failed| place.explain(failed, version))
}

/// The changes of these versions, the last of which becomes the ledger's.
fn script(missing: &[&str]) -> String {
    let mut sql: String = missing.iter().map(|sql| render(sql)).collect();
    let known = known();
    let _infallible = write!(
        sql,
        "\nDELETE FROM backchat_schema;\nINSERT INTO backchat_schema VALUES ({known});\n"
    );
    sql
}

/// The role that works, and the schema that it works in.
struct Place {
    role: String,
    schema: Option<String>,
}

impl Place {
    async fn of(session: &mut Session) -> Result<Self, Failed> {
        let role = session.value("SELECT current_user::text").await?;
        Ok(Self {
            role: identifier(&role.unwrap_or_else(|| "role".to_owned())),
            schema: session.value("SELECT current_schema()::text").await?,
        })
    }

    fn explain(&self, failed: Failed, version: i64) -> Unable {
        let code = match &failed {
            Failed::Refused(error) => error.code().cloned(),
            _ => None,
        };
        let (role, tables) = (&self.role, tables());
        let wanted = self.schema.as_deref().map(identifier);
        if code == Some(SqlState::INSUFFICIENT_PRIVILEGE) && version > 0 {
            return Unable::Forbidden(format!(
                "the role {role} may not bring the ledger from version {version} to {}: as the \
                 owner of its tables run what `backchat inbox schema --from {version} --store URL` \
                 prints",
                known()
            ));
        }
        if code == Some(SqlState::INSUFFICIENT_PRIVILEGE)
            && let Some(schema) = wanted
        {
            return Unable::Forbidden(format!(
                "the role {role} may not make the ledger's tables in the schema {schema}: as the \
                 schema's owner run `GRANT CREATE ON SCHEMA {schema} TO {role}`; or run what \
                 `backchat inbox schema --store URL` prints, and then `GRANT SELECT, INSERT, UPDATE, \
                 DELETE ON {tables} TO {role}`"
            ));
        }
        if code == Some(SqlState::INVALID_SCHEMA_NAME) {
            return Unable::Forbidden(format!(
                "there is no schema for the ledger's tables that the role {role} may use: as the \
                 database's owner run `CREATE SCHEMA name AUTHORIZATION {role}`, or `GRANT USAGE, \
                 CREATE ON SCHEMA name TO {role}`, and name it in the URL: `schema=name`"
            ));
        }
        Unable::Failed(failed)
    }
}

/// The names of the tables.
fn tables() -> String {
    let mut tables = vec!["backchat_schema"];
    for line in VERSIONS.iter().flat_map(|sql| sql.lines()) {
        let name = line.trim().strip_prefix("CREATE TABLE ");
        tables.extend(name.and_then(|name| name.split(' ').next()));
    }
    tables.join(", ")
}

/// The statements that make the tables, or bring them from version `from` up to date.
pub(super) fn ddl(schema: Option<&str>, from: usize) -> Option<String> {
    let missing = VERSIONS.get(from..)?;
    let mut sql = String::from("BEGIN;\n");
    if let Some(schema) = schema {
        let _infallible = writeln!(sql, "SET LOCAL search_path TO {};", identifier(schema));
    }
    if from == 0 {
        sql.push_str("CREATE TABLE backchat_schema (version bigint NOT NULL);\n");
    } else {
        sql.push_str("LOCK TABLE backchat_ledger, backchat_schema IN ACCESS EXCLUSIVE MODE;\n");
    }
    sql.push_str(&script(missing));
    sql.push_str("COMMIT;\n");
    let _infallible = writeln!(
        sql,
        "-- The application's role needs no other right:\n\
         -- GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO role;",
        tables()
    );
    Some(sql)
}
