//! How deliveries come in: a drop folder, or a web API. Both end in the raw archive.

pub(crate) mod file;
pub(crate) mod file_name;
pub mod http;
pub(crate) mod post;
