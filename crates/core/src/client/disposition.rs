//! `Content-Disposition: attachment; filename="…"; filename*=UTF-8''…` (RFC 6266, RFC 5987).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The file's name without directories and control characters. `filename*` wins where it can be
/// read. `None` when there is none, or nothing is left of it.
pub(super) fn filename(header: &[u8]) -> Option<String> {
    let header = text(header);
    let (mut plain, mut extended) = (None, None);
    for (name, value) in parameters(&header) {
        if name.eq_ignore_ascii_case("filename") {
            plain.get_or_insert(value);
        } else if name.eq_ignore_ascii_case("filename*") {
            extended = extended.or_else(|| decoded(&value));
        }
    }
    [extended, plain]
        .into_iter()
        .flatten()
        .find_map(|name| base(&name))
}

/// UTF-8, as most servers write names; else each byte is a character, as in HTTP's own Latin-1.
fn text(header: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(header) {
        Ok(text) => text.into(),
        Err(_) => latin_1(header).into(),
    }
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The parameters after the kind. A semicolon within quotes parts nothing.
fn parameters(header: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let Some((_kind, mut rest)) = header.split_once(';') else {
        return found;
    };
    while let Some((name, after)) = rest.split_once('=') {
        // A parameter without a value stands before the name.
        let name = name.rsplit(';').next().unwrap_or_default().trim();
        let after = after.trim_start();
        let (value, left) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)
        } else {
            let (value, left) = after.split_once(';').unwrap_or((after, ""));
            (value.trim().to_owned(), left)
        };
        found.push((name, value));
        rest = left;
    }
    found
}

/// A quoted string after its first quote, and what follows. Only `\"` and `\\` are escapes: other
/// backslashes are those of a path.
fn unquoted(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => match characters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push('\\'),
            },
            other => value.push(other),
        }
    }
    (value, "")
}

/// `charset'language'percent-encoded`.
fn decoded(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    if charset.eq_ignore_ascii_case("utf-8") {
        String::from_utf8(bytes).ok()
    } else if charset.eq_ignore_ascii_case("iso-8859-1") {
        Some(latin_1(&bytes))
    } else {
        None
    }
}

fn base(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?;
    let kept: String = last.chars().filter(|c| !c.is_control()).collect();
    let kept = kept.trim();
    (!matches!(kept, "" | "." | "..")).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(header: &str, expected: impl Into<Option<&'static str>>) {
        let found = filename(header.as_bytes());
        assert_eq!(found.as_deref(), expected.into(), "{header}");
    }

    #[test]
    fn a_name_is_a_token_or_quoted() {
        is("attachment; filename=a.jpg", "a.jpg");
        is("inline; FileName = \"a b;c.jpg\" ; x=y", "a b;c.jpg");
        is(
            r#"attachment; filename="say \"hi\".txt""#,
            r#"say "hi".txt"#,
        );
        is("attachment; filename=\"é.jpg\"", "é.jpg");
        is("attachment; size; filename=a.jpg", "a.jpg");
        is("attachment; filename=\"open.jpg", "open.jpg");
    }

    #[test]
    fn the_extended_name_wins_where_it_can_be_read() {
        is(
            "attachment; filename=\"rates.txt\"; filename*=UTF-8''%e2%82%ac%20rates.txt",
            "€ rates.txt",
        );
        is(
            "attachment; filename*=iso-8859-1'en'%A3.txt; filename=b",
            "£.txt",
        );
        for broken in ["UTF-8''%ff.txt", "koi8-r''%c1.txt", "UTF-8'a", "plain.txt"] {
            is(
                &format!("attachment; filename*={broken}; filename=b.txt"),
                "b.txt",
            );
        }
        is(
            "attachment; filename*=UTF-8''..%2F..; filename=b.txt",
            "b.txt",
        );
    }

    #[test]
    fn directories_and_control_characters_go() {
        is("attachment; filename=\"../../etc/passwd\"", "passwd");
        is(r#"attachment; filename="C:\photos\a.jpg""#, "a.jpg");
        is("attachment; filename*=UTF-8''a%00%0A%2Fb%0D.jpg", "b.jpg");
        is("attachment; filename=\"/\"", None);
        is("attachment; filename=..", None);
    }

    #[test]
    fn without_a_name_there_is_none() {
        for header in [
            "",
            "attachment",
            "attachment;",
            "attachment; filename",
            ";;;=;=",
            "filename=a",
        ] {
            is(header, None);
        }
        assert_eq!(
            filename(b"attachment; filename=\"\xe9.jpg\"").as_deref(),
            Some("é.jpg")
        );
    }
}
