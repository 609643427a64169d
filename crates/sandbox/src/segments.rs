//! `encoding`, `estimated_segment_count`: what a text would cost as SMS (3GPP TS 23.038).

/// The basic alphabet of GSM-7, without its escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// These take an escape and a second character.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The encoding, and into how many messages the text is split.
pub(crate) fn estimate(text: &str) -> (&'static str, usize) {
    let gsm7: Option<usize> = text
        .chars()
        .map(|character| {
            if BASIC.contains(character) {
                Some(1)
            } else {
                EXTENSION.contains(character).then_some(2)
            }
        })
        .sum();
    // One message alone has room for the few characters that joining several takes from each.
    match gsm7 {
        Some(length) => ("GSM-7", split(length, 160, 153)),
        None => ("UCS-2", split(text.encode_utf16().count(), 70, 67)),
    }
}

fn split(length: usize, alone: usize, joined: usize) -> usize {
    if length <= alone {
        1
    } else {
        length.div_ceil(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::estimate;

    #[test]
    fn counts_by_the_alphabet() {
        assert_eq!(estimate("Hello"), ("GSM-7", 1));
        assert_eq!(estimate(&"a".repeat(160)), ("GSM-7", 1));
        assert_eq!(estimate(&"€".repeat(80)), ("GSM-7", 1));
        assert_eq!(estimate(&"€".repeat(81)), ("GSM-7", 2));
        assert_eq!(estimate(&"ê".repeat(70)), ("UCS-2", 1));
        assert_eq!(estimate(&"ê".repeat(71)), ("UCS-2", 2));
    }
}
