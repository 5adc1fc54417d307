//! Who belongs to which comparison group.

use model::{Area, ComparisonGroupId, Date, Membership, Neighbour, Text, Validity};
use musketer_loader::{AreaRecord, Language, NamedMembership, Separator, Store, export_members_csv};

use crate::fixtures::{areas, folder, municipality, number, open, publish};

fn id(text: &str) -> ComparisonGroupId {
    ComparisonGroupId::new(text).expect("an id")
}

fn member(area: &str, code: &str, from: &str, to: &str, place: Option<(u32, &str)>) -> Membership {
    Membership {
        area: area.parse().expect("an area"),
        validity: Validity { from: Date::parse_iso(from), to: Date::parse_iso(to) },
        neighbour: place.map(|(rank, distance)| Neighbour { rank, distance: distance.to_owned() }),
        municipality: municipality(code),
    }
}

fn area(code: &str) -> AreaRecord {
    let title = Text { da: format!("Gruppe {code}"), en: format!("Group {code}") };
    AreaRecord { area: Area::Comparison(code.parse().expect("an area")), title, region: None }
}

fn record(store: &mut Store, group: &str, members: &[Membership]) {
    publish(store, |publication| {
        publication.areas(&areas()).expect("areas");
        publication.areas(&["six", "near:0101", "near:0751"].map(area)).expect("areas");
        publication.comparison_group(&id(group), members).expect("members");
    });
}

fn kept(store: &mut Store) -> Vec<NamedMembership> {
    store.read().expect("a snapshot").comparison_groups().expect("members")
}

#[test]
fn members_are_kept_as_they_were_given_and_replaced_group_by_group() {
    let folder = folder();
    let mut store = open(folder.path());
    let six = [member("six", "0101", "", "", None), member("six", "0751", "2012-01-01", "2020-01-01", None)];
    let near = [
        member("near:0751", "0101", "2024-01-01", "2025-01-01", Some((1, "0.5"))),
        member("near:0101", "0751", "2024-01-01", "2025-01-01", Some((1, "0.5"))),
    ];
    record(&mut store, "six", &six);
    record(&mut store, "near", &near);
    let found: Vec<Membership> = kept(&mut store).into_iter().map(|one| one.membership).collect();
    assert_eq!(found, [near[1].clone(), near[0].clone(), six[0].clone(), six[1].clone()]);
    record(&mut store, "near", &near[..1]);
    assert_eq!(kept(&mut store).len(), 3);
    publish(&mut store, |publication| {
        publication.keep_comparison_groups(&[&id("near")].into()).expect("the others are forgotten");
    });
    assert_eq!(number(folder.path(), "SELECT count(*) FROM comparison_group_member"), 1);
}

#[test]
fn the_lists_are_exported() {
    let folder = folder();
    let mut store = open(folder.path());
    record(
        &mut store,
        "near",
        &[
            member("near:0751", "0101", "2024-01-01", "2025-01-01", Some((1, "12.5"))),
            member("near:0101", "0751", "2024-01-01", "", Some((1, "0.0"))),
        ],
    );
    let mut out = Vec::new();
    export_members_csv(&kept(&mut store), Separator::Semicolon, Language::Danish, &mut out).expect("memory");
    let expected = "\
comparison_group;area;area_title;municipality;municipality_title;first_day;day_after;rank;distance
near;near:0101;Gruppe near:0101;0751;Aarhus;2024-01-01;;1;0.0
near;near:0751;Gruppe near:0751;0101;København;2024-01-01;2025-01-01;1;12.5
";
    assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
}
