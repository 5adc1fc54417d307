//! Deliveries from a web API: one request, tried a few times, streamed into the archive.
//!
//! A body counts only when it came whole: a short, broken or oversized one leaves nothing behind. Redirects are not
//! followed, since an address that was checked must be the address that is asked. Whether a whole body is what the
//! source expects (an error page has status 200 often enough) is found when it is read.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use model::{Code, Date, Fingerprint, HttpFetch, Refusal};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use tokio::time::timeout;

use crate::archive::Spool;
use crate::error::{Stop, settle};
use crate::{Archive, ExtractError, Stored};

/// Fetches a delivery into the archive.
///
/// # Errors
/// The archive cannot be written, or no web client can be made. Everything that the server does is a refusal.
pub async fn fetch(request: &HttpFetch, archive: &Archive) -> Result<Result<Stored, Refusal>, ExtractError> {
    settle(fetch_with(request, archive, &Patience::of(request)).await)
}

/// How long one waits for what.
struct Patience {
    /// Before the second try; twice as long before each further one.
    pause: Duration,
    /// The longest pause, also where the server asks for a longer one.
    longest_pause: Duration,
    /// Until a request that makes no progress is given up.
    idle: Duration,
    /// Until a request as a whole is given up.
    total: Duration,
}

impl Patience {
    fn of(request: &HttpFetch) -> Self {
        Self {
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_mins(1),
            idle: Duration::from_secs(request.idle_timeout_seconds),
            total: Duration::from_secs(request.total_timeout_seconds),
        }
    }

    /// The pause after a failed try. The jitter keeps a hundred pipelines from coming back at the same moment; it
    /// follows from the address and the number of the try, so that a run is the same every time.
    fn pause_after(&self, attempt: u32, url: &Url, asked: Option<Duration>) -> Duration {
        if let Some(asked) = asked {
            return asked.min(self.longest_pause);
        }
        let doubled = self.pause.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.longest_pause);
        let hash = Fingerprint::of(format!("{url} {attempt}").as_bytes()).to_string();
        let share = u32::from_str_radix(&hash[..4], 16).unwrap_or(0);
        doubled / 2 + (doubled / 2).saturating_mul(share) / 0x1_0000
    }
}

/// Why one try came to nothing.
enum Failure {
    /// Trying again would not help.
    Final(Stop),
    /// Trying again may help; the server may have said when.
    Passing { refusal: Refusal, asked: Option<Duration> },
}

impl<E: Into<Stop>> From<E> for Failure {
    fn from(stop: E) -> Self {
        Self::Final(stop.into())
    }
}

async fn fetch_with(request: &HttpFetch, archive: &Archive, patience: &Patience) -> Result<Stored, Stop> {
    let url = checked_address(&request.url)?;
    let client = client()?;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let tried = timeout(patience.total, try_once(&client, &url, request, archive, patience)).await;
        let failure = tried.unwrap_or_else(|_| {
            Err(passing(&url, &format!("did not finish its answer in {} seconds", patience.total.as_secs())))
        });
        match failure {
            Ok(stored) => return Ok(stored),
            Err(Failure::Final(stop)) => return Err(stop),
            Err(Failure::Passing { refusal, .. }) if attempt >= request.attempts => {
                let message = format!("{}, also on try {attempt}", refusal.message);
                return Err(refusal.with_message(message).into());
            }
            Err(Failure::Passing { asked, .. }) => {
                tokio::time::sleep(patience.pause_after(attempt, &url, asked)).await;
            }
        }
    }
}

/// The address, if it may be asked.
pub(super) fn checked_address(text: &str) -> Result<Url, Refusal> {
    let refuse = |message: String| {
        Refusal::new(Code::HTTP_ADDRESS, message).with_help("Use an `https` address; `http` is for loopback alone")
    };
    let url = Url::parse(text).map_err(|error| refuse(format!("the address is none: {error}")))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(refuse(format!("the address `{}` is not encrypted", shown(&url)))),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The address without what could be secret: name, password, query.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

pub(super) fn client() -> Result<Client, ExtractError> {
    // A second installation fails because there is one already, which is what is wanted.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .user_agent(concat!("musketer/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ExtractError::WebClient { reason: root_cause(&error) })
}

async fn try_once(
    client: &Client,
    url: &Url,
    request: &HttpFetch,
    archive: &Archive,
    patience: &Patience,
) -> Result<Stored, Failure> {
    let builder = match &request.body {
        Some(body) => client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body.clone()),
        None => client.get(url.clone()),
    };
    let response = match timeout(patience.idle, builder.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(passing(url, &format!("could not be reached: {}", root_cause(&error)))),
        Err(_) => return Err(silent(url, patience)),
    };
    check_status(url, &response)?;
    if response.content_length().is_some_and(|length| length > request.max_bytes) {
        return Err(too_big(url, request.max_bytes).into());
    }
    let mut spool = archive.begin()?;
    receive(response, url, request.max_bytes, patience, &mut spool).await?;
    Ok(spool.finish()?)
}

/// Streams the body into the archive. That a body is as long as the server announced is seen to by the client.
async fn receive(
    mut response: Response,
    url: &Url,
    max_bytes: u64,
    patience: &Patience,
    spool: &mut Spool,
) -> Result<(), Failure> {
    loop {
        match timeout(patience.idle, response.chunk()).await {
            Ok(Ok(Some(chunk))) => spool.write(&chunk)?,
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(passing(url, &format!("broke off its answer: {}", root_cause(&error)))),
            Err(_) => return Err(silent(url, patience)),
        }
        if spool.bytes() > max_bytes {
            return Err(too_big(url, max_bytes).into());
        }
    }
}

fn check_status(url: &Url, response: &Response) -> Result<(), Failure> {
    let status = response.status();
    if status == StatusCode::OK {
        return Ok(());
    }
    if status.is_redirection() {
        let message =
            format!("the server at `{}` sends the request elsewhere (status {})", shown(url), status.as_u16());
        let refusal = Refusal::new(Code::HTTP_REDIRECT, message)
            .with_help("Put the final address into the pipeline, if it is one to be trusted");
        return Err(refusal.into());
    }
    let message = format!("the server at `{}` answered with status {}", shown(url), status.as_u16());
    let refusal = Refusal::new(Code::HTTP_STATUS, message);
    let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if status.is_server_error() || again {
        return Err(Failure::Passing { refusal, asked: retry_after(response.headers()) });
    }
    Err(refusal.with_help("Check the address and the request; 401 and 403 mean that the access is missing").into())
}

fn passing(url: &Url, what: &str) -> Failure {
    let message = format!("the server at `{}` {what}", shown(url));
    let refusal = Refusal::new(Code::HTTP_TRANSPORT, message).with_help("Check the network, then run again");
    Failure::Passing { refusal, asked: None }
}

fn silent(url: &Url, patience: &Patience) -> Failure {
    passing(url, &format!("sent nothing for {} seconds", patience.idle.as_secs()))
}

fn too_big(url: &Url, max_bytes: u64) -> Refusal {
    let message = format!("the answer of `{}` has more than {max_bytes} bytes", shown(url));
    Refusal::new(Code::HTTP_TOO_BIG, message).with_help("Ask for less, or raise `max_bytes`")
}

/// What the server asks to wait: a number of seconds, or a moment, which is measured against the same answer's own
/// date. So no clock is needed here, and one that goes wrong on either side does not matter.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = http_date(asked)? - http_date(text(DATE)?)?;
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of a date that servers still send.
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.split([' ', ':']);
    let mut number = || parts.next()?.parse::<u32>().ok();
    let day = number()?;
    let month = parts.next().and_then(|name| MONTHS.iter().position(|known| *known == name))?;
    let mut number = || parts.next()?.parse::<u32>().ok();
    let (year, hour, minute, second) = (number()?, number()?, number()?, number()?);
    let date = Date::new(i32::try_from(year).ok()?, u32::try_from(month).ok()? + 1, day)?;
    (hour < 24 && minute < 60 && second <= 60)
        .then(|| i64::from(date.days()) * 86_400 + i64::from(hour * 3600 + minute * 60 + second))
}

/// The innermost cause: the outer ones repeat the address, which may hold a secret.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = match error.source() {
        Some(source) => source,
        None => return if error.is_timeout() { "time-out".to_owned() } else { "the request is not valid".to_owned() },
    };
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
