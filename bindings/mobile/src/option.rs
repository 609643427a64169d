//! The names of options, as each language writes them.

use crate::failure::Failure;

/// A language whose names differ from Rust's.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum Language {
    /// `baseUrl`
    Kotlin,
    /// `baseURL`
    Swift,
}

/// Rust's name, Kotlin's, and Swift's, of each option and parameter that they write differently.
const NAMES: [(&str, &str, &str); 10] = [
    (
        "allow_insecure_http",
        "allowInsecureHttp",
        "allowInsecureHTTP",
    ),
    ("base_url", "baseUrl", "baseURL"),
    ("ca_certificate", "caCertificates", "caCertificates"),
    ("callback_url", "callbackUrl", "callbackURL"),
    ("connect_timeout", "connectTimeout", "connectTimeout"),
    ("max_auto_retries", "maxAutoRetries", "maxAutoRetries"),
    ("max_connections", "maxConnections", "maxConnections"),
    ("max_retries", "maxRetries", "maxRetries"),
    ("public_key", "publicKeys", "publicKey"),
    ("user_agent", "userAgent", "userAgent"),
];

/// A `configuration` with the options that it names in the language's spelling.
#[uniffi::export]
pub fn spelled(failure: Failure, language: Language) -> Failure {
    let mut failure = failure;
    for (name, kotlin, swift) in NAMES {
        let own = match language {
            Language::Kotlin => kotlin,
            Language::Swift => swift,
        };
        if failure.option.as_deref() == Some(name) {
            failure.option = Some(own.to_owned());
        }
        failure.text = failure
            .text
            .replace(&format!("`{name}`"), &format!("`{own}`"));
    }
    failure
}
