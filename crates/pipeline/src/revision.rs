//! Another state of a project: a revision of the repository that it lies in, or a folder with a copy of it.
//!
//! Git is asked for the objects of the revision; nothing is checked out, and neither the working tree nor the index is
//! looked at or changed. A library for git was rejected: the program is there wherever a repository is, and knows every
//! way that one can be kept.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use model::Code;

use crate::project::{CONFIGURATION, DEEPEST, is_read};
use crate::{Project, RunError};

/// The largest file that is taken from a repository, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Another state of a project.
#[derive(Debug)]
pub struct Earlier {
    /// What it is called in messages: the revision with its commit, or the folder.
    pub name: String,
    /// The project as it is there. Its root is that of the folder, or of the project that the revision belongs to.
    pub project: Project,
}

impl Earlier {
    /// Reads the project in `root` as it is in a folder, if one with a project has this name, and otherwise as it was in
    /// a revision of the repository.
    pub fn read(root: &Path, reference: &str) -> Result<Self, RunError> {
        let folder = Path::new(reference);
        if folder.join(CONFIGURATION).is_file() {
            return Ok(Self { name: reference.to_owned(), project: Project::open(folder)? });
        }
        let repository = Repository { root, reference };
        let prefix = repository.prefix()?;
        let commit = repository.commit()?;
        // The tree of the project's own folder; all paths below count from there.
        let tree = format!("{commit}:{}", prefix.trim_end_matches('/'));
        let blobs = repository.blobs(&tree)?;
        let Some(configuration) = blobs.get(CONFIGURATION) else {
            let place = if prefix.is_empty() { String::new() } else { format!(" in {prefix}") };
            return Err(repository.unknown(&format!("has no {CONFIGURATION}{place}")));
        };
        let mut objects = Objects::open(root)?;
        let configuration = objects.read(configuration)?;
        let project = Project::put_together(root, configuration, |folder, files| {
            for (path, blob) in blobs.iter().filter(|(path, _)| lies_below(path, folder)) {
                files.insert(path.clone(), objects.read(blob)?);
            }
            Ok(())
        })?;
        Ok(Self { name: format!("{reference} ({})", commit.get(..10).unwrap_or(&commit)), project })
    }
}

/// Whether a file lies below a folder where definitions are looked for: the rules are those for folders on disk.
fn lies_below(path: &str, folder: &str) -> bool {
    let Some(below) = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let parts: Vec<&str> = below.split('/').collect();
    let name = parts.last().copied().unwrap_or_default();
    parts.len() <= DEEPEST + 1 && is_read(name) && parts.iter().all(|part| !part.starts_with('.'))
}

fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    // Whatever is asked is only read; a lock that git takes to tidy up would hinder others.
    command.arg("--no-optional-locks").arg("-C").arg(root).stdin(Stdio::null());
    command
}

fn unavailable(message: String) -> RunError {
    RunError::usage(Code::GIT_UNAVAILABLE, message)
}

fn not_started(error: &std::io::Error) -> RunError {
    unavailable(format!("`git` cannot be started: {error}"))
}

struct Repository<'a> {
    root: &'a Path,
    reference: &'a str,
}

impl Repository<'_> {
    fn unknown(&self, what: &str) -> RunError {
        RunError::usage(Code::REVISION_UNKNOWN, format!("`{}` {what}", self.reference))
    }

    /// What git answers, or the last line of what it complains of.
    fn ask(&self, arguments: &[&str]) -> Result<Result<String, String>, RunError> {
        let output = git(self.root).args(arguments).output().map_err(|error| not_started(&error))?;
        if output.status.success() {
            let answer = String::from_utf8(output.stdout);
            return answer.map(Ok).map_err(|_| unavailable("a path in the repository is not UTF-8".to_owned()));
        }
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        let first = complaint.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
        Ok(Err(first.trim_start_matches("fatal: ").to_owned()))
    }

    /// What leads from the root of the repository to the project, with `/` behind.
    fn prefix(&self) -> Result<String, RunError> {
        let answer = self.ask(&["rev-parse", "--show-prefix"])?;
        let prefix = answer.map_err(|complaint| unavailable(format!("{}: {complaint}", self.root.display())))?;
        Ok(prefix.trim_end_matches('\n').to_owned())
    }

    /// The commit that the revision is.
    fn commit(&self) -> Result<String, RunError> {
        let revision = format!("{}^{{commit}}", self.reference);
        // Whatever the name begins with, it is no option.
        let answer = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &revision])?;
        let commit = answer.map(|commit| commit.trim().to_owned()).unwrap_or_default();
        let is_commit = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_commit { Ok(commit) } else { Err(self.unknown("is no revision here, and no folder with a project")) }
    }

    /// The objects of all plain files of a tree, by their paths. Links and submodules are passed over, as on disk.
    fn blobs(&self, tree: &str) -> Result<BTreeMap<String, String>, RunError> {
        let answer = self.ask(&["ls-tree", "-r", "-z", "--full-tree", tree])?;
        let listed = answer.map_err(|_| self.unknown("does not have the folder of the project"))?;
        let entry = |entry: &str| {
            let (about, path) = entry.split_once('\t')?;
            let [mode, "blob", object] = about.split(' ').collect::<Vec<_>>()[..] else { return None };
            mode.starts_with("100").then(|| (path.to_owned(), object.to_owned()))
        };
        Ok(listed.split('\0').filter_map(entry).collect())
    }
}

/// A conversation with `git cat-file`: an object is asked for, and read, one after the other.
struct Objects {
    process: std::process::Child,
    questions: std::process::ChildStdin,
    answers: BufReader<std::process::ChildStdout>,
}

impl Objects {
    fn open(root: &Path) -> Result<Self, RunError> {
        let mut command = git(root);
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| not_started(&error))?;
        let (Some(questions), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(RunError::Internal("git was started without pipes".to_owned()));
        };
        Ok(Self { process, questions, answers: BufReader::new(answers) })
    }

    fn read(&mut self, object: &str) -> Result<Vec<u8>, RunError> {
        self.answer(object).map_err(|error| unavailable(format!("git does not give the object {object}: {error}")))
    }

    fn answer(&mut self, object: &str) -> std::io::Result<Vec<u8>> {
        writeln!(self.questions, "{object}")?;
        self.questions.flush()?;
        let mut header = String::new();
        self.answers.read_line(&mut header)?;
        let size = header.trim_end().rsplit_once(" blob ").and_then(|(_, size)| size.parse::<u64>().ok());
        let size = size.filter(|size| *size <= MOST_BYTES);
        let Some(size) = size else { return Err(std::io::Error::other(header.trim_end().to_owned())) };
        let mut bytes = Vec::new();
        (&mut self.answers).take(size).read_to_end(&mut bytes)?;
        let mut end = [0];
        self.answers.read_exact(&mut end)?;
        if bytes.len() as u64 == size { Ok(bytes) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends when nobody asks any more; that it has ended is all that is of interest.
        self.process.kill().unwrap_or_default();
        _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::lies_below;

    #[test]
    fn files_of_a_revision_are_those_that_are_read_on_disk() {
        for (path, expected) in [
            ("definitions/codelists/sex.yaml", true),
            ("definitions/codelists/sex.csv", true),
            ("definitions/.hidden/sex.yaml", false),
            ("definitions/README.md", false),
            ("definitionsx/sex.yaml", false),
            ("musketer.yaml", false),
            ("definitions/1/2/3/4/5/6/7/8/a.yaml", true),
            ("definitions/1/2/3/4/5/6/7/8/9/a.yaml", false),
        ] {
            assert_eq!(lies_below(path, "definitions"), expected, "{path}");
        }
    }
}
