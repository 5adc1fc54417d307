//! A message to a web service: what watches runs is told of one. The other way round than a delivery, so nothing of what
//! is answered is kept, and one try has to do: whoever sends has more important things to do than to wait.

use std::time::Duration;

use model::{Code, Refusal};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::time::timeout;

use super::http::{checked_address, client, root_cause, shown};
use crate::ExtractError;
use crate::error::{Stop, settle};

/// A message.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Where it goes: `https`, or `http` on the loopback interface.
    pub url: &'a str,
    /// What the body is.
    pub content_type: &'a str,
    /// Further headers, each by its name.
    pub headers: &'a [(String, String)],
    /// What is sent.
    pub body: &'a [u8],
    /// Until it is given up.
    pub limit: Duration,
}

/// Sends a message. That it could not be delivered is a refusal.
///
/// # Errors
/// No web client can be made.
pub async fn post(message: &Message<'_>) -> Result<Result<(), Refusal>, ExtractError> {
    settle(send(message).await)
}

async fn send(message: &Message<'_>) -> Result<(), Stop> {
    let url = checked_address(message.url)?;
    let failed = |what: String| {
        let text = format!("the service at `{}` {what}", shown(&url));
        Refusal::new(Code::HTTP_TRANSPORT, text).with_help("Check the address and the network")
    };
    let mut request = client()?.post(url.clone()).header(CONTENT_TYPE, message.content_type);
    for (name, value) in message.headers {
        let header = HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::try_from(value.as_str()).ok());
        let (name, mut value) = header.ok_or_else(|| failed("cannot be sent a header of that form".to_owned()))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    let response = match timeout(message.limit, request.body(message.body.to_vec()).send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(failed(format!("could not be reached: {}", root_cause(&error))).into()),
        Err(_) => return Err(failed(format!("said nothing for {} seconds", message.limit.as_secs())).into()),
    };
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(failed(format!("answered with status {}", status.as_u16())).into()) }
}
