//! `postgres://user:password@host/database?sslmode=…`: where, and how safely.

use std::time::Duration;

use backchat_core::{Error, StoreError};
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use url::form_urlencoded;

use super::tls::{self, Trust};

/// A database that does not answer must give a 503 soon: Prelude waits 10 s.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many sessions one process has at most, unless the URL says so. They are what commits at the
/// same time share a wait for the disk with: more of them, more messages a second.
const SESSIONS: usize = 16;

/// Settings of every session. Most are the server's defaults, but an owner may have relaxed them.
///
/// A session keeps the plan that it made for a statement; made on a small table, that plan may be
/// to read all of it, and the table grows. Every row is reached through an index, so it is told to
/// use one. Compiling a statement takes longer than any of these may run.
const SETTINGS: &str = "
    SET synchronous_commit = on;
    SET default_transaction_isolation = 'read committed';
    SET statement_timeout = '2s';
    SET enable_seqscan = off;
    SET jit = off;
    SET client_min_messages = warning";

/// Where the database is. It holds the password: no `Debug`.
pub(super) struct Address {
    config: Config,
    tls: Option<Trust>,
    sessions: usize,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let refused = |why: &str| Error::configuration("store", why);
        let ours = Ours::take(url);
        let sessions = match ours.pool_size.as_deref().map(str::parse) {
            None => SESSIONS,
            Some(Ok(size)) if size > 0 => size,
            Some(_) => return Err(refused("`pool_size` is a number, at least 1")),
        };
        let mut config: Config = ours
            .rest
            .parse()
            .map_err(|_| refused("not a Postgres URL: postgres://user:password@host/database"))?;
        let tls = match ours.sslmode.as_deref() {
            Some("disable") => None,
            None | Some("allow" | "prefer") => Some(Trust::Anyone),
            Some("require" | "verify-ca" | "verify-full") => Some(match ours.sslrootcert {
                Some(path) => Trust::File(path),
                None => Trust::Platform,
            }),
            Some(_) => {
                return Err(refused(
                    "`sslmode` is one of disable, prefer, require, verify-full",
                ));
            }
        };
        config.ssl_mode(match &tls {
            None => SslMode::Disable,
            Some(Trust::Anyone) => SslMode::Prefer,
            Some(_) => SslMode::Require,
        });
        config.connect_timeout(PATIENCE);
        if config.get_application_name().is_none() {
            config.application_name("backchat");
        }
        Ok(Self {
            config,
            tls,
            sessions,
        })
    }

    /// Sessions that are opened when they are needed.
    pub(super) fn pool(&self) -> Result<Pool, StoreError> {
        let config = self.config.clone();
        let manage = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = match &self.tls {
            None => Manager::from_config(config, NoTls, manage),
            Some(trust) => Manager::from_config(config, tls::connector(trust)?, manage),
        };
        let settle_in = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move {
                let set = client.batch_execute(SETTINGS).await;
                set.map_err(HookError::Backend)
            })
        });
        Pool::builder(manager)
            .max_size(self.sessions)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .post_create(settle_in)
            .build()
            .map_err(|e| StoreError::caused_by("no pool of sessions", e))
    }
}

/// What the driver knows half of or not at all, and the rest of the URL.
#[derive(Default)]
struct Ours {
    rest: String,
    sslmode: Option<String>,
    sslrootcert: Option<String>,
    pool_size: Option<String>,
}

impl Ours {
    fn take(url: &str) -> Self {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut ours, mut rest) = (Self::default(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let value = || {
                let mut parsed = form_urlencoded::parse(pair.as_bytes());
                parsed.next().map(|(_, value)| value.into_owned())
            };
            match pair.split_once('=').map_or(pair, |(name, _)| name) {
                "sslmode" => ours.sslmode = value(),
                "sslrootcert" => ours.sslrootcert = value(),
                "pool_size" => ours.pool_size = value(),
                _ => rest.push(pair),
            }
        }
        ours.rest = if rest.is_empty() {
            place.to_owned()
        } else {
            format!("{place}?{}", rest.join("&"))
        };
        ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_taken_out_of_the_url() {
        let ours = Ours::take(
            "postgres://h/d?sslmode=verify-full&host=%2Frun&sslrootcert=%2Fca.pem&pool_size=4",
        );
        assert_eq!(ours.rest, "postgres://h/d?host=%2Frun");
        assert_eq!(ours.sslmode.as_deref(), Some("verify-full"));
        assert_eq!(ours.sslrootcert.as_deref(), Some("/ca.pem"));
        assert_eq!(ours.pool_size.as_deref(), Some("4"));
        assert_eq!(Ours::take("postgres://h/d").rest, "postgres://h/d");
    }

    #[test]
    fn modes() {
        for (query, expected) in [
            ("", SslMode::Prefer),
            ("?sslmode=prefer", SslMode::Prefer),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=require", SslMode::Require),
            ("?sslmode=verify-full", SslMode::Require),
        ] {
            let address = Address::parse(&format!("postgres://u@h/d{query}")).unwrap();
            assert_eq!(address.config.get_ssl_mode(), expected, "{query}");
        }
        for bad in [
            "postgres://h/d?sslmode=maybe",
            "postgres://h/d?colour=red",
            "postgres://h/d?pool_size=0",
        ] {
            let error = Address::parse(bad).err().unwrap();
            assert_eq!(error.code().as_str(), "configuration", "{bad}");
        }
    }

    #[test]
    fn an_error_does_not_show_the_password() {
        let error = Address::parse("postgres://u:s3cret@h:port/d")
            .err()
            .unwrap();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}
