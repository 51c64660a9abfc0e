//! Predictions in tables for the terminal.

use super::super::console::Console;
use super::super::predicting::Predictions;
use super::STYLE;
use crate::predict::combination::Combination;
use crate::predict::course::Courses;
use crate::predict::dose::{DoseResponse, FoldShift};
use crate::predict::estimate::Warning;
use crate::predict::population::PopulationResponse;
use crate::predict::sensitivity::Sensitivity;
use crate::predict::{Estimate, Failures};
use crate::report::document::{Cell, Column, Table, Tone, index_cells, intervals_of_dose};
use crate::report::number;
use crate::report::words;
use crate::uncertainty::{Design, Method, Status};

/// Value and interval of an estimate, with the digits that its interval bears.
fn cells(e: &Estimate) -> [Cell; 2] {
    let finite = |x: f64| Some(x).filter(|x| x.is_finite());
    let lower = finite(e.lower).filter(|_| e.lower_status == Status::Closed);
    let upper = finite(e.upper).filter(|_| e.upper_status == Status::Closed);
    let value = match finite(e.value) {
        Some(v) => number::estimate(v, lower, upper, STYLE),
        None => "–".into(),
    };
    let end = |x: f64, other: Option<f64>| number::end(x, finite(e.value), other, STYLE);
    let interval = match (lower, upper) {
        (Some(a), Some(b)) => format!("{} to {}", end(a, Some(b)), end(b, Some(a))),
        (Some(a), None) => format!("above {}", end(a, None)),
        (None, Some(b)) => format!("below {}", end(b, None)),
        (None, None) if e.method.is_some() => "no ends".into(),
        (None, None) => String::new(),
    };
    [value.into(), interval.into()]
}

/// What to mind about an estimate.
fn remark(e: &Estimate) -> Cell {
    let text = match (&e.reason, e.in_tested_range) {
        (Some(reason), _) => reason.clone(),
        (None, Some(false)) => "outside the tested doses".into(),
        _ => String::new(),
    };
    Cell::from(text).tone(Tone::Mind)
}

fn share(e: &Estimate) -> Cell {
    e.prior_share
        .map(|w| number::percent(w, STYLE))
        .unwrap_or_default()
        .into()
}

/// What intervals were made from.
fn basis(method: Option<Method>, replicates: usize) -> String {
    match method {
        Some(Method::Percentile) => words::counted(replicates as u64, "replicate", "replicates"),
        Some(m) => words::method_short(m).into(),
        None => "no interval".into(),
    }
}

fn interval_column(level: f64) -> Column {
    Column::words(format!("{} interval", words::level(Some(level))))
}

fn warnings(console: &Console, list: &[Warning]) {
    for w in list {
        warn(&w.code, console, &w.text);
    }
}

/// A warning with its code.
fn warn(code: &str, console: &Console, text: &str) {
    console.note(format!("warning[{code}]: {text}"));
}

/// Simulations that failed, by reason, in words.
fn reasons(failed: &Failures) -> Option<String> {
    let list: Vec<String> = failed
        .iter()
        .map(|(reason, n)| format!("{n} could not be simulated: {}", words::reason(reason)))
        .collect();
    (!list.is_empty()).then(|| list.join("; "))
}

fn replicates_failed(console: &Console, failed: &Failures) {
    if let Some(text) = reasons(failed) {
        warn("replicates-failed", console, &text);
    }
}

/// A dose-response.
pub fn dose(console: &mut Console, d: &DoseResponse) {
    let mut t = Table::new(
        format!(
            "{} against {}, {}",
            d.response,
            d.input,
            basis(d.method, d.replicates)
        ),
        vec![
            Column::words(""),
            Column::number("value"),
            Column::words("unit"),
            interval_column(d.level),
            Column::number("prior share"),
            Column::words(""),
        ],
    );
    let s = &d.summary;
    let dose_unit = words::unit(d.input_unit.as_deref()).unwrap_or_default();
    let unit = words::unit(d.response_unit.as_deref()).unwrap_or_default();
    let mut row = |name: &str, e: &Estimate, unit: &str| {
        let [value, interval] = cells(e);
        t.row(vec![
            name.into(),
            value,
            unit.into(),
            interval,
            share(e),
            remark(e),
        ]);
    };
    row("without the drug", &s.control, &unit);
    row("largest effect (Emax)", &s.emax, &unit);
    row("EC10", &s.ec10, &dose_unit);
    row("EC50", &s.ec50, &dose_unit);
    row("EC90", &s.ec90, &dose_unit);
    row("Hill slope", &s.hill, "");
    let falling = s.emax.value < s.control.value;
    if let Some(a) = &s.absolute {
        let full = number::shortest(a.full, STYLE);
        let name = if falling { "IC" } else { "EC" };
        for (part, e) in [(10, &a.ec10), (50, &a.ec50), (90, &a.ec90)] {
            row(&format!("{name}{part} towards {full}"), e, &dose_unit);
        }
    }
    console.table(&t.without_empty_columns());
    if let Some(t) = intervals_of_dose(d, STYLE) {
        console.line("");
        console.table(&t);
    }
    warnings(console, &d.warnings);
    replicates_failed(console, &d.failed);
}

/// A fold shift.
pub fn shift(console: &mut Console, s: &FoldShift) {
    let [value, interval] = cells(&s.ec50);
    let reason = s.ec50.reason.clone().unwrap_or_default();
    console.line(format!(
        "fold shift of EC50 from {} to {}: {} ({}){}",
        s.from,
        s.to,
        value.text.words(),
        interval.text.words(),
        if reason.is_empty() {
            String::new()
        } else {
            format!(", {reason}")
        }
    ));
    let others: Vec<String> = s
        .ec50
        .others
        .iter()
        .map(|i| {
            format!(
                "{} {}",
                words::method_short(i.method),
                words::interval(i, Some(s.ec50.value), STYLE)
            )
        })
        .collect();
    if !others.is_empty() {
        console.line(format!("  by other methods: {}", others.join("; ")));
    }
}

/// A combination: the scores over the surface, and doses that have an effect alone.
pub fn combination(console: &mut Console, c: &Combination) {
    let [a, b] = &c.inputs;
    let mut t = Table::new(
        format!(
            "{a} with {b} on {}, {} replicates; excess in percent of the full effect",
            c.response, c.replicates
        ),
        vec![
            Column::words("definition"),
            Column::number("mean excess"),
            interval_column(c.level),
            Column::number("largest"),
            Column::words(format!("at {a}, {b}")),
            Column::words("verdict"),
        ],
    );
    let show = |x: f64| {
        if x.is_finite() {
            number::fixed(100.0 * x, 1, STYLE)
        } else {
            "–".into()
        }
    };
    for (name, s) in [
        ("Bliss", &c.synergy.bliss),
        ("Loewe", &c.synergy.loewe),
        ("HSA", &c.synergy.hsa),
    ] {
        if let Some(reason) = &s.not_applicable {
            let mut row = vec![Cell::from(name)];
            row.extend(std::iter::repeat_n(Cell::default(), 4));
            row.push(Cell::from(format!("does not apply: {reason}")).tone(Tone::Mind));
            t.row(row);
            continue;
        }
        let [x, y] = s.largest_at;
        t.row(vec![
            name.into(),
            show(s.mean).into(),
            format!("{} to {}", show(s.lower), show(s.upper)).into(),
            show(s.largest.value).into(),
            format!(
                "{}, {}",
                number::significant(x, 2, STYLE),
                number::significant(y, 2, STYLE)
            )
            .into(),
            s.verdict.replace('_', " ").into(),
        ]);
    }
    console.table(&t.without_empty_columns());
    if !c.isoboles.is_empty() {
        console.line("");
        console.table(&isoboles(c));
    }
    if c.nodes != [0, 0] {
        console.line(format!(
            "replicates by interpolation over {} × {} doses; largest error {} % of the interval's width",
            c.nodes[0],
            c.nodes[1],
            number::significant(100.0 * c.interpolation_error, 2, STYLE)
        ));
    }
    warnings(console, &c.warnings);
    replicates_failed(console, &c.failed);
}

fn isoboles(c: &Combination) -> Table {
    let [a, b] = &c.inputs;
    let [ua, ub] = &c.input_units;
    let mut t = Table::new(
        "Doses of an effect alone; of the best pair its combination index and the dose reductions",
        vec![
            Column::number("effect"),
            Column::number(words::with_unit(a, ua.as_deref())),
            Column::words("interval"),
            Column::number(words::with_unit(b, ub.as_deref())),
            Column::words("interval"),
            Column::number("index"),
            Column::number(format!("{a} ÷")),
            Column::number(format!("{b} ÷")),
        ],
    );
    for i in &c.isoboles {
        let [va, ia] = cells(&i.alone_a);
        let [vb, ib] = cells(&i.alone_b);
        let best = i
            .points
            .iter()
            .filter(|p| p.index.is_finite() && p.index > 0.0)
            .min_by(|x, y| x.index.total_cmp(&y.index));
        let show = |x: Option<f64>| {
            x.filter(|x| x.is_finite())
                .map_or_else(|| "–".into(), |x| number::significant(x, 2, STYLE))
        };
        t.row(vec![
            number::percent(i.effect, STYLE).into(),
            va,
            ia,
            vb,
            ib,
            show(best.map(|p| p.index)).into(),
            show(best.map(|p| p.reduction_a)).into(),
            show(best.map(|p| p.reduction_b)).into(),
        ]);
    }
    t.without_empty_columns()
}

/// Times at which a course is shown in the terminal.
const SHOWN: usize = 4;

/// Time courses: a few times of each.
pub fn courses(console: &mut Console, c: &Courses) {
    let Some(times) = c.courses.first().map(|x| x.times.clone()) else {
        return;
    };
    let replicates = c.courses.first().map_or(0, |x| x.band.replicates);
    let last = times.len().saturating_sub(1);
    let mut picks: Vec<usize> = (0..SHOWN)
        .map(|k| (k * last + (SHOWN - 1) / 2) / (SHOWN - 1))
        .collect();
    picks.dedup();
    let time_unit = words::unit(c.time_unit.as_deref()).unwrap_or_default();
    let mut observables: Vec<&str> = Vec::new();
    for x in &c.courses {
        if !observables.contains(&x.observable.as_str()) {
            observables.push(&x.observable);
        }
    }
    for observable in observables {
        let own: Vec<_> = c
            .courses
            .iter()
            .filter(|x| x.observable == observable)
            .collect();
        let unit = own.first().and_then(|x| x.unit.as_deref());
        let mut columns = vec![Column::words("arm")];
        columns.extend(picks.iter().filter_map(|i| {
            let t = number::shortest(*times.get(*i)?, STYLE);
            Some(Column::words(format!("{t} {time_unit}").trim().to_string()))
        }));
        let mut t = Table::new(
            format!(
                "{} with {} bands at each time, {}",
                words::with_unit(observable, unit),
                words::level(Some(c.level)),
                basis(c.method, replicates)
            ),
            columns,
        );
        for x in own {
            let b = &x.band;
            let mut row = vec![Cell::from(x.experiment.as_str())];
            row.extend(picks.iter().map(|i| {
                let at = |list: &[f64]| list.get(*i).copied().filter(|v| v.is_finite());
                let Some(value) = at(&b.value) else {
                    return Cell::default();
                };
                let (l, u) = (at(&b.lower), at(&b.upper));
                let shown = number::estimate(value, l, u, STYLE);
                match (l, u) {
                    (Some(l), Some(u)) => Cell::from(format!(
                        "{shown} ({}–{})",
                        number::end(l, Some(value), Some(u), STYLE),
                        number::end(u, Some(value), Some(l), STYLE)
                    )),
                    _ => Cell::from(shown),
                }
            }));
            t.row(row);
        }
        console.table(&t);
        console.line("");
    }
    replicates_failed(console, &c.failed);
}

/// Predictions of expressions.
pub fn expressions(console: &mut Console, p: &Predictions) {
    let method = p.predictions.first().and_then(|e| e.estimate.method);
    let mut t = Table::new(
        format!("Predictions, {}", basis(method, p.replicates)),
        vec![
            Column::words("prediction"),
            Column::number("value"),
            Column::words("unit"),
            interval_column(p.level),
            Column::number("prior share"),
            Column::words(""),
        ],
    );
    for e in &p.predictions {
        let [value, interval] = cells(&e.estimate);
        t.row(vec![
            e.id.as_str().into(),
            value,
            words::unit(e.unit.as_deref()).unwrap_or_default().into(),
            interval,
            share(&e.estimate),
            remark(&e.estimate),
        ]);
    }
    console.table(&t.without_empty_columns());
    replicates_failed(console, &p.failed);
}

/// A response over a population.
pub fn population(console: &mut Console, p: &PopulationResponse, level: f64, replicates: usize) {
    let mut t = Table::new(
        format!(
            "{} over {} members, {}; {}",
            p.response,
            p.members,
            basis(p.mean.method, replicates),
            p.distributed.join("; ")
        ),
        vec![
            Column::words(""),
            Column::number("value"),
            Column::words("unit"),
            interval_column(level),
        ],
    );
    let unit = words::unit(p.unit.as_deref()).unwrap_or_default();
    for (name, e) in p.rows() {
        let [value, interval] = cells(e);
        t.row(vec![name.into(), value, unit.as_str().into(), interval]);
    }
    console.table(&t.without_empty_columns());
    if let Some(text) = reasons(&p.failed) {
        warn("members-failed", console, &text);
    }
}

/// Sensitivities of one expression, the strongest first.
pub fn sensitivity(console: &mut Console, s: &Sensitivity) {
    let unit = words::unit(s.unit.as_deref()).unwrap_or_default();
    console.line(format!(
        "{} is {} {unit} at the fit",
        s.response,
        number::significant(s.value, 4, STYLE)
    ));
    let mut t = Table::new(
        "What it depends on: at the fit (change for a change of ln parameter; elasticity) and over whole ranges (parts of the variance)",
        vec![
            Column::words("parameter"),
            Column::number("d/d ln"),
            Column::number("elasticity"),
            Column::number("first"),
            Column::words("interval"),
            Column::number("total"),
            Column::words("interval"),
        ],
    );
    let mut order: Vec<_> = s
        .local
        .iter()
        .map(|l| (l, s.sobol.iter().find(|i| i.id == l.id)))
        .collect();
    order.sort_by(|a, b| {
        let total = |i: Option<&crate::predict::sensitivity::SobolIndex>| {
            i.map_or(f64::NEG_INFINITY, |i| i.total.value)
        };
        total(b.1)
            .total_cmp(&total(a.1))
            .then(b.0.by_log.abs().total_cmp(&a.0.by_log.abs()))
    });
    for (l, index) in order {
        let mut row = vec![
            Cell::from(l.id.as_str()),
            number::significant(l.by_log, 3, STYLE).into(),
            number::significant(l.elasticity, 2, STYLE).into(),
        ];
        if let Some(i) = index {
            row.extend(index_cells(&i.first, STYLE));
            row.extend(index_cells(&i.total, STYLE));
        } else {
            row.extend(std::iter::repeat_n(Cell::default(), 4));
        }
        t.row(row);
    }
    console.table(&t.without_empty_columns());
    if !s.sobol.is_empty() {
        console.line(format!(
            "over the ranges: mean {}, SD {} {unit}; {} simulations",
            number::significant(s.mean, 3, STYLE),
            number::significant(s.variance.sqrt(), 3, STYLE),
            number::count(s.simulations as u64, STYLE)
        ));
    }
    if let Some(text) = reasons(&s.failed) {
        warn("simulations-failed", console, &text);
    }
}

/// Proposals that are shown.
const PROPOSALS: usize = 12;

/// Measurements, the best first.
pub fn design(console: &mut Console, d: &Design, level: f64) {
    let range = |l: Option<f64>, u: Option<f64>| match (l, u) {
        (Some(l), Some(u)) => format!(
            "{} to {}",
            number::end(l, d.value, Some(u), STYLE),
            number::end(u, d.value, Some(l), STYLE)
        ),
        _ => "not determined".into(),
    };
    if let (Some(target), Some(value)) = (&d.target, d.value) {
        console.line(format!(
            "{target} is {}, {} interval now {}",
            number::estimate(value, d.lower, d.upper, STYLE),
            words::level(Some(level)),
            range(d.lower, d.upper)
        ));
    }
    let caption = match &d.target {
        Some(_) => "Measurements that would narrow it most",
        None => "Measurements that would add most information (D-optimal)",
    };
    let mut t = Table::new(
        caption,
        vec![
            Column::words("measurement"),
            Column::number("n"),
            Column::number("expected"),
            Column::number("SD"),
            Column::number("narrower by"),
            Column::words("expected interval"),
            Column::number("ln det gain"),
            Column::words(""),
        ],
    );
    for p in d.proposals.iter().take(PROPOSALS) {
        t.row(vec![
            p.id.as_str().into(),
            p.n.to_string().into(),
            number::significant(p.expected_value, 3, STYLE).into(),
            number::significant(p.sd, 2, STYLE).into(),
            d.narrowing(p)
                .map(|r| number::percent(r, STYLE))
                .unwrap_or_default()
                .into(),
            if d.target.is_some() {
                range(p.expected_lower, p.expected_upper)
            } else {
                String::new()
            }
            .into(),
            p.d_gain
                .map(|g| number::significant(g, 2, STYLE))
                .unwrap_or_default()
                .into(),
            if p.opens {
                "determines what was open"
            } else {
                ""
            }
            .into(),
        ]);
    }
    console.table(&t.without_empty_columns());
    let rest = d.proposals.len().saturating_sub(PROPOSALS);
    if rest > 0 {
        console.line(format!("{rest} more are in the result file"));
    }
    let mut reasons: Vec<&str> = d.refused.iter().map(|(_, r)| r.as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        let n = d.refused.iter().filter(|(_, r)| r == reason).count();
        warn(
            "candidates-refused",
            console,
            &format!("{n} candidates: {reason}"),
        );
    }
}
