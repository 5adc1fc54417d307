//! Several versions of one indicator: which of them makes which period, and what others are made of in it.

use model::{AsDefined, Catalogue, Indicator, IndicatorVersion, Period};
use musketer_definitions::load;

use crate::tree::Files;
use crate::{example, tree};

const FOLDER: &str = "definitions/indicators/school";

/// A version of `pupils`, which counts those of some grades.
fn pupils(version: u32, keys: &str, grades: &str) -> String {
    format!(
        "kind: indicator\nid: pupils\nversion: {version}\n{keys}area: school\ntitle: {{da: Elever, en: Pupils}}\n\
         description: {{da: Elever, en: Pupils}}\nperiod: year\nunit: pupil\ndecimals: 0\ndirection: neutral\n\
         measures:\n  pupils: {{from: pupils, at: '09-05', where: grade {grades}, value: count(distinct pupil)}}\n\
         formula: pupils\n"
    )
}

/// An indicator that is made of `pupils`.
fn double(version: u32, keys: &str) -> String {
    let all = pupils(version, keys, "<= 9").replace("id: pupils", "id: double");
    let (head, _) = all.split_once("measures:").expect("measures");
    format!("{head}measures: {{}}\nformula: indicator('pupils') + indicator('pupils')\n")
}

fn with(files: &[(&str, String)]) -> Files {
    let mut all = example::files();
    all.extend(files.iter().map(|(name, text)| (format!("{FOLDER}/{name}.yaml"), text.clone().into_bytes())));
    all
}

fn loaded(files: &[(&str, String)]) -> Catalogue {
    let (catalogue, findings) = load(&with(files));
    assert_eq!(tree::plainly(&findings), "");
    catalogue
}

fn three() -> Vec<(&'static str, String)> {
    vec![
        ("pupils@1", pupils(1, "valid: {from: 2007}\n", "<= 7")),
        ("pupils@2", pupils(2, "valid: {from: 2012, to: 2015}\nsupersedes: pupils@1\n", "<= 8")),
        ("pupils", pupils(3, "valid: {from: 2018}\nsupersedes: pupils@2\n", "<= 9")),
    ]
}

fn words((from, to): (Option<Period>, Option<Period>)) -> String {
    let word = |period: Option<Period>| period.map_or("-".to_owned(), |period| period.to_string());
    format!("{} to {}", word(from), word(to))
}

fn spans<'a>(versions: impl Iterator<Item = &'a Indicator>) -> Vec<String> {
    versions
        .map(|found| format!("{}: {}", found.version, found.defined().map_or("nothing".to_owned(), words)))
        .collect()
}

#[test]
fn a_newer_version_takes_over_with_its_first_period_for_good() {
    let catalogue = loaded(&three());
    let versions = catalogue.versions("pupils").map(AsRef::as_ref);
    assert_eq!(spans(versions), ["1: 2007 to 2011", "2: 2012 to 2015", "3: 2018 to -"]);
    let of = |year: &str| {
        let period = year.parse::<Period>().expect("a year");
        let makes = catalogue.versions("pupils").filter(|version| version.defines(period));
        makes.map(|version| version.version.0).collect::<Vec<_>>()
    };
    let expected: [(&str, &[u32]); 7] =
        [("2006", &[]), ("2007", &[1]), ("2011", &[1]), ("2012", &[2]), ("2016", &[]), ("2018", &[3]), ("2030", &[3])];
    for (year, versions) in expected {
        assert_eq!(of(year), versions, "{year}");
    }
    assert_eq!(catalogue.version("pupils", IndicatorVersion(2)).map(|found| found.version.0), Some(2));
    assert_eq!(catalogue.all_versions().filter(|found| found.id.as_str() == "pupils").count(), 3);

    let mut wholly = three();
    wholly[2].1 = pupils(3, "supersedes: pupils@2\n", "<= 9");
    let catalogue = loaded(&wholly);
    let versions = catalogue.versions("pupils").map(AsRef::as_ref);
    assert_eq!(spans(versions), ["1: nothing", "2: nothing", "3: - to -"]);
}

#[test]
fn a_version_begins_a_series_anew_unless_everything_is_as_defined_now() {
    let mut files = three();
    let reservation = "reservations:\n  - {da: Brud, en: A break, kind: break, from: 2020}\n";
    files[2].1 += reservation;
    let catalogue = loaded(&files);
    let texts = |periods: &[Period]| periods.iter().map(ToString::to_string).collect::<Vec<_>>();
    let breaks: Vec<_> = catalogue.versions("pupils").map(|version| texts(&version.breaks)).collect();
    assert_eq!(breaks, [vec![], vec!["2012"], vec!["2018", "2020"]]);
    let now = catalogue.indicators["pupils"].as_defined_now();
    assert_eq!(
        (words((now.valid_from, now.valid_to)), texts(&now.breaks)),
        ("- to -".to_owned(), vec!["2020".to_owned()])
    );
    assert!(now.defines("1990".parse().expect("a year")));
}

#[test]
fn what_is_made_of_others_is_made_of_the_version_that_is_valid_then() {
    let mut files = three();
    files.push(("double", double(1, "valid: {from: 2010, to: 2019}\n")));
    let catalogue = loaded(&files);
    let double = &catalogue.indicators["double"];
    assert_eq!(spans(double.editions()), ["1: 2018 to 2019", "1: 2010 to 2011", "1: 2012 to 2015"]);
    assert_eq!(double.defined_in_all().map(words).as_deref(), Some("2010 to 2019"));
    let filter = |year: &str| {
        let edition = double.edition_in(year.parse().expect("a year"))?;
        edition.measures[0].filter_text.clone()
    };
    let found = ["2009", "2011", "2012", "2016", "2018"].map(filter);
    let grade = |grades: &str| Some(format!("grade {grades}"));
    assert_eq!(found, [None, grade("<= 7"), grade("<= 8"), None, grade("<= 9")]);
    // Where what it is made of begins anew, it does too.
    let breaks: Vec<_> = double.editions().map(|edition| edition.breaks.clone()).collect();
    assert_eq!(breaks.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 1]);
    assert!(double.as_defined_now().breaks.is_empty());
    assert_eq!(double.as_defined_now().editions().count(), 1);
    assert_eq!(AsDefined::ALL.map(AsDefined::as_str), ["then", "now"]);
}

#[test]
fn a_mistake_with_an_older_version_names_it() {
    let mut files = three();
    files[0].1 = pupils(1, "valid: {from: 2007}\n", "<= 7")
        .replace("unit: pupil", "unit: '1'")
        .replace("formula: pupils", "formula: pupils / pupils");
    files.push(("double", double(1, "valid: {from: 2010, to: 2019}\n")));
    let (catalogue, findings) = load(&with(&files));
    let found = tree::plainly(&findings);
    assert!(found.contains("M3002") && found.contains("(where it is made of `pupils@1`)"), "{found}");
    assert_eq!(findings.len(), 1, "{found}");
    assert!(!catalogue.indicators.contains_key("double") && catalogue.indicators.contains_key("pupils"));
}

#[test]
fn a_version_is_known_by_its_own_meaning_and_by_that_of_what_it_is_made_of() {
    let mut files = three();
    files.push(("double", double(1, "")));
    let fingerprints = |files: &[(&str, String)]| {
        let catalogue = loaded(files);
        let of =
            |found: &std::sync::Arc<Indicator>| (format!("{}@{}", found.id, found.version), found.fingerprint.short());
        catalogue.all_versions().map(of).collect::<Vec<_>>()
    };
    let changed = |before: &[(String, String)], after: &[(String, String)]| {
        let other = before.iter().zip(after).filter(|(before, after)| before != after);
        other.map(|(before, _)| before.0.clone()).collect::<Vec<_>>()
    };
    let before = fingerprints(&files);
    let mut edited = files.clone();
    edited[0].1 = edited[0].1.replace("en: Pupils}", "en: All pupils}");
    assert_eq!(changed(&before, &fingerprints(&edited)), Vec::<String>::new());
    edited[0].1 = edited[0].1.replace("grade <= 7", "grade <= 6");
    assert_eq!(changed(&before, &fingerprints(&edited)), ["double@1", "pupils@1"]);

    // A newer version takes the place of the current one, whose file only gets another name.
    let mut newer = files.clone();
    newer[2].0 = "pupils@3";
    newer.push(("pupils", pupils(4, "valid: {from: 2024}\nsupersedes: pupils@3\n", "<= 10")));
    let after = fingerprints(&newer);
    for known in before.iter().filter(|(name, _)| name.starts_with("pupils")) {
        assert!(after.contains(known), "{known:?}");
    }
}

#[test]
fn only_the_broken_version_is_left_out() {
    let mut files = three();
    files[1].1 = files[1].1.replace("count(distinct pupil)", "count(distinct pupl)");
    let (catalogue, findings) = load(&with(&files));
    assert_eq!(findings.len(), 1, "{}", tree::plainly(&findings));
    let known: Vec<u32> = catalogue.versions("pupils").map(|found| found.version.0).collect();
    assert_eq!(known, [1, 3]);
}

/// A version of the expenditure on an account that was divided in 2019.
fn divided(version: u32, keys: &str, account: &str) -> String {
    let text = pupils(version, keys, "<= 9").replace("id: pupils", "id: divided").replace("unit: pupil", "unit: DKK");
    let (head, _) = text.split_once("  pupils: {").expect("a measure");
    let measure = format!("  amount: {{from: postings, where: \"account = '{account}'\", value: sum(amount)}}");
    format!("{head}{measure}\nformula: amount\n")
}

#[test]
fn a_change_of_codes_breaks_an_older_version_only_while_that_holds() {
    let findings = |begins: &str| {
        let newer = divided(2, &format!("valid: {{from: {begins}}}\nsupersedes: divided@1\n"), "9.20");
        let older = divided(1, "valid: {from: 2010}\n", "9.10");
        tree::plainly(&load(&with(&[("divided@1", older), ("divided", newer)])).1)
    };
    assert_eq!(findings("2019"), "", "the newer version begins with the change");
    let late = findings("2021");
    assert!(late.contains("divided@1.yaml") && late.contains("M4022") && late.lines().count() == 2, "{late}");
}
