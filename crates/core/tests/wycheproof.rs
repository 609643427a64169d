//! The RSASSA-PSS vectors of Project Wycheproof, through the public [`Webhook`].
//!
//! A body that is no event comes back as `event_unreadable` with `verified: true` when its
//! signature was good, and as `signature_invalid` when it was not: that is how both are seen here.

use std::io::{self, Write};

use backchat_core::{Error, ErrorCode, Webhook};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wycheproof::rsa_pss_verify::{Test, TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, Mgf, TestResult};

/// The salt of a vector, and whether it is a good signature but for the salt. Wycheproof's
/// `s_len changed to 222` is invalid only where another length was asked for, and nothing else is
/// wrong with it; here the digest's length and the longest are both right.
fn salt_and_soundness(group: &TestGroup, test: &Test) -> (usize, bool) {
    let changed = test.comment.strip_prefix("s_len changed to ");
    match changed.and_then(|length| length.parse().ok()) {
        Some(length) => (length, true),
        None => (group.salt_size, test.result == TestResult::Valid),
    }
}

/// RFC 8017, 9.1.1: what is left of the encoded message beside the digest and two fixed bytes.
fn longest_salt(bits: usize) -> usize {
    (bits - 1).div_ceil(8) - 32 - 2
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    verified_digest_salt: usize,
    verified_longest_salt: usize,
    invalid_refused: usize,
    other_salt_refused: usize,
}

/// The schemes of the webhook: SHA-256 with MGF1-SHA-256, and a key that is long enough.
fn concerns_webhooks(group: &TestGroup) -> bool {
    group.key_size >= 2048
        && group.hash == HashFunction::Sha2_256
        && group.mgf == Mgf::Mgf1
        && group.mgf_hash == Some(HashFunction::Sha2_256)
}

/// Whether the signature was taken for Prelude's.
fn is_verified(webhook: &Webhook, test: &Test) -> Result<bool, String> {
    let encoded = URL_SAFE_NO_PAD.encode(&test.sig);
    let header = format!("rsassa-pss-sha256={encoded}");
    match webhook.verify(&test.msg, [("x-webhook-signature", header)]) {
        Err(Error::UnreadableEvent(error)) if error.verified => Ok(true),
        Err(error) if error.code() == ErrorCode::SignatureInvalid => Ok(false),
        other => Err(format!("neither verified nor refused: {other:?}")),
    }
}

fn run(group: &TestGroup, set: TestName, counts: &mut Counts, failures: &mut Vec<String>) {
    let webhook = match Webhook::new(&group.pem) {
        Ok(webhook) => webhook,
        Err(error) => return failures.push(format!("{set:?}: the key is refused: {error}")),
    };
    for test in &group.tests {
        let (salt, sound) = salt_and_soundness(group, test);
        let salt_is_taken = [32, longest_salt(group.key_size)].contains(&salt);
        let expected = sound && salt_is_taken;
        match is_verified(&webhook, test) {
            Ok(verified) if verified != expected => failures.push(format!(
                "{set:?} #{}, {}: verified is {verified}",
                test.tc_id, test.comment
            )),
            Err(why) => failures.push(format!("{set:?} #{}, {}: {why}", test.tc_id, test.comment)),
            Ok(true) if salt == 32 => counts.verified_digest_salt += 1,
            Ok(true) => counts.verified_longest_salt += 1,
            Ok(false) if sound => counts.other_salt_refused += 1,
            Ok(false) => counts.invalid_refused += 1,
        }
    }
}

#[test]
fn every_rsassa_pss_vector_of_the_webhooks_scheme() {
    let mut counts = Counts::default();
    let mut failures = Vec::new();
    for name in TestName::all() {
        let set = TestSet::load(name).unwrap();
        for group in set
            .test_groups
            .iter()
            .filter(|group| concerns_webhooks(group))
        {
            run(group, name, &mut counts, &mut failures);
        }
    }
    let Counts {
        verified_digest_salt,
        verified_longest_salt,
        invalid_refused,
        other_salt_refused,
    } = counts;
    // Past the capture of `println!`: the counts are shown in every run.
    writeln!(
        io::stdout(),
        "wycheproof: verified with salt 32 {verified_digest_salt}, with the longest salt \
         {verified_longest_salt}, other salt refused {other_salt_refused}, invalid refused \
         {invalid_refused}"
    )
    .unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for count in [
        verified_digest_salt,
        verified_longest_salt,
        invalid_refused,
        other_salt_refused,
    ] {
        assert!(count > 0, "{counts:?}");
    }
}
