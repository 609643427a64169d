//! The way to the API: directly, or through a proxy of the options or of the environment.

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use crate::Error;

/// How connections reach the API.
pub(super) enum Route {
    Direct,
    /// An `http` API: requests go to the proxy in absolute form.
    Forward(Proxy),
    /// An `https` API: the proxy is asked for a tunnel by `CONNECT`.
    Tunnel(Proxy),
}

/// An `http` or `https` proxy.
pub(super) struct Proxy {
    pub(super) uri: Uri,
    /// `Proxy-Authorization`, from the user and the password of the proxy's URL.
    pub(super) authorization: Option<HeaderValue>,
}

impl Route {
    /// Finds the way to `origin`. `given` is the option, which wins over `HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY` and `NO_PROXY`. Loopback is never proxied.
    pub(super) fn new(origin: &Uri, loopback: bool, given: Option<&Url>) -> Result<Self, Error> {
        if loopback {
            return Ok(Route::Direct);
        }
        let matcher = match given {
            Some(url) => Matcher::builder().all(url.as_str()).build(),
            None => Matcher::from_env(),
        };
        let Some(intercept) = matcher.intercept(origin) else {
            return Ok(Route::Direct);
        };
        let proxy = Proxy::new(&intercept)?;
        Ok(if origin.scheme_str() == Some("https") {
            Route::Tunnel(proxy)
        } else {
            Route::Forward(proxy)
        })
    }

    /// The proxy that every request is addressed to, if there is one.
    pub(super) fn forward(&self) -> Option<&Proxy> {
        match self {
            Route::Forward(proxy) => Some(proxy),
            Route::Direct | Route::Tunnel(_) => None,
        }
    }
}

impl Proxy {
    fn new(intercept: &Intercept) -> Result<Self, Error> {
        let uri = intercept.uri().clone();
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(Error::configuration(
                "proxy",
                "the proxy of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY must be an http or https URL: give \
                 the option, or name the API's host in NO_PROXY",
            ));
        }
        Ok(Self {
            uri,
            authorization: intercept.basic_auth().cloned(),
        })
    }
}

/// Reads the option `proxy`.
pub(in crate::client) fn parse(text: &str) -> Result<Url, Error> {
    let wrong = || Error::configuration("proxy", "must be an http or https URL");
    let url = Url::parse(text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(origin: &'static str, given: &str) -> Route {
        let given = parse(given).unwrap();
        Route::new(&Uri::from_static(origin), false, Some(&given)).unwrap()
    }

    #[test]
    fn https_is_tunnelled_and_http_forwarded() {
        let Route::Tunnel(proxy) = route("https://api.prelude.dev", "http://proxy:3128/x?y") else {
            panic!("a tunnel");
        };
        assert_eq!(proxy.uri, "http://proxy:3128/");
        assert_eq!(proxy.authorization, None);
        let Route::Forward(proxy) = route("http://backend", "https://Ada:pass%20word@proxy") else {
            panic!("no tunnel");
        };
        assert_eq!(proxy.uri, "https://proxy/");
        let authorization = proxy.authorization.unwrap();
        assert_eq!(authorization, "Basic QWRhOnBhc3Mgd29yZA==");
        assert!(authorization.is_sensitive());
    }

    #[test]
    fn loopback_is_not_proxied() {
        let given = parse("http://proxy").unwrap();
        let origin = Uri::from_static("http://127.0.0.1:8787");
        let route = Route::new(&origin, true, Some(&given)).unwrap();
        assert!(matches!(route, Route::Direct));
    }

    #[test]
    fn other_schemes_are_refused() {
        for wrong in ["socks5://proxy", "proxy:3128", "nonsense", "http://"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
