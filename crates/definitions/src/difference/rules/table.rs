//! The table of rules, and what it takes to tell two changes of one path apart.

use std::collections::BTreeSet;

use super::super::meaning::Step;
use super::Category::{self, Additive, Breaking, EffectiveDated, TextOnly};
use super::On::{self, Added, Changed, Derived, Removed, Reordered, Rest, Whole};
use super::Rule;
use crate::canonical::Canonical;
use crate::file::Kind::{self, CodeList, ComparisonGroup, Dataset, Indicator, Pipeline, Source};

/// Kind, name, category, what it is about, paths, further words: meaning.
macro_rules! rules {
    ($($kind:ident $id:ident $category:ident $on:ident [$($path:literal),*] $($word:ident($($value:expr)?))*: $meaning:literal;)*) => {
        /// All rules. Of several that fit, the first one holds.
        pub(super) const RULES: &[Rule] = &[
            $(rule($kind, stringify!($id), $category, $on, &[$($path),*], $meaning)$(.$word($($value)?))*,)*
        ];
    };
}

rules! {
    CodeList CODELIST_ADDED Additive Whole [] leaves_rows(): "A code list is new.";
    CodeList CODELIST_REMOVED Breaking Whole [] leaves_rows(): "A code list is gone.";
    CodeList CODELIST_CODE_ADDED Additive Added ["codes/*"]: "A code is new: its rows were rejected before.";
    CodeList CODELIST_CODE_REMOVED Breaking Removed ["codes/*"]: "A code is gone: its rows are rejected.";
    CodeList CODELIST_ALIAS_ADDED Additive Changed ["codes/*/aliases"] when(list_gains): "A code has a further spelling.";
    CodeList CODELIST_ALIAS_REMOVED Breaking Changed ["codes/*/aliases"]: "A spelling of a code is gone: its rows are rejected.";
    CodeList CODELIST_CODE_DATED EffectiveDated Changed ["codes/*/rows"] when(history_goes_on): "The history of a code goes on: from a day on it is closed, or has other attributes.";
    CodeList CODELIST_CODE_HISTORY_CHANGED Breaking Changed ["codes/*/rows"]: "The history of a code is another: what held on days that were already spoken of.";
    CodeList CODELIST_GROUP_ADDED Additive Added ["groups/*"] leaves_rows(): "A group is new.";
    CodeList CODELIST_GROUP_REMOVED Breaking Removed ["groups/*"] leaves_rows(): "A group is gone.";
    CodeList CODELIST_GROUP_EXTENDED Additive Whole ["groups/*"] leaves_rows(): "A group takes in codes that are new in the list; the codes that were known stay where they were.";
    CodeList CODELIST_GROUP_CODES_CHANGED Breaking Changed ["groups/*"] leaves_rows(): "A group has other codes.";
    CodeList CODELIST_GROUP_TIMES_CHANGED Breaking Changed ["group_times"] at(&["groups"]) leaves_rows(): "Codes belong to a group at other times.";
    CodeList CODELIST_CHANGES_DATED EffectiveDated Changed ["changes"] when(list_gains) leaves_rows(): "Further merges, splits or renames of codes, each from its day on.";
    CodeList CODELIST_CHANGES_CHANGED Breaking Changed ["changes"] leaves_rows(): "Merges, splits or renames that were known are gone, or others.";
    CodeList CODELIST_TEXT_CHANGED TextOnly Whole []: "Titles or descriptions of the list, its codes or groups.";
    CodeList CODELIST_MEANING_CHANGED Breaking Rest []: "Something else that the list means.";

    Dataset DATASET_ADDED Additive Whole [] leaves_rows(): "A dataset is new.";
    Dataset DATASET_REMOVED Breaking Whole [] leaves_rows(): "A dataset is gone.";
    Dataset DATASET_WHOLE_COUNTRY_CHANGED Breaking Changed ["whole_country"]: "Whether rows are of the whole country.";
    Dataset DATASET_ROW_UNIT_CHANGED Breaking Changed ["row_unit"] leaves_rows(): "The unit of `count(*)`.";
    Dataset DATASET_PARTITION_CHANGED Breaking Changed ["partition"]: "The step in which data is kept, owed and replaced.";
    Dataset DATASET_MUNICIPALITY_CHANGED Breaking Changed ["municipality"]: "The field with the municipality that a row belongs to.";
    Dataset DATASET_TIME_CHANGED Breaking Changed ["time", "moment", "until"] at(&["time"]): "How a row is placed in time.";
    Dataset DATASET_ROLE_ADDED Additive Added ["roles/*", "roles"] leaves_rows(): "A further municipality of a row has a name.";
    Dataset DATASET_ROLE_REMOVED Breaking Removed ["roles/*", "roles"] leaves_rows(): "A role is gone.";
    Dataset DATASET_ROLE_CHANGED Breaking Changed ["roles/*"] leaves_rows(): "A role is another field.";
    Dataset DATASET_KEY_CHANGED Breaking Changed ["key"]: "What identifies a row: which rows are the same.";
    Dataset DATASET_REQUIRED_FIELD_ADDED Breaking Added ["fields/*"] when(is_required): "A field is new, and a row without it is rejected.";
    Dataset DATASET_FIELD_ADDED Additive Added ["fields/*"]: "A field is new that may be missing.";
    Dataset DATASET_FIELD_REMOVED Breaking Removed ["fields/*"]: "A field is gone.";
    Dataset DATASET_FIELD_TYPE_CHANGED Breaking Changed ["fields/*/type"] at(&["fields/*/type", "fields/*/codelist", "fields/*/precision", "fields/*/scale"]): "What a value is: the type, the code list, the decimals.";
    Dataset DATASET_FIELD_UNIT_CHANGED Breaking Changed ["fields/*/unit"] leaves_rows(): "The unit of the values.";
    Dataset DATASET_FIELD_REQUIRED_CHANGED Breaking Changed ["fields/*/required"]: "Whether a row without a value is rejected.";
    Dataset DATASET_FIELD_PATTERN_CHANGED Breaking Changed ["fields/*/pattern"]: "The form that texts have: which rows are rejected.";
    Dataset DATASET_FIELD_RANGE_CHANGED Breaking Changed ["fields/*/range"]: "The bounds of the values: which rows are rejected.";
    Dataset DATASET_FIELD_MASKED_CHANGED Breaking Derived ["fields/*/masked"] at(&["fields/*/pattern", "fields/*/type"]): "Whether a text is free, so that personal numbers in it are masked.";
    Dataset DATASET_FIELDS_REORDERED TextOnly Reordered ["fields"]: "The columns stand in another order. No figure changes; deliveries are read again.";
    Dataset DATASET_NOTE_CHANGED Additive Changed ["checks/*"] when(only_notes): "A check that rejects no rows is new, gone, or another.";
    Dataset DATASET_CHECK_CHANGED Breaking Changed ["checks/*"]: "A check that rejects rows is new, gone, or another.";
    Dataset DATASET_CHECKS_REORDERED TextOnly Reordered ["checks"]: "The checks stand in another order.";
    Dataset DATASET_TEXT_CHANGED TextOnly Whole []: "Titles, descriptions, what one row is.";
    Dataset DATASET_INDIRECTLY_CHANGED Breaking Whole []: "A group that a check names has other codes.";
    Dataset DATASET_MEANING_CHANGED Breaking Rest []: "Something else that the dataset means.";

    Source SOURCE_ADDED Additive Whole [] leaves_rows(): "A source is new.";
    Source SOURCE_REMOVED Breaking Whole [] leaves_rows(): "A source is gone: its deliveries are read no more.";
    Source SOURCE_VALIDITY_CHANGED EffectiveDated Changed ["valid_from", "valid_to"] at(&["valid"]): "The periods in which deliveries have this layout.";
    Source SOURCE_DATASET_CHANGED Breaking Changed ["dataset"]: "The dataset that the rows go to.";
    Source SOURCE_DELIVERY_CHANGED Breaking Changed ["file", "one_municipality", "period", "load", "min_rows"] at(&["delivery"]): "Which files are deliveries, what they cover, and when they count.";
    Source SOURCE_FORMAT_CHANGED Breaking Changed ["format", "compression", "input_encoding"] at(&["format", "delivery"]): "How bytes become cells.";
    Source SOURCE_MAPPING_ADDED Additive Added ["fields/*"]: "A field has values that had none.";
    Source SOURCE_MAPPING_REMOVED Breaking Removed ["fields/*"]: "A field has no values any more.";
    Source SOURCE_MAPPING_EXTENDED Additive Changed ["fields/*"] when(mapping_is_extended): "A field knows further column names or words; what was understood is understood as before.";
    Source SOURCE_MAPPING_CHANGED Breaking Changed ["fields/*"] at(&["fields/*", "numbers", "null"]): "A field is made of another column, or in another way.";
    Source SOURCE_SKIP_CHANGED Breaking Changed ["skip/*"]: "A skip rule is new, gone, or another: which records are left out.";
    Source SOURCE_SKIP_REORDERED TextOnly Reordered ["skip"]: "The skip rules stand in another order: records are left out by another name.";
    Source SOURCE_CONTROL_CHANGED Breaking Changed ["control"]: "What control records state: which deliveries are refused.";
    Source SOURCE_BUDGET_CHANGED TextOnly Whole []: "What a delivery may be like before it is withheld. No figure is defined otherwise, and no file is read again.";
    Source SOURCE_TESTS_CHANGED Additive Whole [] leaves_rows(): "Tests.";
    Source SOURCE_TEXT_CHANGED TextOnly Whole []: "Titles, descriptions, who makes the system, when a delivery is due.";
    Source SOURCE_INDIRECTLY_CHANGED Breaking Whole []: "The dataset that it fills has changed.";
    Source SOURCE_MEANING_CHANGED Breaking Rest []: "Something else that the source means.";

    Indicator INDICATOR_ADDED Additive Whole []: "An indicator is new.";
    Indicator INDICATOR_REMOVED Breaking Whole []: "An indicator is gone: its figures are published no more.";
    Indicator INDICATOR_VERSION_RAISED EffectiveDated Changed ["version"] at(&["version", "supersedes"]): "A new version takes the place of the one before.";
    Indicator INDICATOR_VERSION_ADDED Additive Whole []: "The file of an older version is new.";
    Indicator INDICATOR_VERSION_REMOVED Breaking Whole []: "The file of an older version is gone.";
    Indicator INDICATOR_VALIDITY_CHANGED EffectiveDated Changed ["valid_from", "valid_to"] at(&["valid"]): "The periods that the version defines.";
    Indicator INDICATOR_BREAKS_CHANGED EffectiveDated Changed ["breaks", "version_breaks"] at(&["reservations", "supersedes", "valid", "version"]): "The periods with which the series begins anew.";
    Indicator INDICATOR_AREA_CHANGED TextOnly Changed ["area"]: "The municipal area that it belongs to. No figure changes.";
    Indicator INDICATOR_PERIOD_CHANGED Breaking Changed ["period"]: "The length of its periods.";
    Indicator INDICATOR_UNIT_CHANGED Breaking Changed ["unit"]: "The unit of the values.";
    Indicator INDICATOR_CONVERSION_CHANGED Breaking Derived ["conversion"] at(&["unit", "formula"]): "The factor between the unit of the formula and that of the values.";
    Indicator INDICATOR_DECIMALS_CHANGED Breaking Changed ["decimals"]: "The decimals of the values.";
    Indicator INDICATOR_ROUNDING_CHANGED Breaking Changed ["rounding"]: "How values are rounded.";
    Indicator INDICATOR_MEASURE_ADDED Breaking Added ["measures/*"]: "A measure is new: no figure is published where it is missing.";
    Indicator INDICATOR_MEASURE_REMOVED Breaking Removed ["measures/*"]: "A measure is gone.";
    Indicator INDICATOR_MEASURE_DATASET_CHANGED Breaking Changed ["measures/*/dataset"] at(&["measures/*/from"]): "What a measure is computed of.";
    Indicator INDICATOR_MEASURE_ROLE_CHANGED Breaking Changed ["measures/*/role"]: "The municipality that a row counts for.";
    Indicator INDICATOR_MEASURE_TIME_CHANGED Breaking Changed ["measures/*/time", "measures/*/window"] at(&["measures/*/at", "measures/*/active", "measures/*/shift", "measures/*/rolling", "measures/*/cumulative"]): "Which rows belong to a period.";
    Indicator INDICATOR_MEASURE_JOIN_CHANGED Breaking Changed ["measures/*/join"]: "What is looked up for a row, and by what.";
    Indicator INDICATOR_MEASURE_PRICE_CHANGED Breaking Changed ["measures/*/price"]: "The prices in which an amount is stated.";
    Indicator INDICATOR_MEASURE_ABSENT_CHANGED Breaking Changed ["measures/*/absent"]: "What must not be there at another time.";
    Indicator INDICATOR_MEASURE_GROUPING_CHANGED Breaking Changed ["measures/*/per"] at(&["measures/*/per", "measures/*/let", "measures/*/having"]): "The first grouping of the rows, and which groups count.";
    Indicator INDICATOR_MEASURE_FILTER_CHANGED Breaking Changed ["measures/*/filter"] at(&["measures/*/where", "dimensions"]): "Which rows count.";
    Indicator INDICATOR_MEASURE_VALUE_CHANGED Breaking Changed ["measures/*/aggregate"] at(&["measures/*/value"]): "What is computed of the rows.";
    Indicator INDICATOR_MEASURE_SCALE_CHANGED Breaking Derived ["measures/*/scale"] at(&["measures/*/value"]): "The decimals that a measure is kept with.";
    Indicator INDICATOR_MEASURE_UNIT_CHANGED Breaking Derived ["measures/*/unit"] at(&["measures/*/value"]): "The unit of a measure.";
    Indicator INDICATOR_FORMULA_CHANGED Breaking Changed ["formula"]: "How the measures are combined.";
    Indicator INDICATOR_OLDER_PARTS_CHANGED Breaking Derived ["made_of_older"] at(&["formula"]): "What its formula means with older versions of those that it names.";
    Indicator INDICATOR_BREAKDOWN_ADDED Additive Added ["breakdowns", "breakdowns/*", "slicings", "slicings/*", "slicings/*/*"] at(&["breakdowns"]): "Figures of further parts; the others are as they were.";
    Indicator INDICATOR_BREAKDOWN_ADDED Additive Added ["dimensions", "dimensions/*"] at(&["breakdowns", "dimensions"]): "Figures of further parts; the others are as they were.";
    Indicator INDICATOR_BREAKDOWN_REMOVED Breaking Removed ["breakdowns", "breakdowns/*", "slicings", "slicings/*", "slicings/*/*"] at(&["breakdowns"]): "Figures of parts are published no more.";
    Indicator INDICATOR_BREAKDOWN_REMOVED Breaking Removed ["dimensions", "dimensions/*"] at(&["breakdowns", "dimensions"]): "Figures of parts are published no more.";
    Indicator INDICATOR_DIMENSION_CHANGED Breaking Changed ["dimensions/*"]: "The categories of a dimension.";
    Indicator INDICATOR_MEASURE_BREAKDOWN_CHANGED Breaking Changed ["slicings/*/*"] at(&["measures/*/breakdown", "measures/*/where", "dimensions"]): "What a measure is in the parts of a breakdown.";
    Indicator INDICATOR_ADDITIVITY_CHANGED Breaking Derived ["breakdowns/*"] at(&["breakdowns", "dimensions", "measures", "formula", "groups", "plausible"]): "Whether parts are proven to add up to the total.";
    Indicator INDICATOR_MISSING_CHANGED Breaking Changed ["missing"]: "What missing data means.";
    Indicator INDICATOR_GROUPS_CHANGED Breaking Changed ["groups"]: "What a figure of several municipalities is.";
    Indicator INDICATOR_PLAUSIBLE_CHANGED Breaking Changed ["plausible"]: "What is to be expected of figures: which are flagged or taken out.";
    Indicator INDICATOR_INCLUDED_IN_DATED EffectiveDated Changed ["included_in"] when(dated_gains): "From a period on, a municipality is included in another one.";
    Indicator INDICATOR_INCLUDED_IN_CHANGED Breaking Changed ["included_in"]: "Who is included in whose figures.";
    Indicator INDICATOR_TESTS_CHANGED Additive Whole []: "Tests.";
    Indicator INDICATOR_TEXT_CHANGED TextOnly Whole []: "Titles, descriptions, reservations, the direction, or other words for the same.";
    Indicator INDICATOR_INDIRECTLY_CHANGED Breaking Whole []: "Something that it is made of has changed: a dataset, a code list, a source, another indicator.";
    Indicator INDICATOR_INDIRECTLY_EXTENDED Additive Whole []: "Something that it is made of takes in more than before.";
    Indicator INDICATOR_MEANING_CHANGED Breaking Rest []: "Something else that the indicator means.";

    ComparisonGroup COMPARISON_GROUP_ADDED Additive Whole []: "A comparison group is new.";
    ComparisonGroup COMPARISON_GROUP_REMOVED Breaking Whole []: "A comparison group is gone, and so are its figures.";
    ComparisonGroup COMPARISON_GROUP_MEMBERS_DATED EffectiveDated Changed ["members"] when(dated_gains): "From a day on, further municipalities belong to the group.";
    ComparisonGroup COMPARISON_GROUP_MEMBERS_CHANGED Breaking Changed ["members", "attribute", "nearest"]: "Others belong to the group: its figures are others. Those of municipalities are as they were, so no indicator needs a new version.";
    ComparisonGroup COMPARISON_GROUP_INDICATORS_CHANGED Breaking Changed ["areas", "indicators"] at(&["for"]): "Other indicators have figures of the group.";
    ComparisonGroup COMPARISON_GROUP_TEXT_CHANGED TextOnly Whole []: "Titles and descriptions.";
    ComparisonGroup COMPARISON_GROUP_MEANING_CHANGED Breaking Rest []: "Something else that the group means.";

    Pipeline PIPELINE_ADDED Additive Whole []: "A pipeline is new.";
    Pipeline PIPELINE_REMOVED Breaking Whole []: "A pipeline is gone.";
    Pipeline PIPELINE_INDICATOR_ADDED Additive Changed ["indicators"] when(list_gains): "Further indicators are published.";
    Pipeline PIPELINE_INDICATOR_REMOVED Breaking Changed ["indicators"]: "An indicator is published no more.";
    Pipeline PIPELINE_COMPARISON_GROUP_ADDED Additive Changed ["comparison_groups"] when(list_gains): "Figures have further comparison groups.";
    Pipeline PIPELINE_COMPARISON_GROUP_REMOVED Breaking Changed ["comparison_groups"]: "Figures of a comparison group are published no more.";
    Pipeline PIPELINE_VERSIONS_CHANGED Breaking Changed ["definitions"]: "By which versions figures are made: as defined then, or now.";
    Pipeline PIPELINE_USE_ADDED Additive Added ["uses/*"]: "A use of a source is new.";
    Pipeline PIPELINE_USE_REMOVED Breaking Removed ["uses/*"]: "A use of a source is gone.";
    Pipeline PIPELINE_MUNICIPALITY_ADDED Additive Changed ["uses/*/municipalities"] when(list_gains): "Further municipalities use a source.";
    Pipeline PIPELINE_MUNICIPALITY_REMOVED Breaking Changed ["uses/*/municipalities"]: "A municipality uses a source no more.";
    Pipeline PIPELINE_USE_PERIODS_CHANGED EffectiveDated Changed ["uses/*/from", "uses/*/to"]: "The periods in which a source is used.";
    Pipeline PIPELINE_FETCH_CHANGED TextOnly Changed ["uses/*/fetch", "drop"] at(&["uses/*/http", "drop"]): "Where deliveries come from. What they mean is as it was.";
    Pipeline PIPELINE_DUE_CHANGED TextOnly Changed ["uses/*/due"]: "When deliveries are due. No figure depends on it.";
    Pipeline PIPELINE_APPROVALS_CHANGED EffectiveDated Changed ["approvals"]: "Whose figures are held until somebody approves them, and from which period on. What is held is no figure otherwise.";
    Pipeline PIPELINE_USES_REORDERED TextOnly Reordered ["uses"]: "The uses stand in another order.";
    Pipeline PIPELINE_TEXT_CHANGED TextOnly Whole []: "Titles and descriptions.";
    Pipeline PIPELINE_MEANING_CHANGED Breaking Rest []: "Something else that the pipeline means.";
}

const fn rule(
    kind: Kind,
    id: &'static str,
    category: Category,
    on: On,
    paths: &'static [&'static str],
    meaning: &'static str,
) -> Rule {
    let rereads = matches!(kind, CodeList | Dataset | Source) && !matches!(category, TextOnly);
    Rule { id, category, meaning, rereads, kind, on, paths, written: &[], when: None }
}

impl Rule {
    const fn at(mut self, written: &'static [&'static str]) -> Self {
        self.written = written;
        self
    }

    const fn when(mut self, when: fn(&Step) -> bool) -> Self {
        self.when = Some(when);
        self
    }

    const fn leaves_rows(mut self) -> Self {
        self.rereads = false;
        self
    }
}

/// Whether a list has only gained items.
fn gains(before: Option<&Canonical>, after: Option<&Canonical>) -> bool {
    let (old, new) = (before.map_or(&[][..], Canonical::items), after.map_or(&[][..], Canonical::items));
    old.iter().all(|item| new.contains(item))
}

fn list_gains(step: &Step) -> bool {
    gains(step.before.as_ref(), step.after.as_ref())
}

/// Whether a list has gained items alone, and each says from when on it holds.
fn dated_gains(step: &Step) -> bool {
    let old = step.before.as_ref().map_or(&[][..], Canonical::items);
    let new = step.after.as_ref().map_or(&[][..], Canonical::items);
    list_gains(step) && new.iter().filter(|item| !old.contains(item)).all(|item| item.get("from").is_some())
}

/// Whether the rows of a code go on where they ended before: what held on a day that was spoken of holds still.
fn history_goes_on(step: &Step) -> bool {
    let (Some(Canonical::List(old)), Some(Canonical::List(new))) = (&step.before, &step.after) else { return false };
    let Some((last, earlier)) = old.split_last() else { return false };
    let continued =
        |row: &Canonical| row.get("from") == last.get("from") && row.get("attributes") == last.get("attributes");
    let open = last.get("to").is_none();
    new.starts_with(earlier)
        && new.get(earlier.len()).is_some_and(|row| row == last || (open && continued(row)))
        && new[earlier.len() + 1..].iter().all(|row| row.get("from").is_some())
}

fn is_required(step: &Step) -> bool {
    step.after.as_ref().and_then(|field| field.get("required")).and_then(Canonical::plain) == Some("true")
}

/// Whether a check only counts rows and rejects none.
fn only_notes(step: &Step) -> bool {
    let notes = |check: &Canonical| {
        let severity = check.get("severity").and_then(Canonical::plain);
        severity.is_some_and(|severity| ["warning", "info"].contains(&severity))
    };
    [&step.before, &step.after].into_iter().flatten().all(notes)
}

/// Whether a mapping knows further columns or words, and does everything else as before.
fn mapping_is_extended(step: &Step) -> bool {
    let (Some(old), Some(new)) = (&step.before, &step.after) else { return false };
    let gained_words = |old: Option<&Canonical>, new: Option<&Canonical>| {
        old.is_none_or(|old| old.entries().all(|(word, to)| new.and_then(|new| new.get(word)) == Some(to)))
    };
    let names: BTreeSet<&String> = old.entries().chain(new.entries()).map(|(name, _)| name).collect();
    names.into_iter().all(|name| {
        let (old, new) = (old.get(name), new.get(name));
        old == new
            || (name == "from" && old.is_some_and(|old| !old.items().is_empty()) && gains(old, new))
            || (name == "map" && gained_words(old, new))
    })
}
