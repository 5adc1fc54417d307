//! The keys of `musketer.yaml`.

use std::ops::RangeInclusive;

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
        Key::optional("observability", Type::Object(&OBSERVABILITY), "What runs leave for those who watch them."),
        Key::optional("retention", Type::Object(&RETENTION), "For how long what is done with is kept."),
        Key::optional(
            "exceptions",
            Type::List(&Type::Object(&EXCEPTION)),
            "Changes that `musketer diff` lets pass, each with the reason; of use until the change is part of what is compared with.",
        ),
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

/// A change that is let pass.
pub(crate) const EXCEPTION: Shape = Shape::new(
    "exception",
    "A change that is let pass.",
    &[
        Key::needed("rule", Type::Form("^[A-Z][A-Z0-9_]*$", "INDICATOR_FORMULA_CHANGED"), "The rule of the change."),
        Key::needed("definition", Type::Text, "The id of the definition; of an older version, `<id>@<version>`."),
        Key::needed("reason", Type::Text, "Why figures may change under an old version."),
    ],
);

/// What runs leave for those who watch them.
pub(crate) const OBSERVABILITY: Shape = Shape::new(
    "observability",
    "What runs leave for those who watch them. Paths are relative to the project or absolute.",
    &[
        Key::optional("reports", Type::Boolean, "Whether every run leaves a report in the store; default true."),
        Key::optional("metrics", Type::Text, "A file that Prometheus' collector of text files reads."),
        Key::optional("lineage", Type::Text, "A file or an address that is told of every run in OpenLineage's words."),
        Key::optional("namespace", Type::Text, "The namespace of jobs and datasets in OpenLineage; `musketer`."),
    ],
);

/// The numbers of days that something may be kept for.
pub(crate) const DAYS: RangeInclusive<i64> = 1..=36_500;
const KEPT: Type = Type::Integer(*DAYS.start(), *DAYS.end());

/// For how long what is done with is kept.
pub(crate) const RETENTION: Shape = Shape::new(
    "retention",
    "For how many days what is done with is kept, until `musketer gc` removes it; without a number for ever.",
    &[
        Key::optional("reports", KEPT, "Reports of runs in the store."),
        Key::optional("upgrade_copies", KEPT, "Copies of the database that were made before it was upgraded."),
        Key::optional(
            "superseded_deliveries",
            KEPT,
            "The bytes of deliveries in whose place others hold; what is removed cannot be brought back by `retract`.",
        ),
        Key::optional(
            "unreferenced_deliveries",
            KEPT,
            "Bytes in the raw archive that no delivery names: of runs that were broken off, or of a ledger that was lost.",
        ),
    ],
);
