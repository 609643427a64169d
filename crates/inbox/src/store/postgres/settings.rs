//! The settings that every statement runs with, also where an owner has relaxed the server's.
//!
//! Nothing is ever `SET` for a session: a pooler would hand the session, and the setting, to another
//! application. The settings are part of the startup message, which a pooler must refuse, ignore or
//! honour for this client alone; or they are `SET LOCAL`, and end with the transaction.

use std::fmt::Write as _;
use std::time::Duration;

/// Every row is reached through an index, but a plan made while the table is small may be to read all
/// of it, and a session keeps its plans while the table grows. Compiling a statement takes longer than
/// any of them may run.
const SETTINGS: &[(&str, &str)] = &[
    ("synchronous_commit", "on"),
    ("enable_seqscan", "off"),
    ("jit", "off"),
    ("client_min_messages", "warning"),
];

/// The longest that the server works on one statement of a message.
pub(super) const STATEMENT: Duration = Duration::from_secs(2);

/// The longest that the server keeps a transaction whose client has gone silent.
const IDLE: Duration = Duration::from_secs(2);

/// The setting that tells this connection's own session from another one.
pub(super) const MARK: &str = "backchat.session";

/// The `options` of the startup message: those of the URL, then ours, which win.
pub(super) fn options(given: Option<&str>, schema: Option<&str>, mark: &str) -> String {
    let timeout = STATEMENT.as_millis().to_string();
    let mut settings = SETTINGS.to_vec();
    settings.extend([
        ("statement_timeout", timeout.as_str()),
        ("default_transaction_isolation", "read committed"),
        ("default_transaction_read_only", "off"),
        (MARK, mark),
    ]);
    let path = schema.map(identifier);
    settings.extend(path.as_deref().map(|path| ("search_path", path)));
    let mut options = given.map(str::to_owned).unwrap_or_default();
    for (name, value) in settings {
        let escaped = value.replace('\\', "\\\\").replace(' ', "\\ ");
        let _infallible = write!(options, " -c {name}={escaped}");
    }
    options.trim_start().to_owned()
}

/// The start of a transaction. A `long` one may read every row, or change the tables.
pub(super) fn begin(schema: Option<&str>, long: Option<Duration>) -> String {
    // What the session's start gave, not what somebody else left behind.
    let path = schema.map_or_else(|| "DEFAULT".to_owned(), identifier);
    let mut sql = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL search_path TO {path}; \
         SET LOCAL statement_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = {}",
        long.unwrap_or(STATEMENT).as_millis(),
        IDLE.as_millis(),
    );
    for (name, value) in SETTINGS {
        let value = if *name == "enable_seqscan" && long.is_some() {
            "on"
        } else {
            value
        };
        let _infallible = write!(sql, "; SET LOCAL {name} = {value}");
    }
    sql
}

/// A name as SQL writes it.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_escaped_and_ours_come_last() {
        let options = options(Some("-c work_mem=1MB"), Some("My \"Schema\\"), "m");
        assert!(options.starts_with("-c work_mem=1MB -c synchronous_commit=on"));
        assert!(options.contains(" -c default_transaction_isolation=read\\ committed "));
        assert!(options.contains(" -c backchat.session=m"));
        assert!(options.ends_with(" -c search_path=\"My\\ \"\"Schema\\\\\""));
    }

    #[test]
    fn a_transaction_sets_nothing_that_outlives_it() {
        let long = Some(Duration::from_mins(1));
        for sql in [begin(None, None), begin(Some("s"), None), begin(None, long)] {
            let mut parts = sql.split("; ");
            let first = parts.next().unwrap();
            assert_eq!(first, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
            assert!(parts.all(|part| part.starts_with("SET LOCAL ")), "{sql}");
        }
    }
}
