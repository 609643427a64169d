//! Errors of the driver and of the server, for people: the host, the cause, what to do. They never
//! hold the password, and no detail of the server's, which may quote values.

use std::error::Error as StdError;
use std::io;

use backchat_core::StoreError;
use rustls::CertificateError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

/// The longest text of a server that is passed on, in characters.
const LONGEST: usize = 300;

/// Why no session could be opened.
pub(super) fn of_connecting(host: &str, error: &Error) -> String {
    if let Some(server) = error.as_db_error() {
        return of_login(host, server);
    }
    if let Some(tls) = cause::<rustls::Error>(error) {
        return format!("{host}: TLS: {}", of_tls(tls));
    }
    if let Some(io) = cause::<io::Error>(error) {
        return match io.kind() {
            io::ErrorKind::ConnectionRefused => {
                format!("{host} refused the connection: is Postgres listening there?")
            }
            io::ErrorKind::TimedOut => format!("{host} does not answer"),
            io::ErrorKind::NotFound => format!("{host}: there is no such socket"),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => closed(host),
            _ => format!("{host}: {io}"),
        };
    }
    if error.is_closed() {
        return closed(host);
    }
    let cause = error.source().map(|source| format!(": {source}"));
    format!("{host}: {error}{}", cause.unwrap_or_default())
}

fn of_login(host: &str, server: &DbError) -> String {
    let said = said(server);
    let code = server.code();
    if *code == SqlState::INVALID_PASSWORD {
        return format!("{host} refused the user or the password: {said}");
    }
    if *code == SqlState::TOO_MANY_CONNECTIONS {
        return format!(
            "{host} has no session left: {said}; lower `pool_size` in the URLs of its clients, or \
             raise the server's `max_connections`"
        );
    }
    format!("{host}: {said}")
}

fn of_tls(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(error) = error else {
        return error.to_string();
    };
    match error {
        CertificateError::UnknownIssuer => {
            "the server's certificate is of an issuer that is not trusted; name the issuer's \
             certificate with `sslrootcert`"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another name".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired".to_owned()
        }
        other => format!("the server's certificate is not valid: {other}"),
    }
}

fn closed(host: &str) -> String {
    format!("{host} closed the connection: is it Postgres?")
}

pub(super) fn no_such_host(host: &str, error: &io::Error) -> String {
    format!("{host}: no such host: {error}")
}

pub(super) fn ignored_options(host: &str) -> String {
    format!(
        "{host} ignored the URL's `options`, as a pooler does: leave them out; `schema` names the \
         schema"
    )
}

/// Whether a server, or a pooler, may have refused the options of the startup message: the error is
/// not about the user, the database, or the server's own state.
pub(super) fn may_be_about_options(error: &Error) -> bool {
    let code = error.code();
    code.is_some_and(|code| !["28", "3D", "53", "57"].contains(&class(code)))
}

/// Why a statement failed.
pub(super) fn of_statement(host: &str, error: &Error) -> StoreError {
    let why = match error.as_db_error() {
        Some(server) => of_server(server),
        None if error.is_closed() => "the connection was closed".to_owned(),
        None => match cause::<io::Error>(error) {
            Some(io) => format!("the connection broke: {io}"),
            None => error.to_string(),
        },
    };
    of(host, &why)
}

fn of_server(server: &DbError) -> String {
    let said = said(server);
    let code = server.code();
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return format!(
            "{said}; the application's role needs SELECT, INSERT, UPDATE and DELETE on the tables \
             of the ledger"
        );
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return format!("{said}; is it a standby? Name the primary");
    }
    if class(code) == "08" {
        return format!(
            "{said}; a pooler has to keep a session for a transaction: `pool_mode` is `transaction` \
             or `session`, not `statement`"
        );
    }
    said
}

pub(super) fn of(host: &str, why: &str) -> StoreError {
    StoreError::new(format!("Postgres at {host}: {why}"))
}

/// Whether the server ends the session with this error.
pub(super) fn is_fatal(server: &DbError) -> bool {
    !matches!(server.parsed_severity(), Some(Severity::Error))
}

/// The first two characters: what kind of error it is.
pub(super) fn class(code: &SqlState) -> &str {
    code.code().get(..2).unwrap_or_default()
}

/// The server's own sentence, on one line.
fn said(server: &DbError) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    server.message().chars().take(LONGEST).map(plain).collect()
}

/// The first cause of this type.
fn cause<T: StdError + 'static>(error: &Error) -> Option<&T> {
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An I/O error does not count what it wraps among its sources.
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
