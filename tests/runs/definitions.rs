//! The commands on definitions: laid out, described for editors, and shown to people.

use std::os::unix::fs::PermissionsExt;

use crate::place::{Place, shipped, tree};

#[test]
fn the_shipped_files_are_laid_out() {
    let place = Place::with_example();
    let shipped = shipped();
    let named = ["definitions", "pipelines", "musketer.yaml"].map(|name| shipped.join(name).display().to_string());
    assert_eq!(place.expect(0, &["fmt", "--check", &named[0], &named[1], &named[2]]), "");
}

#[test]
fn files_are_laid_out_once_and_for_all() {
    let place = Place::with_example();
    let path = "definitions/indicators/school/pupils.yaml";
    let before = std::fs::read_to_string(place.path(path)).expect("the definition");
    let untidy =
        before.replace("area: school\n", "").replace("period: year", "area:  school   # where\r\n\n\n\nperiod: year");
    place.write(path, &untidy);
    place.close(path);
    let table = "definitions/codelists/sex.csv";
    let codes = std::fs::read_to_string(place.path(table)).expect("the table");
    place.write(table, codes.replace('\n', "  \r\n"));

    let said = place.musketer(&["fmt", "--check"]);
    assert_eq!((said.code, said.out.as_str()), (1, &*format!("{table}\n{path}\n")), "{}", said.err);
    let difference = place.expect(0, &["fmt", "--diff"]);
    assert!(difference.contains("+area: school   # where\n") && difference.contains("-area:  school"), "{difference}");
    assert_eq!(place.musketer(&["fmt", "--check", "--diff"]).code, 1);
    assert_eq!(std::fs::read_to_string(place.path(path)).expect("there"), untidy, "nothing was written");

    assert_eq!(place.expect(0, &["fmt"]), "");
    let after = before.replace("area: school\n", "area: school   # where\n").replace("period: year", "\nperiod: year");
    assert_eq!(std::fs::read_to_string(place.path(path)).expect("there"), after);
    assert_eq!(std::fs::read_to_string(place.path(table)).expect("there"), codes);
    let mode = std::fs::metadata(place.path(path)).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "who may read it stays");
    assert_eq!(place.expect(0, &["fmt", "--check"]), "");
    let names = std::fs::read_dir(place.path("definitions/indicators/school")).expect("a folder");
    assert!(names.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with('.')), "nothing is left over");
}

#[test]
fn a_broken_file_is_said_and_left_alone() {
    let place = Place::with_example();
    let path = "definitions/indicators/school/pupils.yaml";
    let broken = "kind: indicator\nid:   [1\n";
    place.write(path, broken);
    place.write("definitions/codelists/sex.yaml", "id:   sex\nkind: codelist\n");
    let said = place.musketer(&["fmt"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("error[M1001]") && said.err.contains("pupils.yaml:2:"), "{}", said.err);
    assert_eq!(std::fs::read_to_string(place.path(path)).expect("there"), broken);
    let other = std::fs::read_to_string(place.path("definitions/codelists/sex.yaml")).expect("there");
    assert_eq!(other, "kind: codelist\nid: sex\n", "the others are laid out");
    let named = place.path("definitions/codelists");
    place.expect(0, &["fmt", "--check", named.to_str().expect("a plain path")]);
    let said = place.musketer(&["fmt", "README.md"]);
    assert_eq!(said.code, 2, "{}", said.err);
}

#[test]
fn the_schemas_are_those_that_are_published() {
    let place = Place::with_example();
    let published = tree(&shipped().join("schemas"));
    assert_eq!(published.len(), 9);
    let folder = place.path("editor/schemas");
    place.expect(0, &["schema", "--output", folder.to_str().expect("a plain path")]);
    assert_eq!(tree(&folder), published);
    let one = place.expect(0, &["schema", "indicator"]);
    assert_eq!(one.as_bytes(), published["indicator.json"]);
    let schema: serde_json::Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(schema["properties"]["measures"]["description"], "What is computed of datasets.");
    for arguments in [&["schema"][..], &["schema", "nosuch"]] {
        let said = place.musketer(arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
    }
}

/// Where the links of a page lead, without those that stand in code.
fn links(page: &str, before: &str, end: char) -> Vec<String> {
    page.split(before).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0.to_owned())).collect()
}

fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == ending)
}

/// Whether every element that is opened is closed, in order.
fn is_balanced(page: &str) -> bool {
    let mut open = Vec::new();
    for tag in links(page, "<", '>') {
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default().to_owned();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !["!DOCTYPE", "meta"].contains(&name.as_str()) {
            open.push(name);
        }
    }
    open.is_empty()
}

#[test]
fn the_catalogue_has_a_page_for_everything_and_every_link_leads_somewhere() {
    let place = Place::with_example();
    for (language, tag) in [("da", "<html lang=\"da\">"), ("en", "<html lang=\"en\">")] {
        let site = place.path(language);
        let output = site.to_str().expect("a plain path");
        place.expect(0, &["catalogue", "--language", language, "--output", output]);
        let pages = tree(&site);
        for path in tree(&place.path("definitions")).into_keys().filter(|path| has_ending(path, "yaml")) {
            let (folder, name) = (path.split('/').next().expect("a folder"), path.rsplit('/').next().expect("a name"));
            for ending in ["html", "md"] {
                // Older versions stand on the page of the current one.
                let stem = name.trim_end_matches(".yaml").split('@').next().unwrap_or_default();
                let page = format!("{folder}/{stem}.{ending}");
                assert!(pages.contains_key(&page), "{path} has no page {page}");
            }
        }
        for (path, bytes) in &pages {
            let text = std::str::from_utf8(bytes).expect("UTF-8");
            let is_html = has_ending(path, "html");
            let ways = if is_html { links(text, " href=\"", '"') } else { links(text, "](", ')') };
            assert!(!ways.is_empty(), "{path}");
            for way in ways {
                let folder = site.join(path);
                let target = folder.parent().expect("a folder").join(&way);
                assert!(target.is_file(), "{path} leads to {way}, which is not there");
            }
            if is_html {
                assert!(text.contains(tag) && is_balanced(text) && !text.contains("<script"), "{path}");
                assert_eq!(text.matches("<h1>").count(), 1, "{path}");
                assert_eq!(text.matches("<table>").count(), text.matches("<caption>").count(), "{path}");
            }
        }
        place.expect(0, &["catalogue", "--language", language, "--output", output]);
        assert!(tree(&site) == pages, "the same definitions give the same pages");
    }
}

#[test]
fn a_page_says_in_words_what_the_definition_says() {
    let place = Place::with_example();
    for language in ["da", "en"] {
        let site = place.path(language);
        place.expect(0, &["catalogue", "--language", language, "--output", site.to_str().expect("a plain path")]);
        for ending in ["html", "md"] {
            let page = std::fs::read_to_string(site.join(format!("indicators/school_expenditure_per_pupil.{ending}")));
            let page = page.expect("the page");
            let answer = shipped().join(format!("fixtures/catalogue/school_expenditure_per_pupil.{language}.{ending}"));
            #[expect(clippy::disallowed_methods, reason = "BLESS is how a person asks for new answers")]
            if std::env::var_os("BLESS").is_some() {
                std::fs::create_dir_all(answer.parent().expect("a folder")).expect("made");
                std::fs::write(&answer, &page).expect("written");
            }
            assert!(std::fs::read_to_string(&answer).is_ok_and(|expected| expected == page), "{}", answer.display());
        }
    }
    let da = std::fs::read_to_string(place.path("da/indicators/school_expenditure_per_pupil.md")).expect("the page");
    for words in ["expenditure divideret med pupils", "dranst er 1 (drift) eller 2 (statsrefusion)", "den 5. september"]
    {
        assert!(da.contains(words), "`{words}` expected\n{da}");
    }
    let en = std::fs::read_to_string(place.path("en/indicators/pupils_per_class.md")).expect("the page");
    assert!(en.contains("is between 0 and 9 (both included)"), "{en}");
}

#[test]
fn texts_are_escaped_and_older_versions_stand_in_the_history() {
    let place = Place::with_example();
    let path = "definitions/indicators/school/pupils.yaml";
    let older = std::fs::read_to_string(place.path(path)).expect("the definition");
    let title = "{da: '<b>Elever</b> & \"flere\"', en: Pupils | all}";
    let newer = older.replace("version: 1\n", "version: 2\nsupersedes: pupils@1\n");
    let newer =
        newer.replace("title: {da: Elever i folkeskolen, en: Pupils in public school}", &format!("title: {title}"));
    place.write(path, newer);
    place.write("definitions/indicators/school/pupils@1.yaml", &older);
    let site = place.path("site");
    place.expect(0, &["catalogue", "--output", site.to_str().expect("a plain path")]);
    let page = std::fs::read_to_string(site.join("indicators/pupils.html")).expect("the page");
    assert!(page.contains("<h1>&lt;b&gt;Elever&lt;/b&gt; &amp; &quot;flere&quot;</h1>"), "{page}");
    assert!(is_balanced(&page));
    let page = std::fs::read_to_string(site.join("indicators/pupils.md")).expect("the page");
    assert!(page.contains("# \\<b\\>Elever\\</b\\> \\& \"flere\"") && page.contains("Pupils \\| all"), "{page}");
    let versions: Vec<&str> = page.lines().skip_while(|line| *line != "## Versioner").collect();
    assert!(
        versions.iter().any(|line| line.starts_with("| 2 |")) && versions.iter().any(|line| line.starts_with("| 1 |"))
    );

    // What is another in a version, of which periods each makes figures, and what the older one says.
    let page = std::fs::read_to_string(site.join("indicators/care_expenditure_per_67plus.md")).expect("the page");
    let row = |number: &str| page.lines().find(|line| line.starts_with(&format!("| {number} |"))).unwrap_or_default();
    assert!(row("2").contains("fra 2018") && row("2").contains("| expenditure: hvilke rækker |"), "{page}");
    assert!(row("1").contains("2017") && !row("1").contains("hvilke rækker"), "{page}");
    assert!(page.contains("### Version 1") && page.contains("5.32.32"), "{page}");

    place.write(path, "kind: indicator\n");
    let said = place.musketer(&["catalogue", "--output", place.path("none").to_str().expect("a plain path")]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(!place.path("none").exists());
}
