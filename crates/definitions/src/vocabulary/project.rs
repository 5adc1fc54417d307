//! The keys of `musketer.yaml`.

use super::{ID, Key, Shape, Type};

/// `musketer.yaml`.
pub(crate) const PROJECT: Shape = Shape::new(
    "musketer",
    "Where a project keeps its things.",
    &[
        Key::optional("pipeline", ID, "The pipeline that `musketer run` runs when none is named."),
        Key::optional("store", Type::Text, "The folder of the database, the archive and the tables; `store`."),
        Key::optional("definitions", Type::Text, "The folder of the definitions; `definitions`."),
        Key::optional("pipelines", Type::Text, "The folder of the pipelines; `pipelines`."),
        Key::optional(
            "canonical",
            Type::Choice(&["zstd", "snappy", "none"]),
            "How the canonical tables are compressed; default `zstd`.",
        ),
        Key::optional("persons", Type::Object(&PERSONS), "The key for pseudonyms."),
    ],
);

/// The key for pseudonyms.
pub(crate) const PERSONS: Shape = Shape::new(
    "persons",
    "Either a `key` file or a `credential`.",
    &[
        Key::depends("key", Type::Text, "A file of at least 32 bytes that only its owner can read."),
        Key::depends("create", Type::Boolean, "Whether the file is made on the first run; default false."),
        Key::depends("credential", Type::Text, "A file of that name in the credentials folder of systemd."),
    ],
);
