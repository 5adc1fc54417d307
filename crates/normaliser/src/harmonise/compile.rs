//! From the definition of a field to its plan: done once for a delivery, so that nothing has to be asked of a row.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    Code, CodeList, CodeListId, Dataset, DeliveryScope, Encoding, Field, FieldIndex, FieldMapping, FieldType,
    MUNICIPALITY, MunicipalityCode, NumberFormat, Origin, Parse, Period, Refusal, Source,
};

use super::bind::Columns;
use super::cell::{Preparation, encoded, encoded_words};
use super::code::CodeCaster;
use super::date::DateCaster;
use super::field::{Caster, CellOrigin, FieldCells, FieldPlan, PersonField};
use super::notice::RemarkKinds;
use super::number::NumberCaster;
use super::person::{PersonCaster, PersonKeys};
use super::text::{TextCaster, TextRemarks};
use super::value::Sign;

/// What the fields of a delivery are compiled from.
pub(crate) struct Ingredients<'a> {
    pub(crate) source: &'a Source,
    pub(crate) dataset: &'a Dataset,
    pub(crate) codelists: &'a BTreeMap<CodeListId, Arc<CodeList>>,
    pub(crate) scope: &'a DeliveryScope,
    pub(crate) columns: &'a Columns,
    pub(crate) keys: Option<&'a PersonKeys>,
}

/// Compiles the field at this position.
pub(crate) fn field_plan(
    index: usize,
    from: &Ingredients<'_>,
    remarks: &mut RemarkKinds,
) -> Result<FieldPlan, Refusal> {
    let field = &from.dataset.fields[index];
    let encoding = from.source.format.encoding();
    let mapping = from.source.fields.iter().find(|mapping| mapping.field.0 == index);
    let none = FieldMapping {
        field: FieldIndex(index),
        origin: Origin::Constant(String::new()),
        slice: None,
        width: None,
        null: vec![String::new()],
        map: Vec::new(),
        parse: Parse::Text,
    };
    let cells = FieldCells {
        index,
        name: field.name.to_string(),
        origin: mapping.map_or(Ok(CellOrigin::Nothing), |mapping| origin(mapping, from))?,
        preparation: Preparation::new(mapping.unwrap_or(&none), encoding)?,
        encoding,
        required: field.required,
        personal: from.dataset.is_personal(),
        quotable: field.ty != FieldType::Person,
        word: field.ty.word(),
    };
    let caster = mapping.map_or(Ok(Caster::Missing), |mapping| caster(mapping, field, from, remarks))?;
    Ok(FieldPlan { cells, caster })
}

fn origin(mapping: &FieldMapping, from: &Ingredients<'_>) -> Result<CellOrigin, Refusal> {
    match &mapping.origin {
        Origin::Column { names } => match from.columns.position(names) {
            Some(column) => Ok(CellOrigin::Column(column)),
            None => unreachable!("the columns are checked before the fields are compiled"),
        },
        Origin::Constant(text) => Ok(CellOrigin::constant(encoded(text, from.source.format.encoding())?)),
        Origin::DeliveryMunicipality => match from.scope.municipality {
            Some(code) => Ok(CellOrigin::constant(code.to_string().into_bytes())),
            None => Err(Refusal::new(
                Code::MUNICIPALITY_UNKNOWN,
                "the delivery's name says no municipality, which the source reads from it",
            )),
        },
        Origin::DeliveryPeriod => Ok(CellOrigin::Nothing),
    }
}

fn caster(
    mapping: &FieldMapping,
    field: &Field,
    from: &Ingredients<'_>,
    remarks: &mut RemarkKinds,
) -> Result<Caster, Refusal> {
    if mapping.origin == Origin::DeliveryPeriod {
        return delivery_day(field, from.scope);
    }
    let encoding = from.source.format.encoding();
    let range = field.range.unwrap_or_default();
    match (&field.ty, &mapping.parse) {
        (FieldType::Integer, Parse::Number(format)) => {
            let number = NumberCaster::new(format, encoding, 0, i64::MAX.unsigned_abs());
            Ok(Caster::Number { number, sign: sign(format, from, encoding), range, scale: 0 })
        }
        (FieldType::Decimal { precision, scale }, Parse::Number(format)) => {
            let limit = 10u64.checked_pow(u32::from(*precision)).map_or(i64::MAX.unsigned_abs(), |limit| limit - 1);
            let number = NumberCaster::new(format, encoding, *scale, limit);
            Ok(Caster::Number { number, sign: sign(format, from, encoding), range, scale: *scale })
        }
        (ty, Parse::Date(format)) if ty.is_temporal() => Ok(Caster::Date { date: DateCaster::new(format, ty)?, range }),
        (FieldType::Code(id), _) => {
            let list = from.codelists.get(id).ok_or_else(|| {
                Refusal::new(
                    Code::UNKNOWN_REFERENCE,
                    format!("the code list `{id}` of the field `{}` is not there", field.name),
                )
            })?;
            // The code of the whole country is no municipality: only the rows of a register or an index have it.
            let is_of_country =
                from.dataset.whole_country && from.dataset.field(from.dataset.municipality).name == field.name;
            let without = (id.as_str() == MUNICIPALITY && !is_of_country)
                .then(|| list.index_of(&MunicipalityCode::COUNTRY.to_string()))
                .flatten();
            Ok(Caster::Code(CodeCaster::new(Arc::clone(list), without, encoding)))
        }
        (FieldType::Boolean, Parse::Boolean { yes, no }) => {
            Ok(Caster::Boolean { yes: encoded_words(yes, encoding), no: encoded_words(no, encoding) })
        }
        (FieldType::Text, _) => {
            let message =
                format!("numbers in `{}` that look like personal identification numbers were masked", field.name);
            let mixed = format!("texts in `{}` look as if they were in another encoding than the file", field.name);
            let remarks = TextRemarks {
                masked: remarks.declare(Code::TEXT_MASKED, message),
                mixed: remarks.declare(Code::ENC_MOJIBAKE, mixed),
            };
            Ok(Caster::Text { text: TextCaster::new(field, encoding)?, remarks })
        }
        (FieldType::Person, _) => person(field, from, remarks),
        _ => {
            let message = format!("the source reads the field `{}` in another way than its type is read", field.name);
            Err(Refusal::new(Code::TYPE_MISMATCH, message))
        }
    }
}

fn delivery_day(field: &Field, scope: &DeliveryScope) -> Result<Caster, Refusal> {
    let Some(period) = scope.period else {
        return Err(Refusal::new(
            Code::PERIOD_UNKNOWN,
            "the delivery's name says no period, which the source reads from it",
        ));
    };
    let start = period.start();
    let day = field.ty.period_kind().map_or(start, |kind| Period::containing(kind, start).start());
    if field.ty.is_temporal() {
        return Ok(Caster::Day(day.days()));
    }
    Err(Refusal::new(Code::TYPE_MISMATCH, format!("the field `{}` is no date or period", field.name)))
}

fn person(field: &Field, from: &Ingredients<'_>, remarks: &mut RemarkKinds) -> Result<Caster, Refusal> {
    let Some(keys) = from.keys else {
        let message =
            format!("the dataset `{}` is about persons, and there is no key for their pseudonyms", from.dataset.id);
        return Err(Refusal::new(Code::KEY_MISSING, message));
    };
    let earlier = from.dataset.fields.iter().take_while(|other| other.name != field.name);
    let persons_before = earlier.filter(|other| other.ty == FieldType::Person).count();
    let name = &field.name;
    let repaired = format!("numbers in `{name}` had lost their leading zero; it was put back");
    let replacement = format!("numbers in `{name}` are replacement numbers (day plus 60)");
    let person = PersonField {
        caster: PersonCaster::new(keys),
        repaired: remarks.declare(Code::PERSON_REPAIRED, repaired),
        replacement: remarks.declare(Code::PERSON_REPLACEMENT, replacement),
    };
    let class_column = from.dataset.fields.len() + persons_before;
    Ok(Caster::Person { person: Box::new(person), class_column })
}

fn sign(format: &NumberFormat, from: &Ingredients<'_>, encoding: Encoding) -> Option<Sign> {
    let sign = format.sign.as_ref()?;
    let column = from.columns.position(std::slice::from_ref(&sign.column));
    let column = column.unwrap_or_else(|| unreachable!("the columns are checked before the fields are compiled"));
    Some(Sign {
        column,
        positive: encoded_words(&sign.positive, encoding),
        negative: encoded_words(&sign.negative, encoding),
    })
}
