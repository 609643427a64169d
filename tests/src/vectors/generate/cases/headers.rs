//! The header: found in any case, wanted once, with one scheme, in any base64.

use super::super::draft::Draft;
use super::super::keys::Keys;
use super::super::{Error, sign};
use super::{bodies, encodings, header, with_scheme};

const A: &[&str] = &["rsa-2048-a"];

pub(super) fn all(keys: &Keys) -> Result<Vec<Draft>, Error> {
    let signature = sign::pss(
        keys.get("rsa-2048-a")?,
        32,
        "headers",
        &bodies::bytes("seed")?,
    )?;
    let good = header(&signature);
    let mut cases = names(&good);
    cases.extend(schemes(&good));
    cases.extend(encoded(&signature)?);
    cases.extend(lengths(keys, &signature)?);
    Ok(cases)
}

fn seed(name: &'static str, why: &'static str) -> Draft {
    Draft::verify(name, A, "seed", why)
}

fn names(good: &str) -> Vec<Draft> {
    vec![
        seed(
            "header-in-lower-case",
            "HTTP/2 and many frameworks write names in lower case.",
        )
        .header("x-webhook-signature", good)
        .verifies(),
        seed("header-in-upper-case", "Names of headers have no case.")
            .header("X-WEBHOOK-SIGNATURE", good)
            .verifies(),
        seed("header-among-others", "Other headers do not matter.")
            .header("Content-Type", "application/json")
            .header("X-Webhook-Signature", good)
            .header("X-Webhook-Id", "rsassa-pss-sha256=none")
            .verifies(),
        seed("header-missing", "Without headers nobody says who sent it.").missing(),
        seed(
            "header-missing-among-others",
            "A header of a similar name is another header.",
        )
        .header("X-Webhook-Signature-Next", good)
        .header("Webhook-Signature", good)
        .missing(),
        seed(
            "header-twice",
            "Two headers would let a reader on the way check the other one.",
        )
        .signed(good)
        .signed(good)
        .invalid("header_repeated"),
        seed(
            "header-twice-in-two-cases",
            "The same name in two cases is the same name.",
        )
        .header("X-Webhook-Signature", good)
        .header("x-webhook-signature", with_scheme("none"))
        .invalid("header_repeated"),
        seed(
            "header-twice-joined",
            "Two values that a framework joined are no signature.",
        )
        .signed(format!("{good}, {good}"))
        .invalid("not_base64"),
    ]
}

fn schemes(good: &str) -> Vec<Draft> {
    let encoded = good.trim_start_matches("rsassa-pss-sha256=");
    let unknown =
        |name, why, value: String| seed(name, why).signed(value).invalid("scheme_unknown");
    vec![
        unknown(
            "scheme-other-digest",
            "The scheme is fixed: a sender must not choose it.",
            format!("rsassa-pss-sha512={encoded}"),
        ),
        unknown(
            "scheme-hmac",
            "A scheme with a shared secret must never be tried with a public key.",
            format!("hmac-sha256={encoded}"),
        ),
        unknown(
            "scheme-none",
            "`none` is no scheme.",
            format!("none={encoded}"),
        ),
        unknown(
            "scheme-in-upper-case",
            "The scheme is written in one way.",
            format!("RSASSA-PSS-SHA256={encoded}"),
        ),
        unknown(
            "scheme-missing",
            "A bare signature does not say what it is.",
            encoded.to_owned(),
        ),
        unknown(
            "scheme-without-equals-sign",
            "The scheme ends with an equals sign.",
            format!("rsassa-pss-sha256:{encoded}"),
        ),
        unknown(
            "header-empty",
            "An empty header names no scheme.",
            String::new(),
        ),
    ]
}

fn encoded(signature: &[u8]) -> Result<Vec<Draft>, Error> {
    let mut cases = Vec::new();
    for (name, encoded) in encodings(signature) {
        let case = Draft::verify(
            format!("base64-{name}"),
            A,
            "seed",
            "Which base64 Prelude writes is not documented: all four are taken.",
        );
        cases.push(case.signed(with_scheme(&encoded)).verifies());
    }
    let [(_, url_safe), .., (_, standard)] = encodings(signature);
    let mixed = mixed(&url_safe).ok_or("the signature has too few special characters to mix")?;
    let not_base64 = |name, why, encoded: &str| {
        let case = seed(name, why).signed(with_scheme(encoded));
        case.invalid("not_base64")
    };
    cases.extend([
        not_base64(
            "base64-alphabets-mixed",
            "A signature is in one alphabet or in the other.",
            &mixed,
        ),
        not_base64(
            "base64-with-a-blank",
            "A blank is in neither alphabet.",
            &standard.replacen('A', " A", 1),
        ),
        not_base64(
            "base64-percent-encoded",
            "A header is not percent-encoded.",
            &standard.replace('=', "%3D"),
        ),
        not_base64(
            "base64-hexadecimal-mark",
            "Characters of neither alphabet are not skipped.",
            "0x!!",
        ),
    ]);
    Ok(cases)
}

/// The first special character in the other alphabet, and at least one left as it was.
fn mixed(url_safe: &str) -> Option<String> {
    let special = |c: char| matches!(c, '-' | '_');
    if url_safe.matches(special).count() < 2 {
        return None;
    }
    let at = url_safe.find(special)?;
    let other = if url_safe[at..].starts_with('-') {
        "+"
    } else {
        "/"
    };
    Some([&url_safe[..at], other, &url_safe[at + 1..]].concat())
}

fn lengths(keys: &Keys, signature: &[u8]) -> Result<Vec<Draft>, Error> {
    let longer = sign::pss(
        keys.get("rsa-3072")?,
        32,
        "lengths",
        &bodies::bytes("seed")?,
    )?;
    let wrong = |name, why, signature: &[u8]| {
        let case = seed(name, why).signed(header(signature));
        case.invalid("wrong_length")
    };
    Ok(vec![
        wrong(
            "length-of-a-longer-key",
            "A signature is as long as its key: this is another key's.",
            &longer,
        ),
        wrong(
            "length-one-byte-less",
            "A signature that was cut is none.",
            &signature[..signature.len() - 1],
        ),
        wrong(
            "length-one-byte-more",
            "A zero before a signature makes it another one.",
            &[&[0], signature].concat(),
        ),
        wrong("length-nothing", "Nothing is no signature.", &[]),
    ])
}
