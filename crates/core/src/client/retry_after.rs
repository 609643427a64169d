//! `Retry-After` (seconds or HTTP date) and `retry-after-ms`.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// Longer waits count as this: a century is as good as never.
const LONGEST_SECONDS: f64 = 4_294_967_295.0;

/// The longest wait that any of the headers asks for at `now`. What is negative, not a number or
/// otherwise unreadable is ignored.
pub(crate) fn parse(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let seconds = headers
        .get_all("retry-after")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter_map(|value| number(value, 1.0).or_else(|| date(value, now)));
    let milliseconds = headers
        .get_all("retry-after-ms")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter_map(|value| number(value, 1_000.0));
    seconds.chain(milliseconds).max()
}

/// Digits with at most one decimal point: what `f64` reads beyond that (`inf`, `1e9`) is garbage.
fn number(value: &str, per_second: f64) -> Option<Duration> {
    let value = value.trim();
    let plain = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = plain.then(|| value.parse().ok()).flatten()?;
    Some(Duration::from_secs_f64(
        (number / per_second).min(LONGEST_SECONDS),
    ))
}

fn date(value: &str, now: SystemTime) -> Option<Duration> {
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let now = httpdate::parse_http_date("Fri, 24 Oct 2025 08:59:10 GMT").unwrap();
        parse(&map, now)
    }

    #[test]
    fn seconds_dates_and_milliseconds() {
        let seconds = Duration::from_secs;
        assert_eq!(wait(&[("retry-after", "7")]), Some(seconds(7)));
        assert_eq!(wait(&[("retry-after", " 0 ")]), Some(seconds(0)));
        assert_eq!(
            wait(&[("retry-after", "Fri, 24 Oct 2025 09:00:10 GMT")]),
            Some(seconds(60))
        );
        assert_eq!(
            wait(&[("retry-after", "Fri, 24 Oct 2025 08:00:00 GMT")]),
            Some(seconds(0))
        );
        assert_eq!(
            wait(&[("retry-after-ms", "1500")]),
            Some(Duration::from_millis(1_500))
        );
    }

    #[test]
    fn of_several_the_larger() {
        let both = [("retry-after", "1"), ("retry-after-ms", "2500")];
        assert_eq!(wait(&both), Some(Duration::from_millis(2_500)));
        let twice = [("retry-after", "1"), ("retry-after", "3")];
        assert_eq!(wait(&twice), Some(Duration::from_secs(3)));
    }

    #[test]
    fn garbage_is_ignored() {
        for bad in [
            "-1", "NaN", "inf", "1e3", "soon", "", ".", "1.2.3", "+5", "0x10",
        ] {
            assert_eq!(wait(&[("retry-after", bad)]), None, "{bad}");
        }
        assert_eq!(
            wait(&[("retry-after", "soon"), ("retry-after", "2")]),
            Some(Duration::from_secs(2))
        );
    }

    #[test]
    fn an_endless_wait_has_an_end() {
        let century = Duration::from_secs(u64::from(u32::MAX));
        let endless = "99999999999999999999999999999999";
        assert_eq!(wait(&[("retry-after", endless)]), Some(century));
    }
}
