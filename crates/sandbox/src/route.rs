//! The paths: `/v2/notify…` is the API, `/sandbox/…` controls it.

use hyper::{Method, StatusCode};

use crate::refusal::Refusal;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Api(Endpoint<'a>),
    Control(Control),
}

/// A call of Prelude's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'a> {
    Reply,
    Notify,
    Media { message_id: &'a str },
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

/// The one path with a part that varies.
const MEDIA: &str = "/v2/notify/inbound/{message_id}/media";

#[rustfmt::skip]
const TABLE: [(Method, &str, Route<'_>); 22] = [
    (POST,   "/v2/notify/reply",         Route::Api(Endpoint::Reply)),
    (POST,   "/v2/notify",               Route::Api(Endpoint::Notify)),
    (GET,    MEDIA,                      Route::Api(Endpoint::Media { message_id: "" })),
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

impl<'a> Route<'a> {
    /// The route of a request; 404 without one, 405 with another method.
    pub(crate) fn find(method: &Method, path: &'a str) -> Result<Self, Refusal> {
        let media = message_id(path).map(|message_id| Endpoint::Media { message_id });
        let pattern = if media.is_some() { MEDIA } else { path };
        let mut known = false;
        for (its_method, its_path, route) in &TABLE {
            if *its_path == pattern {
                if its_method == method {
                    return Ok(media.map_or(*route, Route::Api));
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

/// The message id in a path of the form [`MEDIA`].
fn message_id(path: &str) -> Option<&str> {
    let (before, after) = MEDIA.split_once("{message_id}")?;
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_one_part_of_the_path() {
        let media = |message_id| Ok(Route::Api(Endpoint::Media { message_id }));
        let find = |path| Route::find(&GET, path);
        assert_eq!(find("/v2/notify/inbound/im_1/media"), media("im_1"));
        for path in [
            "/v2/notify/inbound//media",
            "/v2/notify/inbound/media",
            "/v2/notify/inbound/im_1/media/",
            "/v2/notify/inbound/im/1/media",
            MEDIA.trim_end_matches("media"),
        ] {
            assert_eq!(find(path).map_err(|e| e.status), Err(StatusCode::NOT_FOUND));
        }
        let post = Route::find(&POST, "/v2/notify/inbound/im_1/media");
        assert_eq!(
            post.map_err(|e| e.status),
            Err(StatusCode::METHOD_NOT_ALLOWED)
        );
    }

    #[test]
    fn every_route_is_documented() {
        let documentation = include_str!("../README.md");
        for (method, path, _) in &TABLE {
            let line = format!("\n{method} {path}\n");
            assert!(documentation.contains(&line), "{method} {path}");
        }
    }
}
