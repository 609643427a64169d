//! `evt_01k8aq2zggeyssvt53zgvpx63a`: a prefix, then 26 characters of lowercase Crockford base32.

use jiff::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The bits that are not the time: 12 before the variant of a version-7 UUID and 62 after it.
const RANDOM_BITS: u32 = 74;

/// Odd, so that adding it visits every value before one comes again; large, so that ids made
/// in the same millisecond look different.
const STEP: u128 = 0x2d5_9e37_79b9_7f4a_7c15;

/// Makes ids that sort by their time and never repeat.
#[derive(Clone, Debug)]
pub(crate) struct IdMaker {
    random: u128,
}

impl IdMaker {
    pub(crate) fn new(seed: [u8; 16]) -> Self {
        Self {
            random: u128::from_be_bytes(seed),
        }
    }

    /// `<prefix>_<26 characters>`, in the form of a `TypeID` (a version-7 UUID).
    pub(crate) fn make(&mut self, prefix: &str, now: Timestamp) -> String {
        self.random = self.random.wrapping_add(STEP) & ((1 << RANDOM_BITS) - 1);
        let milliseconds = u128::from(now.as_millisecond().unsigned_abs()) & ((1 << 48) - 1);
        let uuid = milliseconds << 80
            | 0x7 << 76
            | (self.random >> 62) << 64
            | 0b10 << 62
            | self.random & ((1 << 62) - 1);
        let mut id = String::with_capacity(prefix.len() + 27);
        id.push_str(prefix);
        id.push('_');
        for place in (0..26).rev() {
            let digit = (uuid >> (place * 5)) & 31;
            id.push(char::from(ALPHABET[digit as usize]));
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_documented_form() {
        let now: Timestamp = "2025-10-24T08:59:10.736925502Z".parse().unwrap();
        let mut ids = IdMaker::new([7; 16]);
        let first = ids.make("evt", now);
        let second = ids.make("evt", now);
        assert_ne!(first, second);
        // The time of the product description's own example.
        assert!(first.starts_with("evt_01k8aq2zgg"), "{first}");
        assert_eq!(first.len(), "evt_".len() + 26);
    }
}
