//! Requests to a real server on the loopback interface that behaves as badly as servers do.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use tempfile::TempDir;

use super::*;

/// What the server does with one connection, after it has read the request.
enum Answer {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Sends these bytes, and then nothing until the client gives up.
    Hang(&'static str),
    /// Sends these bytes, and then one byte at a time until the client gives up.
    Trickle(&'static str),
}

fn text(answer: &str) -> Answer {
    Answer::Bytes(answer.as_bytes().to_vec())
}

fn ok(body: &str) -> Answer {
    text(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

fn status(line: &str) -> Answer {
    text(&format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"))
}

/// A server that answers one connection after the other; the requests come out of the channel.
fn server(answers: Vec<Answer>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/v1/data", listener.local_addr().expect("an address"));
    let (sender, requests) = channel();
    thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let request = request_of(&mut stream);
            if sender.send(request).is_err() {
                return;
            }
            give(&mut stream, answer);
        }
    });
    (address, requests)
}

fn request_of(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut block = [0; 1024];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_lowercase()
                .split("content-length: ")
                .nth(1)
                .map(|rest| rest.lines().next().and_then(|length| length.parse::<usize>().ok()).expect("a length"));
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut block) {
            Ok(read) if read > 0 => request.extend_from_slice(&block[..read]),
            _ => return text,
        }
    }
}

fn give(stream: &mut TcpStream, answer: Answer) {
    match answer {
        // A client that has heard enough may have closed already.
        Answer::Bytes(bytes) => drop(stream.write_all(&bytes)),
        Answer::Hang(bytes) => {
            drop(stream.write_all(bytes.as_bytes()));
            drop(stream.read(&mut [0; 16]));
        }
        Answer::Trickle(bytes) => {
            drop(stream.write_all(bytes.as_bytes()));
            while stream.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn impatient() -> Patience {
    let milliseconds = Duration::from_millis;
    Patience {
        pause: milliseconds(2),
        longest_pause: milliseconds(8),
        idle: milliseconds(300),
        total: milliseconds(600),
    }
}

fn request(url: &str) -> HttpFetch {
    HttpFetch {
        url: url.to_owned(),
        body: None,
        idle_timeout_seconds: 30,
        total_timeout_seconds: 600,
        attempts: 3,
        max_bytes: 1000,
    }
}

struct Fetched {
    outcome: Result<Stored, Refusal>,
    bytes: Option<Vec<u8>>,
    leftovers: usize,
}

impl Fetched {
    fn refusal(&self) -> &Refusal {
        self.outcome.as_ref().expect_err("a refusal")
    }
}

fn fetched(request: &HttpFetch) -> Fetched {
    let root = TempDir::new().expect("a temporary folder");
    let archive = Archive::open(root.path()).expect("an archive");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let outcome = runtime.block_on(fetch_with(request, &archive, &impatient()));
    let outcome = settle(outcome).expect("the archive works");
    let bytes = outcome.as_ref().ok().map(|stored| {
        let mut bytes = Vec::new();
        archive.read(&stored.content).expect("stored").read_to_end(&mut bytes).expect("readable");
        bytes
    });
    let kept = usize::from(outcome.is_ok());
    let leftovers = std::fs::read_dir(root.path().join("raw")).expect("the archive").count() - kept;
    Fetched { outcome, bytes, leftovers }
}

/// Fetches from a server with these answers; gives the outcome and how many requests came.
fn asked(answers: Vec<Answer>) -> (Fetched, usize) {
    let (url, requests) = server(answers);
    let fetched = fetched(&request(&url));
    assert_eq!(fetched.leftovers, 0, "nothing is left over");
    (fetched, requests.try_iter().count())
}

#[test]
fn a_body_is_stored_as_it_came() {
    let (fetched, requests) = asked(vec![ok("a;b\r\n1;\u{F8}\n")]);
    assert_eq!(fetched.bytes.as_deref(), Some("a;b\r\n1;\u{F8}\n".as_bytes()));
    assert_eq!((requests, fetched.outcome.expect("stored").bytes), (1, 10));
}

#[test]
fn a_body_makes_it_a_post_of_json() {
    let (url, requests) = server(vec![ok("x")]);
    let body = Some("{\"table\":\"FOLK1A\"}".to_owned());
    assert!(fetched(&HttpFetch { body, ..request(&url) }).outcome.is_ok());
    let posted = requests.recv().expect("a request");
    assert!(posted.starts_with("POST /v1/data HTTP/1.1\r\n"), "{posted}");
    assert!(posted.to_lowercase().contains("content-type: application/json\r\n"), "{posted}");
    assert!(posted.ends_with("\r\n\r\n{\"table\":\"FOLK1A\"}"), "{posted}");
}

#[test]
fn chunks_are_put_together() {
    let (fetched, _) =
        asked(vec![text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na;b\r\n2\r\n\r\n\r\n0\r\n\r\n")]);
    assert_eq!(fetched.bytes.as_deref(), Some(b"a;b\r\n".as_slice()));
}

#[test]
fn a_busy_server_is_asked_again() {
    let busy = || text("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
    let (fetched, requests) = asked(vec![busy(), status("503 Unavailable"), ok("x")]);
    assert_eq!((fetched.bytes, requests), (Some(b"x".to_vec()), 3));
}

#[test]
fn a_failing_server_is_given_up() {
    let failing = || status("500 Internal Server Error");
    let (fetched, requests) = asked(vec![failing(), failing(), failing(), ok("x")]);
    assert_eq!((fetched.refusal().code, requests), (Code::HTTP_STATUS, 3));
    assert!(fetched.refusal().message.ends_with("answered with status 500, also on try 3"), "{:?}", fetched.refusal());
}

#[test]
fn what_will_not_change_is_not_asked_again() {
    for line in ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone", "204 No Content"]
    {
        let (fetched, requests) = asked(vec![text(&format!("HTTP/1.1 {line}\r\n\r\n")), ok("x")]);
        assert_eq!((fetched.refusal().code, requests), (Code::HTTP_STATUS, 1), "{line}");
    }
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let (fetched, requests) = asked(vec![text(elsewhere), ok("x")]);
    assert_eq!((fetched.refusal().code, requests), (Code::HTTP_REDIRECT, 1));
}

#[test]
fn a_short_body_is_no_delivery() {
    let short = || text("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na;b\n");
    let (fetched, requests) = asked(vec![short(), short(), short()]);
    assert_eq!((fetched.refusal().code, requests), (Code::HTTP_TRANSPORT, 3));
    let (fetched, _) = asked(vec![short(), ok("whole")]);
    assert_eq!(fetched.bytes, Some(b"whole".to_vec()));
    let cut = || text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na;b\r\n");
    assert_eq!(asked(vec![cut(), cut(), cut()]).0.refusal().code, Code::HTTP_TRANSPORT);
}

#[test]
fn a_body_that_is_too_big_is_refused() {
    let announced = text("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
    let (fetched, requests) = asked(vec![announced, ok("x")]);
    assert_eq!((fetched.refusal().code, requests), (Code::HTTP_TOO_BIG, 1));
    let chunk = format!("1f5\r\n{}\r\n", "x".repeat(501));
    let unannounced = text(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"));
    assert_eq!(asked(vec![unannounced]).0.refusal().code, Code::HTTP_TOO_BIG);
    assert!(asked(vec![ok(&"x".repeat(1000))]).0.outcome.is_ok());
}

#[test]
fn a_compressed_body_counts_as_what_it_becomes() {
    // 3000 zero bytes, by gzip.
    let bomb: &[u8] = &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xc2,
        0xa0, 0xf5, 0x4f, 0x6d, 0x0d, 0x0f, 0xa0, 0x00, 0x00, 0x80, 0x77, 0x03, 0x0d, 0x5b, 0x86, 0xda, 0xb8, 0x0b,
        0x00, 0x00,
    ];
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len());
    let compressed = || Answer::Bytes([head.as_bytes(), bomb].concat());
    assert_eq!(asked(vec![compressed()]).0.refusal().code, Code::HTTP_TOO_BIG);
    let (url, _requests) = server(vec![compressed()]);
    let fetched = fetched(&HttpFetch { max_bytes: 3000, ..request(&url) });
    assert_eq!(fetched.bytes, Some(vec![0; 3000]));
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na;b\n";
    let (fetched, requests) = asked(vec![Answer::Hang(""), Answer::Hang(head), ok("x")]);
    assert_eq!((fetched.bytes, requests), (Some(b"x".to_vec()), 3));
    let (fetched, _) = asked(vec![Answer::Hang(""), Answer::Hang(""), Answer::Hang("")]);
    assert_eq!(fetched.refusal().code, Code::HTTP_TRANSPORT);
}

#[test]
fn a_trickle_does_not_last_for_ever() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    let (url, _requests) = server(vec![Answer::Trickle(head)]);
    let fetched = fetched(&HttpFetch { attempts: 1, max_bytes: 1 << 20, ..request(&url) });
    assert_eq!((fetched.refusal().code, fetched.leftovers), (Code::HTTP_TRANSPORT, 0));
}

#[test]
fn a_server_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let fetched = fetched(&request(&format!("http://user:secret@{address}/x?key=secret")));
    let refusal = fetched.refusal();
    assert_eq!(refusal.code, Code::HTTP_TRANSPORT);
    assert!(refusal.message.contains("refused") && !refusal.message.contains("secret"), "{}", refusal.message);
}

#[test]
fn only_encrypted_or_local_addresses_are_asked() {
    for good in ["https://api.statbank.dk/v1/data", "http://127.0.0.1:8080/", "http://[::1]/", "http://localhost/"] {
        assert!(checked_address(good).is_ok(), "{good}");
    }
    for bad in ["http://api.statbank.dk/", "ftp://x/", "file:///etc/passwd", "http://127.0.0.1.example.com/", "x", ""] {
        assert_eq!(fetched(&request(bad)).refusal().code, Code::HTTP_ADDRESS, "{bad}");
    }
}

#[test]
fn retry_after_in_seconds_or_as_a_moment() {
    let headers = |pairs: &[(HeaderName, &str)]| {
        let value = |text: &str| text.parse().expect("a value");
        retry_after(&pairs.iter().map(|(name, text)| (name.clone(), value(text))).collect())
    };
    let moment = |text| (RETRY_AFTER, text);
    assert_eq!(headers(&[]), None);
    assert_eq!(headers(&[moment("120")]), Some(Duration::from_mins(2)));
    assert_eq!(headers(&[moment("soon")]), None);
    assert_eq!(headers(&[moment("Wed, 21 Oct 2015 07:28:00 GMT")]), None, "without a date there is no now");
    let now = (DATE, "Tue, 20 Oct 2015 23:59:30 GMT");
    assert_eq!(headers(&[now.clone(), moment("Wed, 21 Oct 2015 00:00:05 GMT")]), Some(Duration::from_secs(35)));
    assert_eq!(headers(&[now, moment("Wed, 21 Oct 2015 24:00:05 GMT")]), None);
    let later = (DATE, "Wed, 21 Oct 2015 07:28:01 GMT");
    assert_eq!(headers(&[later, moment("Wed, 21 Oct 2015 07:28:00 GMT")]), Some(Duration::ZERO));
}

#[test]
fn pauses_grow_to_a_limit_and_are_the_same_every_time() {
    let patience = Patience::of(&request("x"));
    let url = Url::parse("https://api.statbank.dk/v1/data").expect("an address");
    for attempt in 1..12 {
        let whole = Duration::from_millis(500 << (attempt - 1)).min(Duration::from_mins(1));
        let pause = patience.pause_after(attempt, &url, None);
        assert!(whole / 2 <= pause && pause <= whole, "{attempt}: {pause:?}");
        assert_eq!(pause, patience.pause_after(attempt, &url, None));
    }
    let elsewhere = Url::parse("https://api.statbank.dk/v1/other").expect("an address");
    assert_ne!(patience.pause_after(1, &url, None), patience.pause_after(1, &elsewhere, None));
    assert_eq!(patience.pause_after(1, &url, Some(Duration::from_hours(1))), Duration::from_mins(1));
    assert_eq!(patience.pause_after(1, &url, Some(Duration::ZERO)), Duration::ZERO);
}
