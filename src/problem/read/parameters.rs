//! The parameter table.

use super::super::cells::{Cells, check_columns};
use super::super::findings::Findings;
use super::super::sheet::Sheet;
use super::super::{Parameter, Prior, Scale};
use super::Format;
use crate::diagnostic::Finding;
use crate::stats::Distribution;

const SCALES: [(&str, Scale); 4] = [
    ("lin", Scale::Lin),
    ("log", Scale::Log),
    ("log10", Scale::Log10),
    ("logit", Scale::Logit),
];
/// `true`, `false` of version 2 and 0, 1 of version 1, each with the spellings of spreadsheet programs.
const FLAGS: [(&str, bool); 10] = [
    ("true", true),
    ("false", false),
    ("1", true),
    ("0", false),
    ("True", true),
    ("False", false),
    ("TRUE", true),
    ("FALSE", false),
    ("1.0", true),
    ("0.0", false),
];
/// Prior types of version 1: name in version 2, whether on the scale of the parameter.
const TYPES_V1: [(&str, (&str, bool)); 8] = [
    ("uniform", ("uniform", false)),
    ("normal", ("normal", false)),
    ("laplace", ("laplace", false)),
    ("logNormal", ("log-normal", false)),
    ("logLaplace", ("log-laplace", false)),
    ("parameterScaleUniform", ("uniform", true)),
    ("parameterScaleNormal", ("normal", true)),
    ("parameterScaleLaplace", ("laplace", true)),
];
const TYPES_V2: [(&str, (&str, bool)); 11] = [
    ("cauchy", ("cauchy", false)),
    ("chisquare", ("chisquare", false)),
    ("exponential", ("exponential", false)),
    ("gamma", ("gamma", false)),
    ("laplace", ("laplace", false)),
    ("log-laplace", ("log-laplace", false)),
    ("log-normal", ("log-normal", false)),
    ("log-uniform", ("log-uniform", false)),
    ("normal", ("normal", false)),
    ("rayleigh", ("rayleigh", false)),
    ("uniform", ("uniform", false)),
];

/// Beside those of version 2 where the extension gives parameters a scale: densities of the scaled parameter, whose mode
/// does not move when the scale is logarithmic.
const TYPES_ON_SCALE: [(&str, (&str, bool)); 2] = [
    ("parameterScaleNormal", ("normal", true)),
    ("parameterScaleLaplace", ("laplace", true)),
];

/// Columns of one table.
struct Columns {
    scale: Option<usize>,
    lower: Option<usize>,
    upper: Option<usize>,
    nominal: Option<usize>,
    estimate: Option<usize>,
    prior: (Option<usize>, Option<usize>),
    start: (Option<usize>, Option<usize>),
    unit: Option<usize>,
    parts: Option<usize>,
    source: Option<usize>,
}

/// Reads a parameter table.
pub(in super::super) fn parameters(
    sheet: &Sheet,
    format: Format,
    findings: &mut Findings,
) -> Vec<Parameter> {
    let v1 = format.version == 1;
    let id = sheet.require("parameterId", findings);
    let only = |on: bool, name: &str| on.then(|| sheet.column(name)).flatten();
    let columns = Columns {
        scale: if v1 {
            sheet.require("parameterScale", findings)
        } else {
            only(format.extended, "scale")
        },
        lower: sheet.require("lowerBound", findings),
        upper: sheet.require("upperBound", findings),
        nominal: sheet.column("nominalValue"),
        estimate: sheet.require("estimate", findings),
        prior: if v1 {
            (
                sheet.column("objectivePriorType"),
                sheet.column("objectivePriorParameters"),
            )
        } else {
            (
                sheet.column("priorDistribution"),
                sheet.column("priorParameters"),
            )
        },
        start: (
            only(v1, "initializationPriorType"),
            only(v1, "initializationPriorParameters"),
        ),
        unit: only(format.extended, "unit"),
        parts: only(format.extended, "parts"),
        source: only(format.extended, "source"),
    };
    let known: &[&'static str] = if v1 {
        &[
            "parameterId",
            "parameterName",
            "parameterScale",
            "lowerBound",
            "upperBound",
            "nominalValue",
            "estimate",
            "objectivePriorType",
            "objectivePriorParameters",
            "initializationPriorType",
            "initializationPriorParameters",
        ]
    } else {
        &[
            "parameterId",
            "parameterName",
            "lowerBound",
            "upperBound",
            "nominalValue",
            "estimate",
            "priorDistribution",
            "priorParameters",
        ]
    };
    check_columns(sheet, known, findings);
    let mut list = Vec::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let Some(id) = cells.declared_id(id) else {
            continue;
        };
        list.push(parameter(&mut cells, id, &columns, v1));
    }
    list
}

fn parameter(cells: &mut Cells, id: String, columns: &Columns, v1: bool) -> Parameter {
    let estimate = match cells.given(columns.estimate) {
        None => {
            if columns.estimate.is_some() {
                let finding =
                    Finding::error("empty-cell", format!("`estimate` of `{id}` is empty")).help(
                        if v1 {
                            "write 1 or 0"
                        } else {
                            "write `true` or `false`"
                        },
                    );
                cells.report(finding, None, "a value is needed here");
            }
            false
        }
        Some(_) => cells.word(columns.estimate, &FLAGS, false).unwrap_or(false),
    };
    let scale = cells
        .word(columns.scale, &SCALES, Scale::Lin)
        .unwrap_or_default();
    let lower = cells.optional_number(columns.lower);
    let upper = cells.optional_number(columns.upper);
    let nominal = cells.optional_number(columns.nominal);
    if estimate {
        for (value, column, name) in [
            (lower, columns.lower, "lowerBound"),
            (upper, columns.upper, "upperBound"),
        ] {
            if value == Ok(None) && column.is_some() {
                cells.report(
                    Finding::error(
                        "missing-bound",
                        format!("`{id}` is estimated and has no `{name}`"),
                    )
                    .help("give a bound, or `inf`/`-inf` where there is none"),
                    None,
                    "a bound is needed here",
                );
            }
        }
    } else if nominal == Ok(None) {
        cells.report(
            Finding::error(
                "missing-value",
                format!("`{id}` is not estimated and has no `nominalValue`"),
            )
            .help("give its value, or let it be estimated"),
            None,
            "",
        );
    }
    let bounds = (
        lower.unwrap_or_default().unwrap_or(f64::NEG_INFINITY),
        upper.unwrap_or_default().unwrap_or(f64::INFINITY),
    );
    let value = nominal.unwrap_or_default();
    if estimate && lower.is_ok() && upper.is_ok() {
        check_bounds(cells, &id, scale, bounds, value, columns);
    }
    let prior = if estimate {
        prior(
            cells,
            columns.prior,
            bounds,
            scale,
            v1,
            columns.scale.is_some(),
        )
    } else {
        None
    };
    let start = prior_v1(cells, columns.start, bounds, scale).filter(|_| v1 && estimate);
    Parameter {
        id,
        scale,
        lower: bounds.0,
        upper: bounds.1,
        nominal: value,
        estimate,
        prior,
        start,
        unit: cells.note(columns.unit),
        parts: cells
            .given(columns.parts)
            .map(|t| t.split(';').map(|p| p.trim().to_string()).collect())
            .unwrap_or_default(),
        source: cells.note(columns.source),
        row: cells.row.number,
    }
}

fn check_bounds(
    cells: &mut Cells,
    id: &str,
    scale: Scale,
    (lower, upper): (f64, f64),
    nominal: Option<f64>,
    columns: &Columns,
) {
    if upper < lower {
        cells.report(
            Finding::error(
                "crossed-bounds",
                format!("the upper bound {upper} of `{id}` lies below its lower bound {lower}"),
            )
            .help("exchange the two, or correct the one that is wrong"),
            columns.upper,
            "below `lowerBound`",
        );
        return;
    }
    if upper == lower {
        cells.report(
            Finding::error("equal-bounds", format!("both bounds of `{id}` are {lower}"))
                .help("set `estimate` to false to fix it at its nominal value"),
            columns.upper,
            "equal to `lowerBound`",
        );
        return;
    }
    let outside = match scale {
        Scale::Lin => None,
        Scale::Log | Scale::Log10 => (lower < 0.0).then_some("a logarithm needs bounds from 0"),
        Scale::Logit => {
            (lower < 0.0 || upper > 1.0).then_some("logit needs bounds between 0 and 1")
        }
    };
    if let Some(why) = outside {
        let at = if lower < 0.0 {
            columns.lower
        } else {
            columns.upper
        };
        cells.report(
            Finding::error(
                "bound-outside-scale",
                format!("the bounds {lower} and {upper} of `{id}` do not fit its estimation scale"),
            )
            .help(why),
            at,
            "",
        );
    }
    if let Some(v) = nominal
        && !(lower..=upper).contains(&v)
    {
        cells.report(
            Finding::warning(
                "nominal-outside",
                format!(
                    "the nominal value {v} of `{id}` lies outside its bounds {lower} and {upper}"
                ),
            )
            .help("a fit starts from the nearest bound"),
            columns.nominal,
            "",
        );
    }
}

/// Prior of the objective.
fn prior(
    cells: &mut Cells,
    columns: (Option<usize>, Option<usize>),
    bounds: (f64, f64),
    scale: Scale,
    v1: bool,
    has_scale: bool,
) -> Option<Prior> {
    if v1 {
        // "parameterScaleUniform" is the format's word for no prior.
        return prior_v1(cells, columns, bounds, scale)
            .filter(|p| !(p.on_scale && p.distribution == "uniform"));
    }
    cells.given(columns.0)?;
    let mut types = TYPES_V2.to_vec();
    if has_scale {
        types.extend(TYPES_ON_SCALE);
    }
    let (name, on_scale) = cells.word(columns.0, &types, ("", false))?;
    let parameters = prior_parameters(cells, columns.1, name)?;
    let distribution = valid(cells, columns.1, name, &parameters)?;
    let on = |x: f64| match scale {
        _ if !on_scale => x,
        Scale::Lin => x,
        Scale::Log => libm::log(x),
        Scale::Log10 => libm::log10(x),
        Scale::Logit => libm::log(x / (1.0 - x)),
    };
    if distribution.log_mass(on(bounds.0), on(bounds.1)) == f64::NEG_INFINITY {
        cells.report(
            Finding::error(
                "prior-outside-bounds",
                "the prior has no probability between the bounds",
            )
            .help("a prior is truncated to the bounds; let them overlap"),
            columns.1,
            "",
        );
    }
    Some(Prior {
        distribution: name.into(),
        parameters,
        on_scale,
        truncated: true,
    })
}

/// A prior of version 1; its parameters default to the bounds.
fn prior_v1(
    cells: &mut Cells,
    columns: (Option<usize>, Option<usize>),
    (lower, upper): (f64, f64),
    scale: Scale,
) -> Option<Prior> {
    cells.given(columns.0)?;
    let (name, on_scale) = cells.word(columns.0, &TYPES_V1, ("", false))?;
    let parameters = if cells.given(columns.1).is_none() && name == "uniform" {
        let on = |x: f64| match scale {
            Scale::Log if on_scale => libm::log(x),
            Scale::Log10 if on_scale => libm::log10(x),
            _ => x,
        };
        vec![on(lower), on(upper)]
    } else {
        prior_parameters(cells, columns.1, name)?
    };
    valid(cells, columns.1, name, &parameters)?;
    Some(Prior {
        distribution: name.into(),
        parameters,
        on_scale,
        truncated: false,
    })
}

fn prior_parameters(cells: &mut Cells, column: Option<usize>, name: &str) -> Option<Vec<f64>> {
    if cells.given(column).is_none() {
        cells.report(
            Finding::error(
                "missing-prior-parameters",
                format!("the parameters of the prior `{name}` are not given"),
            )
            .help("write them separated by `;`"),
            column,
            "",
        );
        return None;
    }
    cells.numbers(column)
}

fn valid(
    cells: &mut Cells,
    column: Option<usize>,
    name: &str,
    parameters: &[f64],
) -> Option<Distribution> {
    match Distribution::parse(name, parameters) {
        Ok(d) => Some(d),
        Err(e) => {
            cells.report(Finding::error("invalid-prior", e.to_string()), column, "");
            None
        }
    }
}
