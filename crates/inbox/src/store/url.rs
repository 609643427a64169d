//! A store is named by a URL: none, `sqlite:inbox.db`, `postgres://…`.

use std::sync::Arc;

use backchat_core::Error;

use super::{MemoryStore, Store};

/// Opens the store that `url` names.
pub(crate) async fn open(url: &str) -> Result<Arc<dyn Store>, Error> {
    match parse(url)? {
        Place::Memory => Ok(Arc::new(MemoryStore::new())),
        #[cfg(feature = "sqlite")]
        Place::Sqlite(path) => Ok(Arc::new(super::SqliteStore::open(path).await?)),
        #[cfg(not(feature = "sqlite"))]
        Place::Sqlite(_) => Err(missing("sqlite")),
        #[cfg(feature = "postgres")]
        Place::Postgres(url) => Ok(Arc::new(super::PostgresStore::open(url).await?)),
        #[cfg(not(feature = "postgres"))]
        Place::Postgres(_) => Err(missing("postgres")),
    }
}

/// A store that connects with its first operation, if `url` names one that can; `None` for one that
/// [`open`] opens. Raises `configuration` for a URL that names no store of this build.
pub(crate) fn later(url: &str) -> Result<Option<Arc<dyn Store>>, Error> {
    match parse(url)? {
        #[cfg(not(feature = "sqlite"))]
        Place::Sqlite(_) => Err(missing("sqlite")),
        #[cfg(feature = "postgres")]
        Place::Postgres(url) => Ok(Some(Arc::new(super::PostgresStore::later(url)?))),
        #[cfg(not(feature = "postgres"))]
        Place::Postgres(_) => Err(missing("postgres")),
        _ => Ok(None),
    }
}

/// The SQL that makes the tables of the ledger that `url` names, or brings them from version `from` up
/// to date: for an owner to run, so that the application needs no right to. Connects to nothing.
///
/// Raises `configuration` for a URL that names no store of this build, or one without tables, and for
/// a version that this Backchat does not know.
pub fn schema(url: &str, from: u32) -> Result<String, Error> {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let sql = match parse(url)? {
        Place::Memory => {
            return Err(Error::configuration(
                "store",
                "a ledger in memory has no tables",
            ));
        }
        #[cfg(feature = "sqlite")]
        Place::Sqlite(_) => super::sqlite::ddl(from),
        #[cfg(not(feature = "sqlite"))]
        Place::Sqlite(_) => return Err(missing("sqlite")),
        #[cfg(feature = "postgres")]
        Place::Postgres(url) => super::PostgresStore::ddl(url, from)?,
        #[cfg(not(feature = "postgres"))]
        Place::Postgres(_) => return Err(missing("postgres")),
    };
    sql.ok_or_else(|| Error::configuration("from", "this Backchat knows no such version"))
}

#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
fn missing(feature: &str) -> Error {
    Error::configuration(
        "store",
        format!("this build has no such store: enable the feature `{feature}` of backchat-inbox"),
    )
}

#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    Memory,
    Sqlite(&'a str),
    Postgres(&'a str),
}

fn parse(url: &str) -> Result<Place<'_>, Error> {
    let refused = |why: &str| Err(Error::configuration("store", why));
    if matches!(url, "memory" | "memory:" | "memory://") {
        return Ok(Place::Memory);
    }
    if let Some(rest) = url.strip_prefix("sqlite:") {
        // `sqlite:///inbox.db` is a relative path and `sqlite:////inbox.db` an absolute one, as
        // Python people write it; `sqlite:inbox.db` and `sqlite:/inbox.db` mean what they say.
        let path = match rest.strip_prefix("//") {
            None => rest,
            Some(rest) => match rest.strip_prefix('/') {
                Some(path) => path,
                None if rest.is_empty() => "",
                None => {
                    return refused(
                        "`sqlite://` takes no host: write `sqlite:inbox.db`, or `sqlite:////srv/inbox.db`",
                    );
                }
            },
        };
        return match path {
            "" | ":memory:" => refused(
                "SQLite in memory would lose the ledger: name a file, or leave the store out",
            ),
            path if path.contains('?') => refused("a SQLite store takes no options in its URL"),
            path => Ok(Place::Sqlite(path)),
        };
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Place::Postgres(url));
    }
    if let Some((scheme, _)) = url.split_once("://")
        && (scheme.starts_with("postgres") || scheme.ends_with("postgresql"))
    {
        return refused("the scheme is that of another driver: write `postgres://`");
    }
    refused("write `memory:`, `sqlite:inbox.db` or `postgres://user@host/database`")
}

#[cfg(test)]
mod tests {
    use super::{Place, parse};

    #[test]
    fn places() {
        for (url, place) in [
            ("memory:", Place::Memory),
            ("sqlite:inbox.db", Place::Sqlite("inbox.db")),
            ("sqlite:data/inbox.db", Place::Sqlite("data/inbox.db")),
            ("sqlite:/srv/inbox.db", Place::Sqlite("/srv/inbox.db")),
            ("sqlite:///inbox.db", Place::Sqlite("inbox.db")),
            ("sqlite:////srv/inbox.db", Place::Sqlite("/srv/inbox.db")),
            ("postgres://h/d", Place::Postgres("postgres://h/d")),
            ("postgresql://h/d", Place::Postgres("postgresql://h/d")),
        ] {
            assert_eq!(parse(url).unwrap(), place, "{url}");
        }
    }

    #[test]
    fn refusals() {
        for url in [
            "",
            " ",
            "sqlite:",
            "sqlite://",
            "sqlite:///",
            "sqlite::memory:",
            "sqlite:///:memory:",
            "sqlite://inbox.db",
            "sqlite:inbox.db?mode=ro",
            "mysql://h/d",
            "postgresql+asyncpg://h/d",
            "jdbc:postgresql://h/d",
            "host=h dbname=d",
            "inbox.db",
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.code().as_str(), "configuration", "{url}");
        }
    }
}
