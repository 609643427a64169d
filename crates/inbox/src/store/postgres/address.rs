//! `postgres://user:password@host/database?sslmode=…`: the hosts, and how to reach them.

use std::net::IpAddr;
use std::path::PathBuf;

use backchat_core::Error;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::encryption;
use super::parameters::{Parameters, refused};

/// The most sessions that one process opens, unless the URL says so. Commits at the same time share
/// one wait for the disk, so more sessions give more messages a second.
const SESSIONS: usize = 16;

/// Where the database is. It holds the password: no `Debug`.
pub(super) struct Address {
    pub(super) targets: Vec<Target>,
    pub(super) tls: Option<MakeRustlsConnect>,
    pub(super) sessions: usize,
    /// The schema that holds the tables. Without one: the first of the role's search path.
    pub(super) schema: Option<String>,
    /// The URL says that it leads to a pooler which shares sessions.
    pub(super) pooler: bool,
    pub(super) random_order: bool,
}

/// One of the hosts, tried one after another.
pub(super) struct Target {
    /// For errors: `db.example.com:5432`.
    pub(super) name: String,
    pub(super) place: Place,
    /// All that is known but the address.
    pub(super) config: Config,
    pub(super) port: u16,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A name to look up.
    Name(String),
    Ip(IpAddr),
    /// The directory of a Unix socket.
    Socket(PathBuf),
}

impl Address {
    /// Reads a URL, and the files that it names. Raises `configuration`.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let (before, query) = url.split_once('?').unwrap_or((url, ""));
        check_places(before)?;
        let parsed: Config = before
            .parse()
            .map_err(|_| no_url("the port is no number"))?;
        let mut base = Config::new();
        if let Some(user) = parsed.get_user() {
            base.user(user);
        }
        if let Some(password) = parsed.get_password() {
            base.password(password);
        }
        if let Some(name) = parsed.get_dbname() {
            base.dbname(name);
        }
        let parameters = Parameters::parse(query, &mut base)?;
        if base.get_application_name().is_none() {
            base.application_name("backchat");
        }
        let tls = encryption::of(&parameters, &mut base)?;
        if parameters.pooler && base.get_options().is_some() {
            return Err(refused(
                "options",
                "do not pass through a pooler: leave them out; `schema` names the schema",
            ));
        }
        Ok(Self {
            targets: targets(&parameters, &parsed, &base)?,
            tls: tls.map(|tls| tls.connector()).transpose()?,
            sessions: parameters.sessions.unwrap_or(SESSIONS),
            schema: parameters.schema,
            pooler: parameters.pooler,
            random_order: parameters.random_order,
        })
    }
}

/// Refuses a URL whose parts a special character in the password has shifted: parts of the password
/// would be taken, and shown, for a host or a database.
fn check_places(before_query: &str) -> Result<(), Error> {
    let rest = before_query.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.matches('@').count() > 1 || database.contains(['@', '/']) {
        return Err(no_url("a part holds a character that separates parts"));
    }
    Ok(())
}

fn no_url(why: &str) -> Error {
    let why = format!(
        "not a Postgres URL ({why}): write postgres://user:password@host:5432/database, and in \
         user and password `%40` for `@`, `%3A` for `:`, `%2F` for `/`, `%3F` for `?`, `%23` for \
         `#`, `%25` for `%`"
    );
    Error::configuration("store", why)
}

fn targets(parameters: &Parameters, parsed: &Config, base: &Config) -> Result<Vec<Target>, Error> {
    let mut hosts = parsed.get_hosts().to_vec();
    if !parameters.hosts.is_empty() {
        let mut given = Config::new();
        for host in &parameters.hosts {
            given.host(host);
        }
        hosts = given.get_hosts().to_vec();
    }
    let ports = match parameters.ports.as_slice() {
        [] => parsed.get_ports(),
        ports => ports,
    };
    let addresses = &parameters.addresses;
    let count = hosts.len().max(addresses.len());
    if count == 0 {
        return Err(no_url("it names no host"));
    }
    if !addresses.is_empty() && !hosts.is_empty() && addresses.len() != hosts.len() {
        return Err(refused(
            "hostaddr",
            "lists another number of addresses than there are hosts",
        ));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(refused(
            "port",
            "lists another number of ports than there are hosts",
        ));
    }
    (0..count)
        .map(|n| {
            let port = *ports.get(n).or(ports.first()).unwrap_or(&5432);
            target(base.clone(), hosts.get(n), addresses.get(n), port)
        })
        .collect()
}

fn target(
    mut config: Config,
    host: Option<&Host>,
    address: Option<&IpAddr>,
    port: u16,
) -> Result<Target, Error> {
    config.port(port);
    let (name, place) = match (host, address) {
        #[cfg(unix)]
        (Some(Host::Unix(directory)), _) => {
            config.host_path(directory);
            let socket = directory.join(format!(".s.PGSQL.{port}"));
            (
                socket.display().to_string(),
                Place::Socket(directory.clone()),
            )
        }
        (Some(Host::Tcp(host)), address) => {
            let plain = |c: char| c.is_alphanumeric() || ".-_:%".contains(c);
            if host.is_empty() || !host.chars().all(plain) {
                return Err(no_url(
                    "the host has a character that no name of a host has",
                ));
            }
            config.host(host);
            let ip = address.copied().or_else(|| host.parse().ok());
            let place = ip.map_or_else(|| Place::Name(host.clone()), Place::Ip);
            (shown(host, port), place)
        }
        (None, Some(address)) => {
            config.host(address.to_string());
            (shown(&address.to_string(), port), Place::Ip(*address))
        }
        (None, None) => return Err(no_url("it names no host")),
    };
    Ok(Target {
        name,
        place,
        config,
        port,
    })
}

fn shown(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(url: &str) -> Vec<(String, Place)> {
        let targets = Address::parse(url).unwrap().targets;
        targets.into_iter().map(|t| (t.name, t.place)).collect()
    }

    fn words(url: &str) -> String {
        let error = Address::parse(url).err().unwrap();
        assert_eq!(error.code().as_str(), "configuration", "{url}");
        format!("{error} {error:?}")
    }

    #[test]
    fn hosts() {
        let name = |host: &str| Place::Name(host.into());
        let ip = |ip: &str| Place::Ip(ip.parse().unwrap());
        for (url, expected) in [
            ("postgres://h/d", vec![("h:5432", name("h"))]),
            ("postgresql://u:p@h:6543/d", vec![("h:6543", name("h"))]),
            (
                "postgres://127.0.0.1/d",
                vec![("127.0.0.1:5432", ip("127.0.0.1"))],
            ),
            ("postgres://[::1]:7/d", vec![("[::1]:7", ip("::1"))]),
            (
                "postgres://a:1,b:2/d",
                vec![("a:1", name("a")), ("b:2", name("b"))],
            ),
            (
                "postgres://a,b/d?port=7",
                vec![("a:7", name("a")), ("b:7", name("b"))],
            ),
            ("postgres://h/d?hostaddr=::1", vec![("h:5432", ip("::1"))]),
            (
                "postgres:///d?hostaddr=::1",
                vec![("[::1]:5432", ip("::1"))],
            ),
            (
                "postgres://localhost/d?host=db",
                vec![("db:5432", name("db"))],
            ),
            (
                "postgres:///d?host=/run/pg",
                vec![("/run/pg/.s.PGSQL.5432", Place::Socket("/run/pg".into()))],
            ),
            (
                "postgres://%2Frun/d",
                vec![("/run/.s.PGSQL.5432", Place::Socket("/run".into()))],
            ),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(name, place)| (name.to_owned(), place))
                .collect();
            assert_eq!(places(url), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_says_what_to_write() {
        for url in [
            "postgres://u:s3cret@h:port/d",
            "postgres://u:s3cret/@h/d",
            "postgres://u:123/s3cret@h/d",
            "postgres://u:s3@cret@h/d",
            "postgres://u:s3cret h/d",
            "postgres://u:1?s3cret@h/d",
            "postgres:///d",
            "postgres://a,b/d?port=1,2,3",
            "postgres://a,b/d?hostaddr=::1",
            "postgres://[::1/d",
        ] {
            let words = words(url);
            assert!(!words.contains("s3"), "{words}");
            assert!(!words.contains("cret"), "{words}");
        }
        let words = words("postgres://u:p@h:port/d");
        assert!(words.contains("postgres://user:password@host:5432/database"));
    }

    #[test]
    fn defaults_and_what_replaces_them() {
        let address = Address::parse("postgres://u:p@h/d").unwrap();
        assert_eq!((address.sessions, address.pooler), (SESSIONS, false));
        let config = &address.targets[0].config;
        assert_eq!(config.get_user(), Some("u"));
        assert_eq!(config.get_password(), Some(b"p".as_slice()));
        assert_eq!(config.get_dbname(), Some("d"));
        assert_eq!(config.get_application_name(), Some("backchat"));
        let url = "postgres://u:p@h/d?user=v&password=q%26&dbname=e&application_name=mine";
        let config = &Address::parse(url).unwrap().targets[0].config;
        assert_eq!(config.get_user(), Some("v"));
        assert_eq!(config.get_password(), Some(b"q&".as_slice()));
        assert_eq!(config.get_dbname(), Some("e"));
        assert_eq!(config.get_application_name(), Some("mine"));
    }

    #[test]
    fn a_pooler_passes_no_options() {
        assert!(words("postgres://h/d?pgbouncer=true&options=-cjit%3Doff").contains("`options`"));
    }
}
