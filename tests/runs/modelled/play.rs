//! A sequence of things that happen, carried out by the real program and by the model side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use model::Fingerprint;

use super::model::{File, Key, Model, State, Tables, bytes, receipt};
use super::project;
use crate::place::Place;

/// Something that happens. Numbers pick one of what is there, so that every operation can follow on any other.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A file is put into the drop folder, new or over an older one.
    Deliver(File),
    /// The same file is written once more.
    Redeliver(usize),
    /// The bytes of an earlier delivery are put back under its name.
    PutBack(usize),
    Retract(usize),
    Unretract(usize),
    /// A delivery may hold beyond the budget, or may not any more.
    Release(usize),
    Unrelease(usize),
    /// Somebody states that there is nothing to report.
    Receipt(&'static str, &'static str),
    Waive(usize),
    Unwaive(usize),
    /// A code is added to a list, or removed from it.
    Kind(char),
    /// A formula becomes another, or what it was.
    Formula,
    /// A title becomes another.
    Title,
    /// Deliveries with rejected rows are read again.
    Replay,
    /// A part of the deliveries is carried out period by period. A run follows, for what is left.
    Backfill(usize),
    /// Books are lost in part.
    Lose(usize),
    /// A run is killed when it has written so many files, or ends before. Another one follows.
    Kill(usize),
    /// A run, and the comparison.
    Run,
}

/// The two sides, and a script of what was done.
pub(super) struct Play {
    place: Place,
    model: Model,
    titles: u32,
    /// Whether nothing has happened since the last run that could change a figure.
    only_words: bool,
    /// What was done, as somebody would type it.
    pub(super) script: Vec<String>,
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\n', "\\n"))
}

impl Play {
    pub(super) fn new() -> Self {
        let script = Vec::new();
        Self { place: project::place(), model: Model::default(), titles: 0, only_words: false, script }
    }

    /// Carries out everything; says what is wrong first.
    pub(super) fn perform(&mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            self.step(step).map_err(|error| format!("{step:?}: {error}"))?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let is_about_words = matches!(step, Step::Title | Step::Redeliver(_));
        let only_words = self.only_words;
        self.only_words &= is_about_words;
        match step {
            Step::Deliver(file) => self.deliver(file),
            Step::Redeliver(pick) => {
                if let Some((name, rows)) = picked(self.model.drop.iter(), *pick) {
                    let file = (name.clone(), rows.clone());
                    self.deliver(&file);
                }
            }
            Step::PutBack(pick) => {
                if let Some((key, known)) = picked(self.model.known.iter(), *pick) {
                    let file = (key.0.clone(), known.rows.clone());
                    self.deliver(&file);
                }
            }
            Step::Retract(pick) => {
                let held = self.model.known.keys().filter(|key| !self.model.retracted.contains(*key));
                if let Some(key) = picked(held, *pick).cloned() {
                    self.decide(&["retract", &self.delivery(&key)?])?;
                    self.model.retracted.insert(key);
                }
            }
            Step::Unretract(pick) => {
                if let Some(key) = picked(self.model.retracted.iter(), *pick).cloned() {
                    self.decide(&["retract", "--undo", &self.delivery(&key)?])?;
                    self.model.retracted.remove(&key);
                }
            }
            Step::Release(pick) => self.release(*pick)?,
            Step::Unrelease(pick) => {
                if let Some(key) = picked(self.model.released.iter(), *pick).cloned() {
                    self.decide(&["release", "--undo", &self.delivery(&key)?])?;
                    self.model.released.remove(&key);
                }
            }
            Step::Receipt(who, when) => self.state_nothing(who, when)?,
            Step::Waive(pick) => self.waive("open", *pick)?,
            Step::Unwaive(pick) => self.waive("waived", *pick)?,
            Step::Kind(kind) => {
                if !self.model.kinds.remove(kind) {
                    self.model.kinds.insert(*kind);
                }
                project::write_kinds(&self.place, self.model.kinds.iter().copied());
                self.script.push(format!("# the codes of the list `kind` are now a, b and {:?}", self.model.kinds));
            }
            Step::Formula => {
                self.model.doubled = !self.model.doubled;
                project::write_mean_pay(&self.place, self.model.doubled, self.titles);
                let formula = if self.model.doubled { "2 * amount / jobs" } else { "amount / jobs" };
                self.script.push(format!("# the formula of `mean_pay` is now {formula}"));
            }
            Step::Title => {
                self.titles += 1;
                project::write_mean_pay(&self.place, self.model.doubled, self.titles);
                self.script.push(format!("# the title of `mean_pay` is now `Name {}`", self.titles));
            }
            Step::Replay => {
                if !self.model.known.is_empty() {
                    self.command(&["rejects", "replay"], &[0, 3])?;
                }
            }
            Step::Backfill(pick) => {
                let spans = [["2024-01", "2024-02"], ["2024-02", "2024-04"], ["2024-01", "2024-04"]];
                let reprocess = ["missing", "failed", "stale", "all"][pick % 4];
                let [from, to] = spans[pick / 4 % spans.len()];
                let mut arguments = vec!["backfill", "--from", from, "--to", to, "--reprocess", reprocess];
                if pick / 16 % 2 == 1 {
                    arguments.push("--newest-first");
                }
                self.command(&arguments, &[0, 3])?;
                // Which files it has seen is not in the model. A run that sees the same ones follows.
                return self.step(&Step::Run);
            }
            Step::Lose(every) => self.lose(*every),
            Step::Kill(files) => {
                self.kill(*files);
                // What a run had seen that came to nothing is forgotten. So the next one is not long in coming.
                return self.step(&Step::Run);
            }
            Step::Run => {
                let figures = only_words.then(|| self.place.number("SELECT count(*) FROM observation"));
                self.command(&["run"], &[0, 3])?;
                self.model.run();
                self.only_words = true;
                if !self.model.known.is_empty() {
                    self.compare()?;
                    let now = self.place.number("SELECT count(*) FROM observation");
                    if figures.is_some_and(|before| before != now) {
                        return Err(format!("words alone have changed, and there are {now} revisions now"));
                    }
                }
            }
        }
        Ok(())
    }

    fn deliver(&mut self, file: &File) {
        let bytes = bytes(file);
        self.place.write(&format!("drop/{}", file.0), &bytes);
        self.script.push(format!("printf {} > drop/{}", quoted(&bytes), file.0));
        self.model.drop.insert(file.0.clone(), file.1.clone());
    }

    fn command(&mut self, arguments: &[&str], codes: &[i32]) -> Result<(), String> {
        self.script.push(format!("musketer {}", arguments.join(" ")));
        let said = self.place.musketer(arguments);
        let fine = codes.contains(&said.code);
        if fine { Ok(()) } else { Err(format!("ended with {}\n{}\n{}", said.code, said.out, said.err)) }
    }

    fn decide(&mut self, arguments: &[&str]) -> Result<(), String> {
        self.command(&[arguments, &["--reason", "why-not"]].concat(), &[0, 3])
    }

    fn delivery(&self, (name, bytes): &Key) -> Result<String, String> {
        let content = Fingerprint::of(bytes.as_bytes());
        let rows =
            self.place.rows(&format!("SELECT delivery FROM delivery WHERE name = '{name}' AND content = '{content}'"));
        rows.first().map(|row| row[0].clone()).ok_or_else(|| format!("{name} is not known"))
    }

    /// The deliveries that are known, by what the store calls them and how the model does.
    fn keys(&self) -> BTreeMap<(String, String), Key> {
        let named = |key: &Key| ((key.0.clone(), Fingerprint::of(key.1.as_bytes()).to_string()), key.clone());
        self.model.known.keys().map(named).collect()
    }

    fn release(&mut self, pick: usize) -> Result<(), String> {
        if self.model.known.is_empty() {
            return Ok(());
        }
        let sql = "SELECT delivery, name, content FROM delivery WHERE state = 'withheld' ORDER BY 1";
        let rows = self.place.rows(sql);
        let Some(row) = picked(rows.iter(), pick) else { return Ok(()) };
        let key = self.keys().remove(&(row[1].clone(), row[2].clone())).ok_or("a delivery that nobody sent")?;
        // What was released may be withheld until a run has heard of it.
        if self.model.released.insert(key) { self.decide(&["release", &row[0]]) } else { Ok(()) }
    }

    fn state_nothing(&mut self, who: &'static str, when: &'static str) -> Result<(), String> {
        let held =
            format!("SELECT count(*) FROM unit WHERE source = 'jobs' AND municipality = '{who}' AND period = '{when}'");
        if self.model.known.is_empty() || self.place.number(&held) > 0 || self.model.receipts.contains(&[who, when]) {
            return Ok(());
        }
        self.decide(&["receipt", "--source", "jobs", "--municipality", who, "--period", when])?;
        self.model.receipts.insert([who, when]);
        Ok(())
    }

    fn waive(&mut self, status: &str, pick: usize) -> Result<(), String> {
        if self.model.known.is_empty() {
            return Ok(());
        }
        let rows = self.place.rows(&format!(
            "SELECT DISTINCT d.delivery, r.record, d.name, d.content FROM rejected_row AS r JOIN delivery AS d USING (delivery)
                WHERE r.status = '{status}' ORDER BY 1, 2"
        ));
        let Some(row) = picked(rows.iter(), pick) else { return Ok(()) };
        let key = self.keys().remove(&(row[2].clone(), row[3].clone())).ok_or("a delivery that nobody sent")?;
        let record = (key, row[1].parse().expect("a number"));
        let subject = format!("{}:{}", row[0], row[1]);
        if status == "open" {
            self.decide(&["rejects", "waive", &subject])?;
            self.model.waived.insert(record);
        } else {
            self.decide(&["rejects", "waive", "--undo", &subject])?;
            self.model.waived.remove(&record);
        }
        Ok(())
    }

    fn lose(&mut self, every: usize) {
        if self.model.known.is_empty() {
            return;
        }
        // All of them, or every other one.
        let sql = if every == 0 {
            "DELETE FROM unit".to_owned()
        } else {
            "DELETE FROM unit WHERE (substr(municipality, 3) + substr(period, 6)) % 2 = 0".to_owned()
        };
        self.place.database().execute_batch(&sql).expect("deleted");
        self.script.push(format!("sqlite3 store/musketer.db '{sql}'"));
    }

    /// Kills a run when it has written so many files. When that is depends on the machine; what becomes of it must not.
    fn kill(&mut self, more: usize) {
        let store = self.place.path("store");
        let enough = files(&store) + more;
        let mut command = self.place.command(&["run"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        while child.try_wait().expect("asked").is_none() {
            if files(&store) >= enough {
                // It may have ended meanwhile.
                drop(child.kill());
                child.wait().expect("ended");
                break;
            }
            std::thread::yield_now();
        }
        self.script.push(format!("musketer run # killed when there were {more} more files in the store"));
    }

    fn compare(&self) -> Result<(), String> {
        let keys = self.keys();
        let wanted = self.model.tables();
        let key_of = |name: &str, content: &str| {
            keys.get(&(name.to_owned(), content.to_owned())).cloned().ok_or(format!("{name}: nobody sent this"))
        };
        self.compare_deliveries(&wanted, &key_of)?;
        let mut units = BTreeSet::new();
        for row in self.place.rows(
            "SELECT u.source, u.municipality, u.period, d.name, d.content, u.rows, d.kind
                FROM unit AS u JOIN delivery AS d USING (delivery)",
        ) {
            let key = if row[6] == "receipt" { receipt() } else { key_of(&row[3], &row[4])? };
            units.insert((row[0].clone(), row[1].clone(), row[2].clone(), key, row[5].clone()));
        }
        let owned = |(unit, (key, rows)): (&[&str; 3], &(Key, usize))| {
            let [source, who, when] = unit.map(str::to_owned);
            (source, who, when, key.clone(), rows.to_string())
        };
        same("units", &wanted.units.iter().map(owned).collect(), &units)?;
        let figures = self.place.rows(
            "SELECT indicator, area, period, coalesce(value_exact, ''), obs_status, contributing, members FROM latest_observation",
        );
        let figures = figures.into_iter().map(|row| <[String; 7]>::try_from(row).expect("seven columns"));
        same("figures", &wanted.figures, &figures.collect())?;
        let unbalanced = self.place.rows(
            "SELECT source, state, rows_read, rows_accepted, rows_rejected, rows_skipped, rejected_rows_kept FROM delivery_balance
                WHERE rows_read <> rows_accepted + rows_rejected + rows_skipped OR rows_rejected <> rejected_rows_kept
                    OR rows_skipped <> skipped_rows_by_rule OR rows_in_units > rows_accepted",
        );
        same("books that do not balance", &BTreeSet::new(), &unbalanced.into_iter().collect())
    }

    fn compare_deliveries(
        &self,
        wanted: &Tables,
        key_of: &dyn Fn(&str, &str) -> Result<Key, String>,
    ) -> Result<(), String> {
        let (mut states, mut books) = (BTreeSet::new(), BTreeSet::new());
        for row in self
            .place
            .rows("SELECT name, content, state, rows_read, rows_accepted, rows_rejected, rows_skipped FROM delivery WHERE kind = 'file'")
        {
            let key = key_of(&row[0], &row[1])?;
            let replaced = wanted.states.get(&key) == Some(&State::Replaced);
            let state = match row[2].as_str() {
                "accepted" => "Accepted",
                "retracted" => "Retracted",
                "withheld" => "Withheld",
                // It may have been refused before another one took its place.
                "superseded" | "refused" if replaced => "Replaced",
                "refused" => "Refused",
                other => other,
            };
            states.insert((key.clone(), state.to_owned()));
            if matches!(row[2].as_str(), "accepted" | "withheld") {
                books.insert((key, row[3..].to_vec()));
            }
        }
        same(
            "states",
            &wanted.states.iter().map(|(key, state)| (key.clone(), format!("{state:?}"))).collect(),
            &states,
        )?;
        let numbers =
            |(key, numbers): (&Key, &[usize; 4])| (key.clone(), numbers.map(|number| number.to_string()).to_vec());
        same("books", &wanted.books.iter().map(numbers).collect(), &books)?;
        let mut rejected = BTreeSet::new();
        for row in self.place.rows(
            "SELECT d.name, d.content, r.record, r.status FROM rejected_row AS r JOIN delivery AS d USING (delivery)
                WHERE d.state IN ('accepted', 'withheld') AND r.status <> 'replayed'",
        ) {
            rejected.insert((key_of(&row[0], &row[1])?, row[2].clone(), row[3].clone()));
        }
        let status = |((key, record), waived): (&(Key, u64), &bool)| {
            (key.clone(), record.to_string(), if *waived { "waived" } else { "open" }.to_owned())
        };
        same("rejected rows", &wanted.rejected.iter().map(status).collect(), &rejected)
    }

    /// Nothing is left to do when everything has been done.
    pub(super) fn end(&mut self) -> Result<(), String> {
        self.step(&Step::Run)?;
        if self.model.known.is_empty() {
            return Ok(());
        }
        let before = self.place.rows("SELECT max(run) FROM run");
        self.command(&["run"], &[0, 3])?;
        let after = self.place.rows("SELECT max(run) FROM run");
        if before == after { Ok(()) } else { Err("a run that had nothing to do has published something".to_owned()) }
    }
}

fn picked<T>(mut of: impl Iterator<Item = T> + Clone, pick: usize) -> Option<T> {
    let many = of.clone().count();
    if many == 0 { None } else { of.nth(pick % many) }
}

/// How many files there are in a folder and those below it.
fn files(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let count = |path: &Path| if path.is_dir() { files(path) } else { 1 };
    entries.filter_map(Result::ok).map(|entry| count(&entry.path())).sum()
}

fn same<T: Ord + Debug>(what: &str, wanted: &BTreeSet<T>, found: &BTreeSet<T>) -> Result<(), String> {
    let missing: Vec<&T> = wanted.difference(found).take(5).collect();
    let surplus: Vec<&T> = found.difference(wanted).take(5).collect();
    if missing.is_empty() && surplus.is_empty() {
        return Ok(());
    }
    Err(format!("{what}: the model has {missing:#?}\nthe store has {surplus:#?}"))
}
