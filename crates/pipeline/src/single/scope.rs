//! Which municipality and period a single file is about: by its name, or because the caller says so.

use std::path::Path;

use model::{Code, DeliveryScope, MunicipalityCode, NamePart, Period, Refusal, Source};

use super::Input;
use crate::RunError;

/// What the caller says about the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) municipality: Option<MunicipalityCode>,
    pub(super) period: Option<Period>,
}

/// What the file is about. Whatever the caller says holds against the name.
pub(super) fn scope(source: &Source, input: &Input, said: Said) -> Result<Result<DeliveryScope, Refusal>, RunError> {
    let named = match input {
        Input::File(path) => match by_name(source, path)? {
            Ok(named) => named,
            Err(refusal) if said == Said::default() => return Ok(Err(refusal)),
            Err(_) => None,
        },
        Input::Standard => None,
    };
    let municipality = said.municipality.or(named.as_ref().and_then(|named| named.municipality));
    let period = said.period.or(named.as_ref().and_then(|named| named.period));
    let scope = DeliveryScope {
        source: source.id.clone(),
        municipality: municipality.filter(|_| source.scope.one_municipality),
        period: period.filter(|_| source.scope.period.is_some()),
        version: named.map_or(1, |named| named.version),
    };
    if source.scope.one_municipality && scope.municipality.is_none() {
        return Err(unsaid(source, "municipality", "--municipality CODE"));
    }
    match (source.scope.period, scope.period) {
        (Some(_), None) => Err(unsaid(source, "period", "--period PERIOD")),
        (Some(kind), Some(period)) if period.kind() != kind => {
            let message = format!("{period} is no {kind}, and `{}` delivers one {kind} a file", source.id);
            Err(RunError::usage(Code::INVALID_VALUE, message))
        }
        _ => Ok(Ok(scope)),
    }
}

fn unsaid(source: &Source, what: &str, option: &str) -> RunError {
    RunError::Usage {
        code: Code::INVALID_VALUE,
        message: format!(
            "the name of the file does not say its {what}: `{}` names files `{}`",
            source.id, source.file.pattern
        ),
        help: format!("say it with `{option}`"),
    }
}

/// The longest end of the path that has the form of the source's names, or else the file's own name.
fn by_name(source: &Source, path: &Path) -> Result<Result<Option<DeliveryScope>, Refusal>, RunError> {
    let parts: Vec<&str> = path.components().filter_map(|part| part.as_os_str().to_str()).collect();
    let name = parts.last().copied().unwrap_or_default();
    for from in 0..parts.len() {
        match extractor::scope_of_name(source, &parts[from..].join("/"))? {
            Ok(None) => {}
            found => return Ok(found),
        }
    }
    let last = last_component(&source.file.parts);
    if last.len() == source.file.parts.len() {
        return Ok(Ok(None));
    }
    let mut alone = source.clone();
    alone.file.parts = last;
    Ok(extractor::scope_of_name(&alone, name)?)
}

/// The pattern of the file's own name, without the folders above it.
fn last_component(parts: &[NamePart]) -> Vec<NamePart> {
    let slash = |part: &NamePart| match part {
        NamePart::Literal(text) => text.rfind('/').map(|at| NamePart::Literal(text[at + 1..].to_owned())),
        _ => None,
    };
    let Some(at) = parts.iter().rposition(|part| slash(part).is_some()) else { return parts.to_vec() };
    let rest = slash(&parts[at]).filter(|rest| *rest != NamePart::Literal(String::new()));
    rest.into_iter().chain(parts[at + 1..].iter().cloned()).collect()
}
