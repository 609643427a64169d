//! Postgres through PgBouncer: every message is answered once, and others who use its sessions see
//! nothing of us.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use backchat_inbox::{Ledger, State};
use backchat_tests::inbox::bot::Bot;
use backchat_tests::inbox::database::{Database, connect, texts};
use backchat_tests::inbox::pgbouncer::PgBouncer;

const MESSAGES: u32 = 60;

/// What another application would notice: settings, prepared statements, locks, a path.
const TRACES: &str = "
    SELECT name || '=' || setting FROM pg_settings
    WHERE name NOT IN ('application_name', 'transaction_isolation', 'transaction_read_only')
    UNION ALL SELECT 'prepared ' || name FROM pg_prepared_statements
    UNION ALL SELECT 'lock ' || objid FROM pg_locks
        WHERE locktype = 'advisory' AND pid = pg_backend_pid()
    UNION ALL SELECT 'mark ' || coalesce(current_setting('backchat.session', true), '')
    ORDER BY 1";

/// What there is in each of the two sessions, by way of two transactions at once.
async fn traces(bouncer: &PgBouncer) -> Vec<(String, Vec<String>)> {
    let mut seen = Vec::new();
    let (one, other) = (connect(bouncer.url()).await, connect(bouncer.url()).await);
    for client in [&one, &other] {
        client.batch_execute("BEGIN").await.unwrap();
        let pid = texts(client, "SELECT pg_backend_pid()").await.remove(0);
        seen.push((pid, texts(client, TRACES).await));
    }
    for client in [&one, &other] {
        client.batch_execute("COMMIT").await.unwrap();
    }
    seen.sort();
    seen
}

/// All messages, twice each, and what came of them.
async fn answers_each_once(bot: &Bot) {
    for numbers in [0..MESSAGES, 0..MESSAGES] {
        let statuses = bot.crowd(numbers).await;
        let failures = bot.failures();
        assert!(
            statuses.iter().all(|status| *status == 200),
            "{statuses:?} {failures:?}"
        );
    }
    for number in 0..MESSAGES {
        assert_eq!(bot.posts(number), 1, "message {number}");
    }
}

async fn in_transaction_mode(settings: &str, parameters: &str) {
    let Some(database) = Database::new().await else {
        return;
    };
    let Some(bouncer) = PgBouncer::start(database.server(), "transaction", settings).await else {
        return;
    };
    let before = traces(&bouncer).await;
    // Another application's query, longer than any of ours may be.
    let other = connect(bouncer.url()).await;
    let long = tokio::spawn(async move { texts(&other, "SELECT pg_sleep(3)").await });
    let bot = Bot::open(&database.by(bouncer.url(), parameters))
        .await
        .unwrap();
    answers_each_once(&bot).await;
    assert_eq!(long.await.unwrap().len(), 1);
    let ledger = bot.inbox.ledger();
    assert_eq!(
        ledger.counts().await.unwrap()[&State::Sent],
        u64::from(MESSAGES)
    );
    let listed = ledger.list(None, None).await.unwrap();
    assert_eq!(listed.len(), MESSAGES as usize);
    assert_eq!(ledger.forget("+33600000001").await.unwrap(), 6);
    assert_eq!(
        traces(&bouncer).await,
        before,
        "something stayed in a session"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_refuses_options_is_noticed() {
    in_transaction_mode("", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_ignores_options_is_noticed() {
    in_transaction_mode("ignore_startup_parameters = options", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_the_url_names() {
    in_transaction_mode("", "&pgbouncer=true&connection_limit=40").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_that_a_pooler_ignores_are_refused() {
    let Some(database) = Database::new().await else {
        return;
    };
    for (settings, words) in [
        ("", "options"),
        (
            "ignore_startup_parameters = options",
            "`schema` names the schema",
        ),
    ] {
        let Some(bouncer) = PgBouncer::start(database.server(), "transaction", settings).await
        else {
            return;
        };
        let url = format!("{}?options=-c%20search_path%3Dnowhere", bouncer.url());
        let error = Ledger::open(&url).await.unwrap_err();
        assert_eq!(error.code().as_str(), "store_unavailable");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_mode() {
    let Some(database) = Database::new().await else {
        return;
    };
    let Some(bouncer) = PgBouncer::start(database.server(), "session", "").await else {
        return;
    };
    let url = database.by(bouncer.url(), "&pool_size=2");
    let bot = Bot::open(&url).await.unwrap();
    answers_each_once(&bot).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statement_mode_is_refused() {
    let Some(database) = Database::new().await else {
        return;
    };
    let Some(bouncer) = PgBouncer::start(database.server(), "statement", "").await else {
        return;
    };
    let url = database.by(bouncer.url(), "");
    let error = Ledger::open(&url).await.unwrap_err();
    assert_eq!(error.code().as_str(), "store_unavailable");
    let words = error.to_string();
    assert!(words.contains("statement pooling mode"), "{words}");
    assert!(
        words.contains("`pool_mode` is `transaction` or `session`"),
        "{words}"
    );
    let bot = Bot::later(&url).await.unwrap();
    assert_eq!(bot.receive(1).await.status, 503);
    assert_eq!(bot.posts(1), 0);
}

/// Writes down the settings that each change of the ledger is made with.
const WITNESS: &str = "
    CREATE TABLE seen (settings text);
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        EXECUTE format('INSERT INTO %I.seen VALUES ($1)', TG_TABLE_SCHEMA) USING
            concat_ws(' ', current_setting('synchronous_commit'),
                current_setting('transaction_isolation'), current_setting('transaction_read_only'),
                current_setting('statement_timeout'));
        RETURN NULL; END $$;
    CREATE TRIGGER witness AFTER INSERT OR UPDATE ON backchat_ledger
        FOR EACH ROW EXECUTE FUNCTION witness();";

async fn witnessed(database: &Database) -> Vec<String> {
    database.texts("SELECT DISTINCT settings FROM seen").await
}

/// Relaxes all that an owner can relax for a role.
async fn relaxed_role(database: &Database) -> String {
    let role = database.role("SUPERUSER").await;
    database
        .run(&format!(
            "ALTER ROLE {role} SET synchronous_commit = off;
             ALTER ROLE {role} SET default_transaction_isolation = serializable;
             ALTER ROLE {role} SET default_transaction_read_only = on;
             ALTER ROLE {role} SET statement_timeout = '1h';
             ALTER ROLE {role} SET enable_seqscan = on"
        ))
        .await;
    role
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_hold_whatever_the_role_or_another_application_has_set() {
    let Some(database) = Database::new().await else {
        return;
    };
    let role = relaxed_role(&database).await;
    let direct = database.url_of(&role, "");
    drop(Ledger::open(&direct).await.unwrap());
    database.run(WITNESS).await;
    let expected = ["on read committed off 2s"];
    for url in [direct.clone(), format!("{direct}&pgbouncer=true")] {
        database
            .run("DELETE FROM backchat_ledger; DELETE FROM seen")
            .await;
        answers_each_once(&Bot::open(&url).await.unwrap()).await;
        assert_eq!(witnessed(&database).await, expected, "{url}");
    }
    let server = direct.split_once('?').unwrap().0.to_owned();
    let Some(bouncer) = PgBouncer::start(&server, "transaction", "").await else {
        return;
    };
    // Left behind in both sessions by an application that does not know better.
    let (one, other) = (connect(bouncer.url()).await, connect(bouncer.url()).await);
    for client in [&one, &other] {
        client
            .batch_execute("BEGIN; SET LOCAL statement_timeout = 0")
            .await
            .unwrap();
    }
    for client in [&one, &other] {
        client
            .batch_execute(
                "SET search_path = pg_catalog; SET synchronous_commit = off;
                 SET default_transaction_isolation = 'repeatable read'; SET lock_timeout = '1ms';
                 COMMIT",
            )
            .await
            .unwrap();
    }
    database
        .run("DELETE FROM backchat_ledger; DELETE FROM seen")
        .await;
    let url = database.by(bouncer.url(), "");
    answers_each_once(&Bot::open(&url).await.unwrap()).await;
    assert_eq!(witnessed(&database).await, expected);
}

/// A pooler that replays the startup message in another session would look like a session of our own,
/// but for the prepared statements.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prepared_statements_that_vanish_are_done_without() {
    let Some(database) = Database::new().await else {
        return;
    };
    let bot = Bot::open(&database.url("&pool_size=1")).await.unwrap();
    assert_eq!(bot.receive(1).await.status, 200);
    database
        .run(
            "CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN DEALLOCATE ALL; RETURN NULL; END $$;
             CREATE TRIGGER vanish AFTER INSERT ON backchat_ledger
                 FOR EACH STATEMENT EXECUTE FUNCTION vanish()",
        )
        .await;
    for number in 2..6 {
        assert_eq!(
            bot.receive(number).await.status,
            200,
            "{:?}",
            bot.failures()
        );
        assert_eq!(bot.posts(number), 1);
    }
}
