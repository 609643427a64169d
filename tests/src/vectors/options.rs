//! The options of a client and of one call, by the names that all languages derive theirs from.

use std::collections::BTreeMap;
use std::time::Duration;

use backchat_core::{Call, Client, Error};
use serde::Deserialize;

/// The options of a client.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientOptions {
    api_token: Option<String>,
    base_url: Option<String>,
    callback_url: Option<String>,
    timeout: Option<f64>,
    connect_timeout: Option<f64>,
    max_retries: Option<u32>,
    max_connections: Option<usize>,
    allow_insecure_http: Option<bool>,
    user_agent: Option<String>,
    proxy: Option<String>,
    ca_certificate: Option<String>,
}

impl ClientOptions {
    /// `base_url` is where the case's server listens, for when the case names none.
    pub(super) fn client(&self, base_url: &str) -> Result<Client, Error> {
        let token = self.api_token.as_deref().unwrap_or("vector-token");
        let mut builder = Client::builder()
            .api_token(token)
            .base_url(self.base_url.as_deref().unwrap_or(base_url));
        if let Some(url) = &self.callback_url {
            builder = builder.callback_url(url);
        }
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(Duration::from_secs_f64(timeout));
        }
        if let Some(timeout) = self.connect_timeout {
            builder = builder.connect_timeout(Duration::from_secs_f64(timeout));
        }
        if let Some(retries) = self.max_retries {
            builder = builder.max_retries(retries);
        }
        if let Some(connections) = self.max_connections {
            builder = builder.max_connections(connections);
        }
        if let Some(allow) = self.allow_insecure_http {
            builder = builder.allow_insecure_http(allow);
        }
        if let Some(user_agent) = &self.user_agent {
            builder = builder.user_agent(user_agent);
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy);
        }
        if let Some(pem) = &self.ca_certificate {
            builder = builder.ca_certificate(pem);
        }
        builder.build()
    }
}

/// The options of one call.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallOptions {
    timeout: Option<f64>,
    max_retries: Option<u32>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

impl CallOptions {
    pub(super) fn apply<T: Send + 'static>(&self, mut call: Call<T>) -> Call<T> {
        if let Some(timeout) = self.timeout {
            call = call.timeout(Duration::from_secs_f64(timeout));
        }
        if let Some(retries) = self.max_retries {
            call = call.max_retries(retries);
        }
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        call
    }
}
