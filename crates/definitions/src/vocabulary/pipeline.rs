//! The keys of pipelines.

use super::{ALL_OR_LIST, BILINGUAL, ID, Key, Shape, Type};

/// A pipeline.
pub(crate) const PIPELINE: Shape = Shape::new(
    "pipeline",
    "Who uses which source from when to when.",
    &[
        Key::kind(&["pipeline"]),
        Key::id(),
        Key::title(),
        Key::optional("description", BILINGUAL, "What it is, in full sentences."),
        Key::needed("drop", Type::Text, "The drop folder, with its folders."),
        Key::needed("indicators", ALL_OR_LIST, "`all`, or a list of indicators."),
        Key::optional(
            "comparison_groups",
            ALL_OR_LIST,
            "`all`, or a list of comparison groups that the indicators have figures of; none if left out.",
        ),
        Key::optional(
            "definitions",
            Type::Choice(&["then", "now", "both"]),
            "By which versions figures are made: those valid in each period (`then`, the default), the current ones, or both.",
        ),
        Key::optional(
            "approvals",
            Type::List(&Type::Object(&APPROVAL)),
            "Whose figures are held until somebody approves them; none if left out.",
        ),
        Key::needed("uses", Type::List(&Type::Object(&USE)), "Who uses what."),
    ],
);

/// Figures that are held.
pub(crate) const APPROVAL: Shape = Shape::new(
    "approval",
    "Figures of municipalities that are held until somebody approves them.",
    &[
        Key::needed("area", ID, "The area of their indicators."),
        Key::needed("from", Type::Period, "Of periods, of whatever kind, that begin with this one or later."),
    ],
);

/// When a delivery is due.
pub(crate) const DUE: Shape = Shape::new(
    "due",
    "When the delivery of a period is due.",
    &[
        Key::needed("days", Type::Integer(0, 3660), "Days after the period's last day until it is due."),
        Key::optional("grace", Type::Integer(0, 3660), "Days after that until it is late; default 0."),
    ],
);

/// The use of a source.
pub(crate) const USE: Shape = Shape::new(
    "use",
    "The use of a source by municipalities.",
    &[
        Key::needed("source", ID, "The source."),
        Key::needed("municipalities", ALL_OR_LIST, "`all`, or a list of quoted codes."),
        Key::needed("from", Type::Period, "The first period that is owed, of the dataset's `partition`."),
        Key::optional("to", Type::Period, "The last period that is owed; up to the latest delivered one if left out."),
        Key::optional("due", Type::Object(&DUE), "When deliveries are due, if not as the source says."),
        Key::optional("http", Type::Object(&HTTP), "Fetches the answer of a web API, in place of files."),
    ],
);

/// A request.
pub(crate) const HTTP: Shape = Shape::new(
    "http",
    "A request to a web API.",
    &[
        Key::needed("url", Type::Form("^https?://", "https://example.org/"), "The address: `https`."),
        Key::optional("body", Type::Anything, "Sent as JSON with POST; without it the request is a GET."),
        Key::optional("idle_timeout", Type::Integer(1, 3600), "Seconds without progress until it is given up; 30."),
        Key::optional("total_timeout", Type::Integer(1, 86_400), "Seconds as a whole until it is given up; 600."),
        Key::optional("attempts", Type::Integer(1, 20), "How many times it is tried; 5."),
        Key::optional("max_bytes", Type::Integer(1, i64::MAX), "A longer answer is refused; 536870912."),
    ],
);
