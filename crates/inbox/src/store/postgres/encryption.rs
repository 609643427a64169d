//! `sslmode` and its kin: what a URL says about TLS.

use backchat_core::Error;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};

use super::parameters::{Parameters, refused};
use super::tls::{Tls, Trust};

/// What `sslmode` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Disable,
    /// TLS when the server offers it.
    Prefer,
    /// TLS with any server.
    Unverified,
    /// TLS with the server of this name.
    Verified,
}

/// Raises `configuration` for parameters that contradict each other.
pub(super) fn of(parameters: &Parameters, config: &mut Config) -> Result<Option<Tls>, Error> {
    let mode = mode(parameters)?;
    let identity = match (&parameters.certificate, &parameters.key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (None, Some(_)) => return Err(refused("sslkey", "needs `sslcert`, the certificate")),
        (Some(_), None) => return Err(refused("sslcert", "needs `sslkey`, the key")),
    };
    let root = parameters.root_certificate.as_deref();
    if mode == Mode::Disable {
        let binding = config.get_channel_binding() == ChannelBinding::Require;
        for (given, name) in [
            (root.is_some(), "sslrootcert"),
            (identity.is_some(), "sslcert"),
            (parameters.direct_tls, "sslnegotiation"),
            (binding, "channel_binding"),
        ] {
            if given {
                return Err(refused(name, "has no meaning without TLS: leave it out"));
            }
        }
        config.ssl_mode(SslMode::Disable);
        return Ok(None);
    }
    config.ssl_mode(match mode {
        Mode::Prefer => SslMode::Prefer,
        _ => SslMode::Require,
    });
    if parameters.direct_tls {
        if mode == Mode::Prefer {
            let why = "is `direct` only with `sslmode=require` or above";
            return Err(refused("sslnegotiation", why));
        }
        config.ssl_negotiation(SslNegotiation::Direct);
    }
    let trust = match root {
        Some(_) if mode == Mode::Unverified => {
            return Err(refused("sslrootcert", "contradicts `sslmode=no-verify`"));
        }
        Some("system") => Trust::Platform,
        Some(file) => Trust::File(file.to_owned()),
        None if mode == Mode::Verified => Trust::Platform,
        None => Trust::Anyone,
    };
    Ok(Some(Tls {
        trust,
        identity,
        direct: parameters.direct_tls,
    }))
}

fn mode(parameters: &Parameters) -> Result<Mode, Error> {
    let sslmode = parameters.sslmode.as_deref().map(|value| {
        named(value).ok_or_else(|| {
            let why = "is one of `disable`, `prefer`, `require`, `verify-full`, `no-verify`";
            refused("sslmode", why)
        })
    });
    // Other drivers write `ssl=true`, or a mode.
    let ssl = parameters.ssl.as_deref().map(|value| match value {
        "true" | "1" => Ok(Mode::Verified),
        "false" | "0" => Ok(Mode::Disable),
        value => named(value).ok_or_else(|| refused("ssl", "is `true` or `false`")),
    });
    match (sslmode.transpose()?, ssl.transpose()?) {
        (None, None) if parameters.root_certificate.is_some() => Ok(Mode::Verified),
        (None, None) => Ok(Mode::Prefer),
        (Some(mode), None) | (None, Some(mode)) => Ok(mode),
        (Some(Mode::Unverified), Some(Mode::Verified)) => Ok(Mode::Unverified),
        (Some(mode), Some(other)) if mode == other => Ok(mode),
        _ => Err(refused(
            "ssl",
            "contradicts `sslmode`: leave one of them out",
        )),
    }
}

fn named(mode: &str) -> Option<Mode> {
    Some(match mode {
        "disable" => Mode::Disable,
        "allow" | "prefer" => Mode::Prefer,
        "no-verify" => Mode::Unverified,
        "require" | "verify-ca" | "verify-full" => Mode::Verified,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<(Option<Tls>, SslMode), Error> {
        let mut config = Config::new();
        let parameters = Parameters::parse(query, &mut config)?;
        let tls = of(&parameters, &mut config)?;
        Ok((tls, config.get_ssl_mode()))
    }

    #[test]
    fn modes() {
        let file = || Trust::File("/ca.pem".into());
        for (query, trust, mode) in [
            ("", Some(Trust::Anyone), SslMode::Prefer),
            ("sslmode=allow", Some(Trust::Anyone), SslMode::Prefer),
            ("sslmode=prefer", Some(Trust::Anyone), SslMode::Prefer),
            ("sslmode=disable", None, SslMode::Disable),
            ("sslmode=no-verify", Some(Trust::Anyone), SslMode::Require),
            ("sslmode=require", Some(Trust::Platform), SslMode::Require),
            (
                "sslmode=verify-full",
                Some(Trust::Platform),
                SslMode::Require,
            ),
            ("ssl=true", Some(Trust::Platform), SslMode::Require),
            (
                "ssl=1&sslmode=require",
                Some(Trust::Platform),
                SslMode::Require,
            ),
            (
                "ssl=true&sslmode=no-verify",
                Some(Trust::Anyone),
                SslMode::Require,
            ),
            ("ssl=no-verify", Some(Trust::Anyone), SslMode::Require),
            ("ssl=require", Some(Trust::Platform), SslMode::Require),
            ("ssl=false", None, SslMode::Disable),
            ("ssl=0&sslmode=disable", None, SslMode::Disable),
            (
                "sslrootcert=system",
                Some(Trust::Platform),
                SslMode::Require,
            ),
            ("sslrootcert=/ca.pem", Some(file()), SslMode::Require),
            (
                "sslrootcert=/ca.pem&sslmode=prefer",
                Some(file()),
                SslMode::Prefer,
            ),
            (
                "sslrootcert=/ca.pem&sslmode=verify-ca",
                Some(file()),
                SslMode::Require,
            ),
        ] {
            let (tls, found) = parse(query).unwrap();
            assert_eq!((tls.map(|tls| tls.trust), found), (trust, mode), "{query}");
        }
    }

    #[test]
    fn contradictions_name_the_parameter() {
        for (query, name) in [
            ("sslmode=maybe", "sslmode"),
            ("ssl=maybe", "ssl"),
            ("ssl=true&sslmode=disable", "ssl"),
            ("ssl=false&sslmode=require", "ssl"),
            ("sslmode=disable&sslrootcert=/ca.pem", "sslrootcert"),
            ("sslmode=disable&channel_binding=require", "channel_binding"),
            ("sslmode=disable&sslcert=/c&sslkey=/k", "sslcert"),
            ("sslmode=no-verify&sslrootcert=/ca.pem", "sslrootcert"),
            ("sslnegotiation=direct", "sslnegotiation"),
            ("sslcert=/c", "sslcert"),
            ("sslkey=/k", "sslkey"),
        ] {
            let error = parse(query).err().unwrap();
            assert_eq!(error.code().as_str(), "configuration", "{query}");
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn files_that_cannot_be_read_name_their_parameter() {
        for (query, name) in [
            ("sslrootcert=/no/such.pem", "sslrootcert"),
            (
                "sslmode=no-verify&sslcert=/no/such.pem&sslkey=/no/such.pem",
                "sslcert",
            ),
            ("sslrootcert=/dev/null", "sslrootcert"),
        ] {
            let tls = parse(query).unwrap().0.unwrap();
            let error = tls.connector().err().unwrap();
            assert_eq!(error.code().as_str(), "configuration", "{query}");
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }
}
