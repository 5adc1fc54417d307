//! Which definition a file is, by its path: the folder gives the kind, the stem the id.

use model::{Code, Text};

use crate::project::Project;
use crate::yaml::{Cursor, Keys, Report};

/// The kinds of definitions, in the order in which they are resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A code list.
    CodeList,
    /// A dataset.
    Dataset,
    /// A source.
    Source,
    /// An indicator.
    Indicator,
    /// A comparison group.
    ComparisonGroup,
    /// A pipeline.
    Pipeline,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::CodeList, Self::Dataset, Self::Source, Self::Indicator, Self::ComparisonGroup, Self::Pipeline];

    /// The word after `kind:`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::CodeList => "codelist",
            Self::Dataset => "dataset",
            Self::Source => "source",
            Self::Indicator => "indicator",
            Self::ComparisonGroup => "comparison_group",
            Self::Pipeline => "pipeline",
        }
    }
}

/// What a path says about a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity<'f> {
    /// The kind, by the folder.
    pub(crate) kind: Kind,
    /// The id, by the stem.
    pub(crate) id: &'f str,
    /// The version that the stem of an older indicator names: `pupils@1`.
    pub(crate) version: Option<&'f str>,
    /// The folder of a source or indicator.
    pub(crate) folder: Option<&'f str>,
}

/// What a path is to the definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role<'f> {
    /// A definition.
    Definition(Identity<'f>),
    /// A YAML file at a place where no definition belongs.
    Misplaced(&'static str),
    /// Something else, such as the table of a code list.
    Other,
}

const PLACES: &str = "definitions stand in `codelists/<id>.yaml`, `datasets/<id>.yaml`, `sources/<vendor>/<id>.yaml`, \
    `indicators/<area>/<id>.yaml` and `comparison_groups/<id>.yaml`, pipelines in `<id>.yaml` of their own folder";

impl<'f> Role<'f> {
    /// The role of a path below the project.
    pub(crate) fn of(path: &'f str, project: &Project) -> Self {
        let below = |folder: &str| path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let (rest, is_pipeline) = match (below(&project.pipelines), below(&project.definitions)) {
            (Some(rest), _) => (rest, true),
            (None, Some(rest)) => (rest, false),
            (None, None) => return Self::Other,
        };
        let stem = match rest.rsplit_once('.') {
            Some((stem, "yaml")) => stem,
            Some((_, "yml")) => return Self::Misplaced("the name of a definition's file ends in `.yaml`"),
            _ => return Self::Other,
        };
        let parts: Vec<&str> = stem.split('/').collect();
        let plain = |kind, id| Identity { kind, id, version: None, folder: None };
        Self::Definition(match (is_pipeline, parts.as_slice()) {
            (true, [id]) => plain(Kind::Pipeline, *id),
            (false, ["codelists", id]) => plain(Kind::CodeList, *id),
            (false, ["comparison_groups", id]) => plain(Kind::ComparisonGroup, *id),
            (false, ["datasets", id]) => plain(Kind::Dataset, *id),
            (false, ["sources", vendor, id]) => Identity { folder: Some(*vendor), ..plain(Kind::Source, *id) },
            (false, ["indicators", area, stem]) => {
                let (id, version) = stem.split_once('@').map_or((*stem, None), |(id, version)| (id, Some(version)));
                Identity { folder: Some(*area), version, ..plain(Kind::Indicator, id) }
            }
            _ => return Self::Misplaced(PLACES),
        })
    }
}

/// What all kinds begin with.
#[derive(Debug)]
pub(crate) struct Head {
    /// The title.
    pub(crate) title: Option<Text>,
    /// The description; pipelines have none.
    pub(crate) description: Option<Text>,
}

/// Reads and checks `kind`, `id`, `title` and `description`.
pub(crate) fn head(keys: &mut Keys<'_>, identity: Identity<'_>, report: &mut Report<'_>) -> Head {
    if let Some(cursor) = keys.need("kind", report) {
        check_kind(cursor, identity.kind, report);
    }
    if let Some(cursor) = keys.need("id", report) {
        check_id(cursor, identity, report);
    }
    let title = keys.need("title", report).and_then(|cursor| cursor.bilingual(report));
    let described = identity.kind != Kind::Pipeline;
    let description = if described { keys.need("description", report) } else { keys.take("description") };
    Head { title, description: description.and_then(|cursor| cursor.bilingual(report)) }
}

fn check_kind(cursor: Cursor<'_>, kind: Kind, report: &mut Report<'_>) {
    let choices = Kind::ALL.map(|kind| (kind.word(), kind));
    if let Some(written) = cursor.choice(report, &choices).filter(|written| *written != kind) {
        let message =
            format!("this is of the kind `{}`, but stands in the folder of the {}s", written.word(), kind.word());
        report.error(Code::INVALID_VALUE, cursor.span(), message).help("move the file, or correct `kind`");
    }
}

fn check_id(cursor: Cursor<'_>, identity: Identity<'_>, report: &mut Report<'_>) {
    let Some(id) = cursor.id(report, model::FieldName::new) else { return };
    if id.value.as_str() != identity.id {
        let message = format!("the id is `{}`, but the file is named `{}`", id.value, identity.id);
        report.error(Code::ID_NOT_STEM, id.span, message).help(format!("name the file `{}.yaml`", id.value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_what_a_file_is() {
        let project = Project::default();
        let of = |path: &'static str| match Role::of(path, &project) {
            Role::Definition(identity) => Some((identity.kind.word(), identity.id, identity.version, identity.folder)),
            Role::Misplaced(_) | Role::Other => None,
        };
        assert_eq!(of("definitions/codelists/sex.yaml"), Some(("codelist", "sex", None, None)));
        assert_eq!(of("definitions/sources/kmd/opus.yaml"), Some(("source", "opus", None, Some("kmd"))));
        assert_eq!(of("definitions/indicators/a/b@1.yaml"), Some(("indicator", "b", Some("1"), Some("a"))));
        assert_eq!(of("definitions/comparison_groups/a.yaml"), Some(("comparison_group", "a", None, None)));
        assert_eq!(of("pipelines/example.yaml"), Some(("pipeline", "example", None, None)));
        for path in
            ["definitions/x.yaml", "definitions/sources/x.yaml", "pipelines/a/b.yaml", "definitions/datasets/x.yml"]
        {
            assert!(matches!(Role::of(path, &project), Role::Misplaced(_)), "{path}");
        }
        for path in ["definitions/codelists/sex.csv", "definitions/README.md", "musketer.yaml", "pipelinesx/a.yaml"] {
            assert_eq!(Role::of(path, &project), Role::Other, "{path}");
        }
    }
}
