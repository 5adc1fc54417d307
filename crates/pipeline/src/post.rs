//! Messages to web services, for callers that know nothing of runtimes.

use std::time::Duration;

use extractor::Message;
use model::Refusal;

use crate::RunError;

/// Sends a message once. That it could not be delivered is the inner error.
pub fn post(
    url: &str,
    content_type: &str,
    headers: &[(String, String)],
    body: &[u8],
    limit: Duration,
) -> Result<Result<(), Refusal>, RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| RunError::Internal(format!("no runtime for network requests: {error}")))?;
    Ok(runtime.block_on(extractor::post(&Message { url, content_type, headers, body, limit }))?)
}
