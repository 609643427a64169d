//! The options of a client and of a call, from JavaScript's values to the core's.

use std::time::Duration;

use backchat_core::{Call, ClientBuilder, Error};
use napi_derive::napi;

/// `new Client({…})`, but for its functions.
#[napi(object, object_to_js = false)]
pub struct ClientOptions {
    pub api_token: Option<String>,
    pub base_url: Option<String>,
    pub timeout: Option<f64>,
    pub connect_timeout: Option<f64>,
    pub max_retries: Option<f64>,
    pub max_connections: Option<f64>,
    pub ca_certificates: Option<Vec<String>>,
    pub proxy: Option<String>,
    pub callback_url: Option<String>,
    pub allow_insecure_http: Option<bool>,
    pub user_agent: Option<String>,
}

impl ClientOptions {
    pub(crate) fn apply(self, mut builder: ClientBuilder) -> Result<ClientBuilder, Error> {
        let own = concat!("backchat-node/", env!("CARGO_PKG_VERSION")).to_owned();
        builder = builder.user_agent(self.user_agent.unwrap_or(own));
        if let Some(token) = self.api_token {
            builder = builder.api_token(token);
        }
        if let Some(url) = self.base_url {
            builder = builder.base_url(url);
        }
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(duration("timeout", timeout)?);
        }
        if let Some(timeout) = self.connect_timeout {
            builder = builder.connect_timeout(duration("connect_timeout", timeout)?);
        }
        if let Some(retries) = self.max_retries {
            builder = builder.max_retries(count("max_retries", retries)?);
        }
        if let Some(connections) = self.max_connections {
            let connections = count("max_connections", connections)?;
            builder = builder.max_connections(connections as usize);
        }
        for pem in self.ca_certificates.into_iter().flatten() {
            builder = builder.ca_certificate(pem);
        }
        if let Some(url) = self.proxy {
            builder = builder.proxy(url);
        }
        if let Some(url) = self.callback_url {
            builder = builder.callback_url(url);
        }
        Ok(builder.allow_insecure_http(self.allow_insecure_http.unwrap_or(false)))
    }
}

/// The last argument of a call, but for its signal.
#[napi(object, object_to_js = false)]
pub struct CallOptions {
    pub timeout: Option<f64>,
    pub max_retries: Option<f64>,
    /// Names and values, in turn.
    pub headers: Option<Vec<String>>,
}

impl CallOptions {
    pub(crate) fn apply<T: Send + 'static>(self, mut call: Call<T>) -> Result<Call<T>, Error> {
        if let Some(timeout) = self.timeout {
            call = call.timeout(duration("timeout", timeout)?);
        }
        if let Some(retries) = self.max_retries {
            call = call.max_retries(count("max_retries", retries)?);
        }
        for pair in self.headers.unwrap_or_default().chunks_exact(2) {
            if let [name, value] = pair {
                call = call.header(name, value);
            }
        }
        Ok(call)
    }
}

/// Milliseconds, as JavaScript counts time.
pub(crate) fn duration(option: &'static str, milliseconds: f64) -> Result<Duration, Error> {
    Duration::try_from_secs_f64(milliseconds / 1e3)
        .map_err(|_| Error::configuration(option, "must be a number of milliseconds"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is checked first"
)]
pub(crate) fn count(option: &'static str, number: f64) -> Result<u32, Error> {
    if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
        Ok(number as u32)
    } else {
        Err(Error::configuration(
            option,
            "must be a whole number, 0 or more",
        ))
    }
}
