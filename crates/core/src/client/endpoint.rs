//! One address of the API: its URL, and the path that stands in a request line.

use http::Uri;
use url::Url;

use crate::Error;

#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    pub(super) path: Uri,
}

impl Endpoint {
    /// `path` below the base URL, which may have a path of its own.
    pub(super) fn new(base_url: &Url, path: &str) -> Result<Self, Error> {
        let mut url = base_url.clone();
        let prefix = base_url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/{path}"));
        let path = url
            .path()
            .parse()
            .map_err(|_| Error::configuration("base_url", "has a path that no request can name"))?;
        Ok(Self { url, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_have_a_path() {
        for base in ["https://host/api", "https://host/api/"] {
            let endpoint = Endpoint::new(&Url::parse(base).unwrap(), "v2/notify").unwrap();
            assert_eq!(endpoint.url.as_str(), "https://host/api/v2/notify");
            assert_eq!(endpoint.path, "/api/v2/notify");
        }
    }
}
