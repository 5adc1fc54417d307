//! The words of the domain as types that cannot hold nonsense.
//!
//! Every other crate speaks in these types, and the four stages (definitions, extractor, normaliser, loader) know
//! nothing of each other but what stands here. The crate does no I/O, reads no clock and depends on no data engine.
//!
//! Where to start: [`Catalogue`] is everything the definitions say, resolved; [`RawBatch`] is what a reader hands on;
//! [`RecordBatch`] is the same rows typed; [`Indicator`] holds the logical plan of a key figure; [`Observation`] is
//! the figure that is published.

mod area;
mod breakdown;
mod catalogue;
mod code;
mod codelist;
mod comparison;
mod dataset;
mod date;
mod delivery;
mod diagnostic;
mod encoding;
mod fingerprint;
mod formula;
mod history;
mod id;
mod indicator;
mod input;
mod nearest;
mod number;
mod observation;
mod period;
mod personal;
mod pipeline;
mod plan;
mod raw;
mod reading;
mod record;
mod reject;
mod source;
mod stop;
mod tally;
mod unit;
mod version;
mod window;

pub use area::{Area, MunicipalityCode};
pub use breakdown::{Breakdown, Category, CategoryValues, Cell, Dimension, MOST_CELLS, Slicing, dimensions_of};
pub use catalogue::{Catalogue, MUNICIPALITY, REGION};
pub use code::{Code, CodeInfo};
pub use codelist::{CodeIndex, CodeList, CodeListBuilder, Lookup, Validity};
pub use comparison::{ComparisonArea, ComparisonGroup, Membership, MembershipRule, Neighbour, members_on};
pub use dataset::{Check, Dataset, Field, FieldIndex, FieldType, MomentRule, RangeRule};
pub use date::Date;
pub use delivery::{Delivery, DeliveryId, DeliveryKind, DeliveryScope, WorkUnit};
pub use diagnostic::{Diagnostic, Place, Severity};
pub use encoding::DecodeError;
pub use fingerprint::{Fingerprint, FingerprintBuilder};
pub use formula::{Formula, FormulaError, MeasureIndex};
pub use history::{ChangeKind, CodeChange, Share};
pub use id::{CodeListId, ComparisonGroupId, DatasetId, FieldName, IdError, IndicatorId, PipelineId, SourceId, Text};
pub use indicator::{Absence, Direction, GroupRule, Grouping, Inclusion, Indicator, Measure, MissingRule, Plausible};
pub use input::{ByteOrder, Compression, Ebcdic, FileEncoding, InputForm};
pub use nearest::{Nearest, Scale};
pub use number::{NumberError, Ratio, Rounding, format_decimal, format_per_cent, pow10};
pub use observation::{IndicatorTable, MeasureValue, ObsStatus, Observation, TOTAL};
pub use period::{Period, PeriodError, PeriodKind};
pub use personal::{looks_like_person_number, redact};
pub use pipeline::{ApprovalRule, DueRule, Fetch, HttpFetch, Pipeline, Usage};
pub use plan::{ActiveTime, Activity, Aggregate, Comparison, DatePart, Expr, TimeSelection};
pub use raw::{BrokenRow, CellSpan, Header, RawBatch, RowAddress};
pub use reading::{Join, JoinMoment, Joined, Price, PriceBase, Reading};
pub use record::{Column, ColumnData, ColumnKind, PageCompression, RecordBatch, RecordSchema, TextData};
pub use reject::{Notice, Refusal, RejectedRow};
pub use source::{
    Budget, Control, ControlField, ControlPlace, ControlRecord, ControlStatement, DateFormat, DelimitedFormat,
    Encoding, Escape, FieldMapping, FileName, FixedColumn, FixedFormat, Format, Layout, LineEnd, Load, NamePart,
    Negative, NumberFormat, Origin, Parse, Scope, SignColumn, SkipMatch, SkipRule, Source,
};
pub use stop::Stop;
pub use tally::{RowTally, TallyError};
pub use unit::{Unit, UnitError};
pub use version::{AsDefined, History, IndicatorVersion, Series, Superseded};
pub use window::{Span, Window};
