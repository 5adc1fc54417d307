//! A source that is fetched from a web API: a real server on the loopback interface, a real run.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use crate::place::{Place, example};

/// Answers requests one after the other with these answers, and gives the requests back.
pub(crate) fn serve(answers: Vec<Vec<u8>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1/data", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let answer = |answer: Vec<u8>| {
            let (mut stream, _) = listener.accept().expect("a request");
            let request = request(&mut stream);
            stream.write_all(&answer).expect("answered");
            request
        };
        answers.into_iter().map(answer).collect()
    });
    (url, server)
}

fn request(stream: &mut impl Read) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("a byte") == 1 {
        text.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&text).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).expect("the body");
    head + &String::from_utf8_lossy(&body)
}

pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(crate) fn busy() -> Vec<u8> {
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
}

fn place(url: &str, attempts: u32) -> Place {
    let place = Place::with_uses(&format!(
        "  - source: statbank_population
    municipalities: all
    from: 2024
    to: 2024
    http: {{url: '{url}', body: {{table: FOLK1A, lang: da, format: BULK}}, attempts: {attempts}}}\n"
    ));
    std::fs::create_dir_all(place.path("drop")).expect("made");
    place
}

#[test]
fn a_table_is_fetched_tried_again_and_published() {
    let table = std::fs::read(example().join("deliveries/statbank/folk1a_2024.csv")).expect("the table");
    let (url, server) = serve(vec![busy(), ok(&table), ok(&table)]);
    let place = place(&url, 3);
    place.expect(0, &["run"]);
    let population = place.rows(
        "SELECT value FROM latest_observation
         WHERE indicator = 'population' AND area = '0751' AND period = '2024' AND breakdown = 'total'",
    );
    assert!(population[0][0].parse::<f64>().is_ok_and(|value| value > 100_000.0), "{population:?}");
    assert_eq!(
        place.number(
            "SELECT count(*) FROM latest_observation
             WHERE indicator = 'population' AND breakdown = 'total' AND obs_status = 'A'"
        ),
        104
    );
    // The same answer once more is nothing new.
    place.expect_nothing_new();
    let requests = server.join().expect("the server");
    assert_eq!(requests.len(), 3);
    assert!(
        requests.iter().all(|request| request.starts_with("post /v1/data") && request.contains("FOLK1A")),
        "{requests:?}"
    );
}

#[test]
fn a_cut_answer_or_an_error_is_no_delivery() {
    let table = std::fs::read(example().join("deliveries/statbank/folk1a_2024.csv")).expect("the table");
    let whole = ok(&table);
    let (url, server) = serve(vec![whole[..whole.len() - 1000].to_vec()]);
    let place = place(&url, 1);
    let out = place.expect(3, &["run"]);
    assert!(out.contains("error[M8102]"), "{out}");
    assert_eq!(place.number("SELECT count(*) FROM unit"), 0);
    server.join().expect("the server");

    let (url, server) =
        serve(vec![b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()]);
    let place = self::place(&url, 3);
    let out = place.expect(3, &["run"]);
    assert!(out.contains("error[M8101]") && out.contains("404"), "{out}");
    server.join().expect("the server");
}

#[test]
fn a_plan_asks_nobody_and_apply_takes_the_answer_of_the_moment() {
    let body = std::fs::read(example().join("deliveries/statbank/folk1a_2024.csv")).expect("the example");
    let (url, server) = serve(vec![ok(&body)]);
    let place = place(&url, 1);
    let plan = place.path("plan.json").display().to_string();
    let said = place.expect(5, &["plan", "--detailed-exitcode", "--output", &plan]);
    assert!(said.contains("statbank_population will be asked at http://127.0.0.1"), "{said}");
    // A backfill asks nobody: the one answer is the one that is taken then.
    place.expect(0, &["backfill"]);
    place.expect(0, &["apply", &plan]);
    assert_eq!(server.join().expect("it has ended").len(), 1);
    assert_eq!(place.number("SELECT count(*) FROM delivery WHERE state = 'accepted'"), 1);
    let said = place.musketer(&["plan", "--detailed-exitcode"]);
    assert_eq!(said.code, 0, "what a web API may answer is nothing that is known to be done: {}", said.out);
}
