//! The paths: `/v2/notify…` is the API, `/sandbox/…` controls it.

use hyper::{Method, StatusCode};

use crate::refusal::Refusal;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Api(Endpoint),
    Control(Control),
}

/// A call of Prelude's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Reply,
    Notify,
}

/// A control of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Inbound,
    Redeliver,
    OptOut,
    Messages,
    Deliveries,
    Clock,
    Advance,
    Faults,
    AddFault,
    ClearFaults,
    Account,
    SetAccount,
    Templates,
    AddTemplate,
    Webhook,
    SetWebhook,
    Reset,
    KeyPem,
    Jwks,
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

#[rustfmt::skip]
const TABLE: [(Method, &str, Route); 21] = [
    (POST,   "/v2/notify/reply",         Route::Api(Endpoint::Reply)),
    (POST,   "/v2/notify",               Route::Api(Endpoint::Notify)),
    (POST,   "/sandbox/inbound",         Route::Control(Control::Inbound)),
    (POST,   "/sandbox/redeliver",       Route::Control(Control::Redeliver)),
    (POST,   "/sandbox/opt-out",         Route::Control(Control::OptOut)),
    (GET,    "/sandbox/messages",        Route::Control(Control::Messages)),
    (GET,    "/sandbox/deliveries",      Route::Control(Control::Deliveries)),
    (GET,    "/sandbox/clock",           Route::Control(Control::Clock)),
    (POST,   "/sandbox/clock/advance",   Route::Control(Control::Advance)),
    (GET,    "/sandbox/faults",          Route::Control(Control::Faults)),
    (POST,   "/sandbox/faults",          Route::Control(Control::AddFault)),
    (DELETE, "/sandbox/faults",          Route::Control(Control::ClearFaults)),
    (GET,    "/sandbox/account",         Route::Control(Control::Account)),
    (POST,   "/sandbox/account",         Route::Control(Control::SetAccount)),
    (GET,    "/sandbox/templates",       Route::Control(Control::Templates)),
    (POST,   "/sandbox/templates",       Route::Control(Control::AddTemplate)),
    (GET,    "/sandbox/webhook",         Route::Control(Control::Webhook)),
    (PUT,    "/sandbox/webhook",         Route::Control(Control::SetWebhook)),
    (POST,   "/sandbox/reset",           Route::Control(Control::Reset)),
    (GET,    "/sandbox/webhook-key.pem", Route::Control(Control::KeyPem)),
    (GET,    "/sandbox/jwks.json",       Route::Control(Control::Jwks)),
];

impl Route {
    /// The route of a request; 404 without one, 405 with another method.
    pub(crate) fn find(method: &Method, path: &str) -> Result<Self, Refusal> {
        let mut known = false;
        for (its_method, its_path, route) in &TABLE {
            if *its_path == path {
                if its_method == method {
                    return Ok(*route);
                }
                known = true;
            }
        }
        Err(if known {
            Refusal::http(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("{path} does not take {method}"),
            )
        } else {
            Refusal::http(StatusCode::NOT_FOUND, format!("there is nothing at {path}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_documented() {
        let documentation = include_str!("../README.md");
        for (method, path, _) in &TABLE {
            let line = format!("\n{method} {path}\n");
            assert!(documentation.contains(&line), "{method} {path}");
        }
    }
}
