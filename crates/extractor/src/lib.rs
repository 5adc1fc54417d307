//! Bytes from somewhere into the raw archive, and from the archive into batches of text cells with addresses.
