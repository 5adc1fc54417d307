//! Comparison groups: whom a municipality is compared with, besides its region and the country.
//!
//! Every kind of group ends as [`Membership`]s with dates, so that whoever makes, stores or explains a group's figures
//! asks one question only: who belongs to which area on this day?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::{
    Area, Catalogue, CodeList, ComparisonGroupId, Date, FieldName, Fingerprint, Indicator, IndicatorId,
    MunicipalityCode, Nearest, Text, Validity,
};

/// A resolved comparison group.
#[derive(Debug, Clone)]
pub struct ComparisonGroup {
    /// Its identifier.
    pub id: ComparisonGroupId,
    /// Its title.
    pub title: Text,
    /// Who is compared with whom, and why.
    pub description: Text,
    /// The municipal areas whose indicators have figures of it.
    pub areas: BTreeSet<FieldName>,
    /// Further indicators that have. With neither areas nor indicators all have.
    pub indicators: BTreeSet<IndicatorId>,
    /// Who belongs to it.
    pub rule: MembershipRule,
    /// The hash of the canonical form.
    pub fingerprint: Fingerprint,
    /// The canonical form.
    pub canonical: String,
}

/// How it is decided who belongs to a comparison group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembershipRule {
    /// These municipalities, each for some time. One area.
    Fixed(Vec<(MunicipalityCode, Validity)>),
    /// An attribute of the code list of municipalities. An area for each of its values.
    Attribute(FieldName),
    /// For each municipality those that are most like it. An area for each municipality.
    Nearest(Nearest),
}

/// An area that is a comparison group: `six_cities`, or one of several of a kind, `provinces:03`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComparisonArea {
    /// The group.
    pub group: ComparisonGroupId,
    /// Which one of it: a value of the attribute, or the municipality whose neighbours they are.
    pub part: Option<String>,
}

impl fmt::Display for ComparisonArea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            None => self.group.fmt(f),
            Some(part) => write!(f, "{}:{part}", self.group),
        }
    }
}

impl FromStr for ComparisonArea {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (group, part) = text.split_once(':').map_or((text, None), |(group, part)| (group, Some(part)));
        let group = ComparisonGroupId::new(group).ok().filter(|_| part != Some(""));
        let area = group.map(|group| Self { group, part: part.map(str::to_owned) });
        area.ok_or_else(|| format!("`{text}` is no comparison group: `six_cities`, or `provinces:03`"))
    }
}

/// That a municipality belongs to a comparison group for some time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// The group.
    pub area: ComparisonArea,
    /// From when, both days as in a code list.
    pub validity: Validity,
    /// Its place among the nearest, if they are.
    pub neighbour: Option<Neighbour>,
    /// The municipality.
    pub municipality: MunicipalityCode,
}

/// A place among the nearest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neighbour {
    /// From 1, the nearest first.
    pub rank: u32,
    /// How far away it is, as an exact decimal.
    pub distance: String,
}

impl ComparisonGroup {
    /// Whether the indicator has figures of this group.
    pub fn concerns(&self, indicator: &Indicator) -> bool {
        let everything = self.areas.is_empty() && self.indicators.is_empty();
        everything || self.areas.contains(&indicator.area) || self.indicators.contains(&indicator.id)
    }

    /// What decides by figures who belongs to it, if that is how it is decided.
    pub fn nearest(&self) -> Option<&Nearest> {
        match &self.rule {
            MembershipRule::Nearest(nearest) => Some(nearest),
            MembershipRule::Fixed(_) | MembershipRule::Attribute(_) => None,
        }
    }

    /// One of the group's areas.
    pub fn area(&self, part: Option<&str>) -> ComparisonArea {
        ComparisonArea { group: self.id.clone(), part: part.map(str::to_owned) }
    }

    /// The code list that gives the group's areas their titles, if it is made by an attribute that has one of its name.
    pub fn titles<'c>(&self, catalogue: &'c Catalogue) -> Option<&'c CodeList> {
        let MembershipRule::Attribute(name) = &self.rule else { return None };
        catalogue.codelists.get(name.as_str()).map(AsRef::as_ref)
    }

    /// All areas that the group can have among these municipalities, sorted, each with its title on the day.
    pub fn areas_of(
        &self,
        list: &CodeList,
        values: Option<&CodeList>,
        municipalities: &[MunicipalityCode],
        day: Date,
    ) -> BTreeMap<ComparisonArea, Text> {
        let named = |name: &Text| Text {
            da: format!("{}: {}", self.title.da, name.da),
            en: format!("{}: {}", self.title.en, name.en),
        };
        let title = |list: &CodeList, code: &str| list.index_of(code).map(|index| list.title_of(index, day).clone());
        let plain = |code: &str| Text { da: code.to_owned(), en: code.to_owned() };
        match &self.rule {
            MembershipRule::Fixed(_) => BTreeMap::from([(self.area(None), self.title.clone())]),
            MembershipRule::Attribute(_) => {
                let parts: BTreeSet<ComparisonArea> =
                    self.dated_members(list, municipalities).into_iter().map(|one| one.area).collect();
                let titled = parts.into_iter().map(|area| {
                    let code = area.part.clone().unwrap_or_default();
                    let name = values.and_then(|values| title(values, &code)).unwrap_or_else(|| plain(&code));
                    (area, named(&name))
                });
                titled.collect()
            }
            MembershipRule::Nearest(_) => {
                let titled = municipalities.iter().map(|municipality| {
                    let code = municipality.to_string();
                    let name = title(list, &code).unwrap_or_else(|| plain(&code));
                    (self.area(Some(&code)), named(&name))
                });
                titled.collect()
            }
        }
    }

    /// Who belongs to it, as far as figures do not decide that: fixed members, and values of an attribute. Sorted.
    pub fn dated_members(&self, list: &CodeList, municipalities: &[MunicipalityCode]) -> Vec<Membership> {
        let member = |municipality, validity, part: Option<&str>| Membership {
            area: self.area(part),
            validity,
            neighbour: None,
            municipality,
        };
        let mut members: Vec<Membership> = match &self.rule {
            MembershipRule::Nearest(_) => Vec::new(),
            MembershipRule::Fixed(members) => {
                let known = members.iter().filter(|(code, _)| municipalities.contains(code));
                known.map(|(code, validity)| member(*code, *validity, None)).collect()
            }
            MembershipRule::Attribute(name) => municipalities
                .iter()
                .filter_map(|code| Some((*code, list.index_of(&code.to_string())?)))
                .flat_map(|(code, index)| list.attribute_history(index, name.as_str()).map(move |dated| (code, dated)))
                .map(|(code, (validity, value))| member(code, validity, Some(value)))
                .collect(),
        };
        members.sort();
        members
    }
}

/// Who belongs to which area on the day, the members sorted.
pub fn members_on(memberships: &[Membership], day: Date) -> BTreeMap<Area, Vec<MunicipalityCode>> {
    let mut areas: BTreeMap<Area, Vec<MunicipalityCode>> = BTreeMap::new();
    for one in memberships.iter().filter(|one| one.validity.contains(day)) {
        areas.entry(Area::Comparison(one.area.clone())).or_default().push(one.municipality);
    }
    for members in areas.values_mut() {
        members.sort_unstable();
    }
    areas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CodeListBuilder, CodeListId};

    fn day(text: &str) -> Date {
        Date::parse_iso(text).expect(text)
    }

    fn code(text: &str) -> MunicipalityCode {
        MunicipalityCode::new(text).expect(text)
    }

    fn between(from: &str, to: &str) -> Validity {
        let bound = |text: &str| (!text.is_empty()).then(|| day(text));
        Validity { from: bound(from), to: bound(to) }
    }

    fn list() -> CodeList {
        let mut builder = CodeListBuilder::new();
        let mut row = |code: &str, from: &str, to: &str, part: &str, region: &str| {
            let mut attributes = BTreeMap::from([("region".to_owned(), region.to_owned())]);
            attributes.extend((!part.is_empty()).then(|| ("part".to_owned(), part.to_owned())));
            let title = Text { da: format!("K{code}"), en: format!("M{code}") };
            builder.row(code, title, between(from, to), attributes).expect("a row");
        };
        // 0101 changes its region in 2027, and moves in 2030; 0147 has no part after 2012; 0151 never has one.
        row("0101", "2007-01-01", "2027-01-01", "a", "1");
        row("0101", "2027-01-01", "2030-01-01", "a", "2");
        row("0101", "2030-01-01", "", "b", "2");
        row("0147", "2007-01-01", "2012-01-01", "b", "1");
        row("0147", "2012-01-01", "", "", "1");
        row("0151", "2007-01-01", "", "", "1");
        let id = CodeListId::new("municipality").expect("an id");
        builder.build(id, Text::default(), Text::default(), BTreeMap::new(), String::new()).expect("a list")
    }

    fn group(rule: MembershipRule) -> ComparisonGroup {
        ComparisonGroup {
            id: ComparisonGroupId::new("g").expect("an id"),
            title: Text { da: "Gruppe".to_owned(), en: "Group".to_owned() },
            description: Text::default(),
            areas: BTreeSet::new(),
            indicators: BTreeSet::new(),
            rule,
            fingerprint: Fingerprint::of(&[]),
            canonical: String::new(),
        }
    }

    fn shown(members: &BTreeMap<Area, Vec<MunicipalityCode>>) -> Vec<String> {
        let names = |codes: &[MunicipalityCode]| codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        members.iter().map(|(area, codes)| format!("{area} = {}", names(codes))).collect()
    }

    #[test]
    fn the_attribute_on_the_day_decides() {
        let by_part = group(MembershipRule::Attribute(FieldName::new("part").expect("a name")));
        let everybody = [code("0101"), code("0147"), code("0151")];
        let members = by_part.dated_members(&list(), &everybody);
        // That the region changed in 2027 divides nothing.
        let dated: Vec<_> = members.iter().map(|one| (one.area.to_string(), one.validity)).collect();
        let expected = [
            ("g:a", between("2007-01-01", "2030-01-01")),
            ("g:b", between("2007-01-01", "2012-01-01")),
            ("g:b", between("2030-01-01", "")),
        ];
        assert_eq!(dated, expected.map(|(area, validity)| (area.to_owned(), validity)));
        assert_eq!(shown(&members_on(&members, day("2010-01-01"))), ["g:a = 0101", "g:b = 0147"]);
        assert_eq!(shown(&members_on(&members, day("2029-12-31"))), ["g:a = 0101"]);
        assert_eq!(shown(&members_on(&members, day("2030-01-01"))), ["g:b = 0101"]);
        assert_eq!(by_part.dated_members(&list(), &everybody[1..]).len(), 1, "of those that take part");
        let titles = by_part.areas_of(&list(), None, &everybody, day("2024-01-01"));
        let titles: Vec<_> = titles.iter().map(|(area, title)| (area.to_string(), title.en.as_str())).collect();
        assert_eq!(titles, [("g:a".to_owned(), "Group: a"), ("g:b".to_owned(), "Group: b")]);
    }

    #[test]
    fn fixed_members_come_and_go() {
        let members = [(code("0147"), between("", "")), (code("0101"), between("2020-01-01", "2022-01-01"))];
        let fixed = group(MembershipRule::Fixed(members.to_vec()));
        let members = fixed.dated_members(&list(), &[code("0101"), code("0147")]);
        assert_eq!(shown(&members_on(&members, day("2019-12-31"))), ["g = 0147"]);
        assert_eq!(shown(&members_on(&members, day("2020-01-01"))), ["g = 0101 0147"]);
        assert_eq!(shown(&members_on(&members, day("2022-01-01"))), ["g = 0147"]);
    }

    #[test]
    fn areas_are_read_as_they_are_written() {
        for text in ["six_cities", "provinces:03", "a:b:c", "nearest:0751"] {
            assert_eq!(text.parse::<ComparisonArea>().map(|area| area.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "provinces:", ":03", "1082", "DK", "Six"] {
            assert!(text.parse::<ComparisonArea>().is_err(), "{text}");
        }
    }
}
