//! A tiny project with every kind of definition, and edits of it.

use crate::tree::Files;

const FILES: [(&str, &str); 14] = [
    ("definitions/codelists/municipality.yaml", include_str!("example/municipality.yaml")),
    ("definitions/codelists/municipality.csv", include_str!("example/municipality.csv")),
    ("definitions/codelists/account.yaml", include_str!("example/account.yaml")),
    ("definitions/codelists/account.csv", include_str!("example/account.csv")),
    ("definitions/codelists/account_changes.csv", include_str!("example/account_changes.csv")),
    ("definitions/datasets/postings.yaml", include_str!("example/postings.yaml")),
    ("definitions/datasets/prices.yaml", include_str!("example/prices.yaml")),
    ("definitions/datasets/vouchers.yaml", include_str!("example/vouchers.yaml")),
    ("definitions/datasets/pupils.yaml", include_str!("example/pupils.yaml")),
    ("definitions/sources/acme/acme_postings.yaml", include_str!("example/acme_postings.yaml")),
    ("definitions/sources/acme/acme_pupils.yaml", include_str!("example/acme_pupils.yaml")),
    ("definitions/indicators/school/expenditure_per_pupil.yaml", include_str!("example/expenditure_per_pupil.yaml")),
    ("definitions/indicators/school/overhead_share.yaml", include_str!("example/overhead_share.yaml")),
    ("pipelines/main.yaml", include_str!("example/main.yaml")),
];

/// The project.
pub(crate) fn files() -> Files {
    FILES.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

/// The project with one text replaced in one file; the text must be there.
pub(crate) fn edited(path: &str, from: &str, to: &str) -> Files {
    let mut files = files();
    let file = files.get_mut(path).expect("a file of the example");
    let text = String::from_utf8(file.clone()).expect("UTF-8");
    assert!(text.contains(from), "{path} has no `{from}`");
    *file = text.replacen(from, to, 1).into_bytes();
    files
}
