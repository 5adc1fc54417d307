//! Requests to web APIs: an address, a JSON body written as YAML, and limits.

use model::{Code, HttpFetch};

use crate::canonical::Canonical;
use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Plain, Report, Scalar, Value, Written};

/// Reads `http`.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<HttpFetch> {
    let mut keys = cursor.keys(&vocabulary::HTTP, report)?;
    let url = keys.need("url", report).and_then(|cursor| url(cursor, report));
    let body = keys.maybe("body", |cursor| json(cursor, report));
    let mut number = |key, default: u64, most| {
        let written = keys.maybe(key, |cursor| cursor.integer(report, 1..=most)).ok()?;
        Some(written.unwrap_or(default))
    };
    let idle = number("idle_timeout", 30, 3600);
    let total = number("total_timeout", 600, 86_400);
    let attempts = number("attempts", 5, 20).and_then(|attempts| u32::try_from(attempts).ok());
    let max_bytes = number("max_bytes", 512 << 20, i64::MAX);
    keys.finish(report);
    Some(HttpFetch {
        url: url?.value,
        body: body.ok()?,
        idle_timeout_seconds: idle?,
        total_timeout_seconds: total?,
        attempts: attempts?,
        max_bytes: max_bytes?,
    })
}

/// An address that is `https`, or `http` on the loopback interface alone, without credentials in it.
fn url(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Written<String>> {
    let url = cursor.some_text(report)?;
    let (scheme, rest) = url.value.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "::1");
    let clean = url.value.bytes().all(|byte| byte.is_ascii_graphic()) && !authority.contains('@') && !host.is_empty();
    if !clean || !(scheme == "https" || (scheme == "http" && loopback)) {
        report
            .error(Code::HTTP_ADDRESS, url.span, "the address is not one of `https`, or has a name and password in it")
            .help("write 'https://...'; plain http is for the loopback interface alone");
        return None;
    }
    Some(url)
}

/// YAML as JSON: quoted scalars are texts, plain ones what YAML 1.2 reads. Keys keep their order.
fn json(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<String> {
    match &cursor.node.value {
        Value::Scalar(scalar) => scalar_json(scalar, cursor, report),
        Value::Sequence(_) => {
            let items = every(cursor.items(report)?.into_iter().map(|item| json(item, report)));
            Some(format!("[{}]", items?.join(",")))
        }
        Value::Mapping(_) => {
            let entries = cursor.entries(report)?.into_iter();
            let entries =
                every(entries.map(|(key, value)| Some(format!("{}:{}", quoted(key.value), json(value, report)?))));
            Some(format!("{{{}}}", entries?.join(",")))
        }
    }
}

fn scalar_json(scalar: &Scalar, cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<String> {
    match scalar.plain() {
        Some(Plain::Null) => Some("null".to_owned()),
        Some(Plain::Boolean(value)) => Some(value.to_string()),
        Some(Plain::Number) if serde_json::from_str::<serde_json::Number>(&scalar.text).is_ok() => {
            Some(scalar.text.clone())
        }
        _ => cursor.text(report).map(|text| quoted(&text.value)),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The canonical form of a request.
pub(super) fn canonical(fetch: &HttpFetch) -> Canonical {
    Canonical::map([
        ("url", Some(Canonical::text(&fetch.url))),
        ("body", fetch.body.as_ref().map(Canonical::text)),
        ("idle_timeout", Some(Canonical::word(fetch.idle_timeout_seconds))),
        ("total_timeout", Some(Canonical::word(fetch.total_timeout_seconds))),
        ("attempts", Some(Canonical::word(fetch.attempts))),
        ("max_bytes", Some(Canonical::word(fetch.max_bytes))),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::super::yaml::parse;
    use super::*;

    fn read_text(text: &str) -> (Option<HttpFetch>, Vec<Code>) {
        let mut report = Report::new("p.yaml", text);
        let tree = parse(&mut report).expect(text);
        let fetch = read(Cursor::root(&tree, "http"), &mut report);
        (fetch, report.into_findings().into_iter().map(|found| found.code).collect())
    }

    #[test]
    fn a_body_is_json() {
        let yaml = "url: https://api.statbank.dk/v1/data\n\
            body: {table: FOLK1A, 'n': [1, '1', true, ~, 1.5], values: [{code: \"Å\\\"\"}]}\n";
        let (fetch, codes) = read_text(yaml);
        let body = fetch.and_then(|fetch| fetch.body).expect("a body");
        assert_eq!(body, r#"{"table":"FOLK1A","n":[1,"1",true,null,1.5],"values":[{"code":"Å\""}]}"#);
        assert_eq!(codes, []);
        assert_eq!(read_text("url: https://a\nbody: [0101, no]\n").1, [Code::UNQUOTED_CODE, Code::YAML_BOOLEAN]);
    }

    #[test]
    fn addresses_are_safe_or_local() {
        for url in ["https://a.dk/x?y", "http://127.0.0.1:8080/", "http://[::1]:1/x", "http://localhost"] {
            assert_eq!(read_text(&format!("url: '{url}'")).1, [], "{url}");
        }
        for url in ["http://a.dk", "ftp://a", "a.dk", "https://u:p@a.dk", "https:///x", "http://localhost@evil.dk/"] {
            assert_eq!(read_text(&format!("url: '{url}'")).1, [Code::HTTP_ADDRESS], "{url}");
        }
    }
}
