//! How the files of a source are compressed.

use model::{Code, Compression};

use crate::words::leads_out;
use crate::yaml::{Cursor, Keys, Report};

#[derive(Debug, Clone, Copy)]
enum Kind {
    None,
    Gzip,
    Zstd,
    Zip,
}

/// Reads `compression`, and `member` for a zip archive.
pub(super) fn read(keys: &mut Keys<'_>, report: &mut Report<'_>) -> Option<Compression> {
    let kinds = [("none", Kind::None), ("gzip", Kind::Gzip), ("zstd", Kind::Zstd), ("zip", Kind::Zip)];
    let kind = keys.maybe("compression", |cursor| cursor.choice(report, &kinds)).ok()?.unwrap_or(Kind::None);
    if let Kind::Zip = kind {
        let member = keys.need("member", report).and_then(|cursor| member(cursor, report));
        return member.map(|member| Compression::Zip { member });
    }
    keys.refuse("member", "a file that is no zip archive", report);
    Some(match kind {
        Kind::Gzip => Compression::Gzip,
        Kind::Zstd => Compression::Zstd,
        Kind::None | Kind::Zip => Compression::None,
    })
}

fn member(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<String> {
    let written = cursor.some_text(report)?;
    if leads_out(&written.value) {
        report
            .error(Code::PATH_ESCAPE, written.span, "the pattern leads out of the archive")
            .help("write the member's path in the archive, with `/` and without `..`");
        return None;
    }
    Some(written.value)
}
