//! `X-Webhook-Signature`, exactly once, in any case of letters.

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};

use super::SignatureReason;

const NAME: &str = "x-webhook-signature";
const SCHEME: &str = "rsassa-pss-sha256=";

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The signature's bytes.
pub(super) fn signature<N, V>(
    headers: impl IntoIterator<Item = (N, V)>,
) -> Result<Vec<u8>, SignatureReason>
where
    N: AsRef<str>,
    V: AsRef<[u8]>,
{
    let mut named = headers
        .into_iter()
        .filter(|(name, _)| name.as_ref().eq_ignore_ascii_case(NAME));
    let (_, value) = named.next().ok_or(SignatureReason::HeaderMissing)?;
    if named.next().is_some() {
        return Err(SignatureReason::HeaderRepeated);
    }
    decode(value.as_ref())
}

fn decode(value: &[u8]) -> Result<Vec<u8>, SignatureReason> {
    let value = value.trim_ascii();
    let encoded = value
        .strip_prefix(SCHEME.as_bytes())
        .ok_or(SignatureReason::SchemeUnknown)?;
    let url_safe = encoded.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let engine = if url_safe { &URL_SAFE } else { &STANDARD };
    engine
        .decode(encoded)
        .map_err(|_| SignatureReason::NotBase64)
}
