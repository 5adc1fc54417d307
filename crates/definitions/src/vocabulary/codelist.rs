//! The keys of code lists.

use super::{BILINGUAL, ID, Key, Shape, Type};

/// A code list.
pub(crate) const CODELIST: Shape = Shape::new(
    "codelist",
    "Which codes there are, and when.",
    &[
        Key::kind(&["codelist"]),
        Key::id(),
        Key::title(),
        Key::description(),
        Key::needed("rows", Type::Text, "The table in the same folder: UTF-8, `;`, a header."),
        Key::optional("attributes", Type::List(&ID), "Further columns of the table."),
        Key::optional("changes", Type::Text, "The table of merges, splits and renames in the same folder."),
        Key::optional("groups", Type::Named(&Type::Object(&GROUP)), "Sets of codes, for `in_group`."),
    ],
);

/// A group.
pub(crate) const GROUP: Shape = Shape::new(
    "group",
    "A set of codes.",
    &[
        Key::needed("title", BILINGUAL, "A short name for people."),
        Key::depends("codes", Type::List(&Type::Text), "Codes; `*` at the end means all that begin so."),
        Key::depends(
            "under",
            Type::List(&Type::Text),
            "Codes of which all that lie below belong to the group, each at its time.",
        ),
        Key::optional("except", Type::List(&Type::Text), "Codes that are left out, written in the same way."),
    ],
);
