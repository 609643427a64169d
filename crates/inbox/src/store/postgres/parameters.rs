//! The parameters of a Postgres URL: those of libpq, and those that other drivers' URLs carry.

use std::net::IpAddr;
use std::time::Duration;

use backchat_core::Error;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, TargetSessionAttrs};
use url::form_urlencoded;

/// What the parameters say beyond what [`Config`] holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    /// Hosts or directories of Unix sockets; they replace those before the `?`.
    pub(super) hosts: Vec<String>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) ports: Vec<u16>,
    pub(super) sslmode: Option<String>,
    pub(super) ssl: Option<String>,
    pub(super) root_certificate: Option<String>,
    pub(super) certificate: Option<String>,
    pub(super) key: Option<String>,
    pub(super) direct_tls: bool,
    pub(super) schema: Option<String>,
    pub(super) sessions: Option<usize>,
    /// The URL leads to a pooler that shares sessions.
    pub(super) pooler: bool,
    pub(super) random_order: bool,
}

impl Parameters {
    /// Reads `query`, the part after the `?`. What the driver knows goes into `config`.
    pub(super) fn parse(query: &str, config: &mut Config) -> Result<Self, Error> {
        let (mut parameters, mut seen) = (Self::default(), Vec::<String>::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            // Here a plus is a plus, as in libpq.
            let pair = pair.replace('+', "%2B");
            let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
                continue;
            };
            if !is_name(&name) {
                // The rest of a password, say: it is not shown.
                return Err(Error::configuration(
                    "store",
                    "the URL's part after the `?` holds something that is no parameter; a `?` or \
                     `&` in the password is written `%3F` or `%26`",
                ));
            }
            if seen.iter().any(|before| *before == name) {
                return Err(refused(&name, "is given twice: leave one out"));
            }
            parameters.set(&name, &value, config)?;
            seen.push(name.into_owned());
        }
        Ok(parameters)
    }

    fn set(&mut self, name: &str, value: &str, config: &mut Config) -> Result<(), Error> {
        match name {
            "user" => drop(config.user(value)),
            "password" => drop(config.password(value)),
            "dbname" => drop(config.dbname(value)),
            "host" => self.hosts = value.split(',').map(str::to_owned).collect(),
            "hostaddr" => self.addresses = list(name, value)?,
            "port" => self.ports = list(name, value)?,
            "sslmode" => self.sslmode = Some(value.to_owned()),
            "ssl" => self.ssl = Some(value.to_owned()),
            "sslrootcert" => self.root_certificate = Some(value.to_owned()),
            "sslcert" => self.certificate = Some(value.to_owned()),
            "sslkey" => self.key = Some(value.to_owned()),
            "sslnegotiation" => {
                self.direct_tls = one_of(name, value, &[("postgres", false), ("direct", true)])?;
            }
            "schema" if value.is_empty() => return Err(refused(name, "names no schema")),
            "schema" => self.schema = Some(value.to_owned()),
            "pool_size" | "connection_limit" => self.sessions = Some(sessions(name, value)?),
            "pgbouncer" => self.pooler |= one_of(name, value, &[("true", true), ("false", false)])?,
            // Supabase's mark of a URL of its pooler.
            "supa" => self.pooler = true,
            // Other drivers are told so to prepare nothing, because of a pooler.
            "statement_cache_size" if value == "0" => self.pooler = true,
            "load_balance_hosts" => {
                self.random_order = one_of(name, value, &[("disable", false), ("random", true)])?;
                config.load_balance_hosts(if self.random_order {
                    LoadBalanceHosts::Random
                } else {
                    LoadBalanceHosts::Disable
                });
            }
            _ => return set_in_driver(name, value, config),
        }
        Ok(())
    }
}

/// The parameters that the driver acts on by itself.
fn set_in_driver(name: &str, value: &str, config: &mut Config) -> Result<(), Error> {
    match name {
        "application_name" => drop(config.application_name(value)),
        "fallback_application_name" => {
            if config.get_application_name().is_none() {
                config.application_name(value);
            }
        }
        "options" => drop(config.options(value)),
        "channel_binding" => {
            let known = [
                ("disable", ChannelBinding::Disable),
                ("prefer", ChannelBinding::Prefer),
                ("require", ChannelBinding::Require),
            ];
            config.channel_binding(one_of(name, value, &known)?);
        }
        "target_session_attrs" => {
            let known = [
                ("any", TargetSessionAttrs::Any),
                ("read-write", TargetSessionAttrs::ReadWrite),
                ("primary", TargetSessionAttrs::ReadWrite),
            ];
            config.target_session_attrs(one_of(name, value, &known).map_err(|_| {
                refused(
                    name,
                    "is `any`, `read-write` or `primary`: a ledger is written to",
                )
            })?);
        }
        "connect_timeout" => {
            let seconds: u64 = number(name, value)?;
            if seconds > 0 {
                config.connect_timeout(Duration::from_secs(seconds));
            }
        }
        "tcp_user_timeout" => {
            config.tcp_user_timeout(Duration::from_millis(number(name, value)?));
        }
        "keepalives" => drop(config.keepalives(number::<u32>(name, value)? != 0)),
        "keepalives_idle" => {
            config.keepalives_idle(Duration::from_secs(number(name, value)?));
        }
        "keepalives_interval" => {
            config.keepalives_interval(Duration::from_secs(number(name, value)?));
        }
        "keepalives_count" | "keepalives_retries" => {
            config.keepalives_retries(number(name, value)?);
        }
        "gssencmode" => {
            one_of(name, value, &[("disable", ()), ("prefer", ())]).map_err(|_| {
                refused(
                    name,
                    "is `disable` or `prefer`: there is TLS, and no GSSAPI",
                )
            })?;
        }
        "client_encoding" => {
            let utf8 = ["utf8", "utf-8", "unicode", "auto"];
            if !utf8.contains(&value.to_ascii_lowercase().as_str()) {
                return Err(refused(name, "is always UTF8: leave it out"));
            }
        }
        _ => return Err(unknown(name)),
    }
    Ok(())
}

/// Why a parameter that others know has no meaning here, and what to write instead.
fn unknown(name: &str) -> Error {
    let why = match name {
        "currentSchema" | "search_path" | "schema_search_path" => "has another name here: `schema`",
        "pool" | "max" | "max_pool_size" | "maxPoolSize" | "poolSize" => {
            "has another name here: `pool_size`"
        }
        "pool_timeout" | "socket_timeout" | "socketTimeout" | "command_timeout"
        | "query_timeout" | "statement_timeout" | "loginTimeout" | "connectTimeout" => {
            "cannot be set: a call waits for the database for 4 s at most, for a session of the pool \
             too; leave it out"
        }
        "statement_cache_size"
        | "prepared_statement_cache_size"
        | "prepareThreshold"
        | "prepared_statements" => {
            "cannot be set: statements are prepared unless the URL leads to a pooler; leave it out, or \
             write `pgbouncer=true`"
        }
        "sslaccept" => "has another form here: `sslmode=verify-full` or `sslmode=no-verify`",
        "requiressl" => "has another form here: `sslmode=require`",
        "sslidentity" => "has another form here: `sslcert` and `sslkey`, files in PEM",
        "sslpassword" => "cannot be used: write the key in `sslkey` without a password",
        "passfile" | "service" | "servicefile" => {
            "is not read: name host, user, password and database in the URL"
        }
        _ => "is no parameter that this store knows: leave it out",
    };
    refused(name, why)
}

pub(super) fn refused(name: &str, why: &str) -> Error {
    Error::configuration("store", format!("the URL's `{name}` {why}"))
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (1..=63).contains(&name.len()) && name.chars().all(plain)
}

fn one_of<T: Copy>(name: &str, value: &str, known: &[(&str, T)]) -> Result<T, Error> {
    let found = known.iter().find(|(word, _)| *word == value);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<_> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
        refused(name, &format!("is one of {}", words.join(", ")))
    })
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Error> {
    let parsed = value.parse();
    parsed.map_err(|_| refused(name, "is a whole number, 0 or more"))
}

fn sessions(name: &str, value: &str) -> Result<usize, Error> {
    match value.parse() {
        Ok(count) if (1..=10_000).contains(&count) => Ok(count),
        _ => Err(refused(name, "is a number of sessions, 1 to 10000")),
    }
}

fn list<T: std::str::FromStr>(name: &str, value: &str) -> Result<Vec<T>, Error> {
    let items: Result<_, _> = value.split(',').map(str::parse).collect();
    items.map_err(|_| refused(name, "is a list with a part that cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<(Parameters, Config), Error> {
        let mut config = Config::new();
        Parameters::parse(query, &mut config).map(|parameters| (parameters, config))
    }

    #[test]
    fn parameters_of_the_driver() {
        let (parameters, config) = parse(
            "application_name=a+b%20c&options=-c%20work_mem%3D1MB&channel_binding=require\
             &target_session_attrs=primary&connect_timeout=2&tcp_user_timeout=1500&keepalives=1\
             &keepalives_idle=30&keepalives_interval=10&keepalives_count=3&gssencmode=disable\
             &client_encoding=UTF8&fallback_application_name=no",
        )
        .unwrap();
        assert_eq!(parameters, Parameters::default());
        assert_eq!(config.get_application_name(), Some("a+b c"));
        assert_eq!(config.get_options(), Some("-c work_mem=1MB"));
        assert_eq!(config.get_channel_binding(), ChannelBinding::Require);
        let attributes = config.get_target_session_attrs();
        assert_eq!(attributes, TargetSessionAttrs::ReadWrite);
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(2)));
        let user_timeout = Some(&Duration::from_millis(1500));
        assert_eq!(config.get_tcp_user_timeout(), user_timeout);
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(30));
        assert_eq!(config.get_keepalives_retries(), Some(3));
    }

    #[test]
    fn parameters_of_ours_and_of_other_drivers() {
        let (parameters, _) =
            parse("schema=My%20Schema&connection_limit=5&host=/run,b&port=1,2").unwrap();
        assert_eq!(parameters.schema.as_deref(), Some("My Schema"));
        assert_eq!(parameters.sessions, Some(5));
        assert_eq!(parameters.hosts, ["/run", "b"]);
        assert_eq!(parameters.ports, [1, 2]);
        for (query, pooler) in [
            ("", false),
            ("pgbouncer=true", true),
            ("pgbouncer=false", false),
            ("supa=base-pooler.x", true),
            ("statement_cache_size=0", true),
        ] {
            assert_eq!(parse(query).unwrap().0.pooler, pooler, "{query}");
        }
    }

    #[test]
    fn refusals_name_the_parameter_and_never_the_value() {
        for name in [
            "colour",
            "pool_timeout",
            "socket_timeout",
            "statement_cache_size",
            "sslpassword",
            "sslaccept",
            "currentSchema",
            "service",
            "replication",
            "pgbouncer",
            "gssencmode",
            "channel_binding",
            "target_session_attrs",
            "connect_timeout",
            "pool_size",
            "connection_limit",
            "port",
            "hostaddr",
            "sslnegotiation",
            "load_balance_hosts",
            "client_encoding",
            "keepalives",
        ] {
            let error = parse(&format!("{name}=s3cret")).err().unwrap();
            assert_eq!(error.code().as_str(), "configuration", "{name}");
            let words = format!("{error} {error:?}");
            assert!(words.contains(&format!("`{name}`")), "{words}");
            assert!(!words.contains("s3cret"), "{words}");
        }
        for bad in [
            "schema=",
            "pool_size=0",
            "pool_size=-1",
            "schema=a&schema=b",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_rest_of_a_password_is_not_shown() {
        let error = parse("s3cret@host/database").err().unwrap();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}
