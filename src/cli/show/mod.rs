//! Results in words and tables for the terminal.

use crate::report::document::{Cell, Column, Table, Tone};
use crate::report::number::{self, Style};
use crate::report::{table, words};
use crate::study::fitted::FitDocument;
use crate::study::stage_bootstrap::BootstrapDocument;

use super::console::Console;

mod combination;
mod planning;
mod predictions;

pub use combination::combination;
pub use planning::{design, sensitivity};
pub use predictions::{courses, dose, expressions, population, shift};

pub(super) const STYLE: Style = Style::Plain;

impl Console {
    /// Shows a table of at most 100 columns.
    pub fn table(&mut self, t: &Table) {
        let text = table::terminal(
            t,
            table::Terminal {
                color: self.colors_stdout(),
                ..table::Terminal::default()
            },
        );
        self.line(text.trim_end());
    }
}

/// A fit: data beside it, estimates, goodness, relations.
pub fn fit(console: &mut Console, d: &FitDocument) {
    console.line(format!(
        "scenario {}: {} after {} of {} starts, {} of them at the best objective {}",
        d.scenario,
        d.status.replace('_', " "),
        d.starts.converged,
        d.starts.n,
        d.starts.at_best,
        number::significant(d.objective, 7, STYLE),
    ));
    console.line("");
    console.table(&data(d));
    console.line("");
    console.table(&estimates(d));
    console.line("");
    goodness(console, d);
    if !d.relations.is_empty() {
        console.line("");
        console.table(&relations(d));
    }
}

fn data(d: &FitDocument) -> Table {
    let mut t = Table::new(
        "Data beside the fit",
        vec![
            Column::words("observable"),
            Column::words("arm"),
            Column::number("time"),
            Column::number("measured"),
            Column::number("SD"),
            Column::number("n"),
            Column::number("fitted"),
            Column::number("residual/√(1−h)"),
        ],
    );
    for row in &d.data {
        let uncertainty = row.sd.unwrap_or(row.standard_error);
        let decimals = if uncertainty.is_finite() && uncertainty > 0.0 {
            number::decimals(uncertainty)
        } else {
            number::decimals_of(row.measured, number::DEFAULT_DIGITS)
        };
        let measured = match row.kind {
            "limit_below" => format!("<{}", number::shortest(row.measured, STYLE)),
            "limit_above" => format!(">{}", number::shortest(row.measured, STYLE)),
            _ => number::shortest(row.measured, STYLE),
        };
        let r = row.scaled_residual.or(row.residual);
        let tone = if r.is_some_and(|r| r.abs() > 2.0) {
            Tone::Mind
        } else {
            Tone::Plain
        };
        t.row(vec![
            row.observable.as_str().into(),
            row.experiment.as_str().into(),
            number::shortest(row.time, STYLE).into(),
            measured.into(),
            row.sd
                .map(|s| number::shortest(s, STYLE))
                .unwrap_or_default()
                .into(),
            row.n.map(|n| n.to_string()).unwrap_or_default().into(),
            number::fixed(row.fitted, decimals, STYLE).into(),
            Cell::from(r.map(|r| number::fixed(r, 2, STYLE)).unwrap_or_default()).tone(tone),
        ]);
    }
    t.without_empty_columns()
}

fn estimates(d: &FitDocument) -> Table {
    let level = words::level(Some(d.settings.level));
    let mut t = Table::new(
        "Estimates",
        vec![
            Column::words("parameter"),
            Column::number("estimate"),
            Column::words("unit"),
            Column::words(format!("{level} interval")),
            Column::words("method"),
            Column::number("prior share"),
            Column::words(""),
        ],
    );
    for e in &d.estimates {
        let (lower, upper) = e.interval.as_ref().map_or((None, None), words::closed);
        t.row(vec![
            e.id.as_str().into(),
            number::estimate(e.value, lower, upper, STYLE).into(),
            words::unit(e.unit.as_deref()).unwrap_or_default().into(),
            e.interval
                .as_ref()
                .map_or_else(|| "–".into(), |i| words::interval(i, Some(e.value), STYLE))
                .into(),
            e.interval
                .as_ref()
                .map_or("", |i| words::method_short(i.method))
                .into(),
            if e.prior_share > 0.0 {
                number::percent(e.prior_share, STYLE)
            } else {
                String::new()
            }
            .into(),
            Cell::from(note(e)).tone(Tone::Mind),
        ]);
    }
    t.without_empty_columns()
}

fn note(e: &crate::uncertainty::Estimate) -> String {
    match (&e.at_bound, e.verdict) {
        (Some(side), _) => format!("at its {side} bound"),
        (None, Some(v)) => words::verdict(v).into(),
        (None, None) => e.reason.clone().unwrap_or_default(),
    }
}

fn goodness(console: &mut Console, d: &FitDocument) {
    let g = &d.goodness;
    if g.n_means > 0 {
        let p = match g.p_value {
            Some(p) => format!(
                "{} (Johansen's F, for means of few replicates)",
                number::p_value(p, STYLE)
            ),
            None => format!(
                "no P-value: {}",
                g.p_value_method.trim_start_matches("none: ")
            ),
        };
        console.line(format!(
            "Goodness of fit: χ² {} over {} means with {} degrees of freedom, {p}",
            number::significant(g.chi2_means, 3, STYLE),
            g.n_means,
            number::fixed(g.dof, 1, STYLE),
        ));
    } else {
        console.line(format!(
            "χ² {} over {} rows, −log likelihood {}",
            number::significant(d.chi2, 4, STYLE),
            d.n_data,
            number::significant(d.nllh, 7, STYLE),
        ));
    }
}

fn relations(d: &FitDocument) -> Table {
    let mut t = Table::new(
        "Relations and facts",
        vec![
            Column::words("id"),
            Column::mark(""),
            Column::words("relation"),
            Column::number("value"),
            Column::number("margin"),
        ],
    );
    for r in &d.relations {
        let (word, tone) = match r.holds {
            Some(true) => ("holds", Tone::Good),
            Some(false) => ("fails", Tone::Bad),
            None => ("unknown", Tone::Mind),
        };
        let show = |x: Option<f64>| {
            x.map(|x| number::significant(x, 3, STYLE))
                .unwrap_or_default()
        };
        t.row(vec![
            r.id.as_str().into(),
            Cell::from(word).tone(tone),
            r.text.as_str().into(),
            show(r.value).into(),
            show(r.margin).into(),
        ]);
    }
    t
}

/// A bootstrap: intervals beside the estimates.
pub fn bootstrap(console: &mut Console, fit: &FitDocument, d: &BootstrapDocument) {
    let b = &d.bootstrap;
    let level = words::level(Some(d.level));
    let mut t = Table::new(
        format!("Bootstrap, {} of {} replicates", b.succeeded, b.samples),
        vec![
            Column::words("parameter"),
            Column::number("estimate"),
            Column::words("unit"),
            Column::words(format!("{level} interval")),
            Column::words("method"),
            Column::words("if failures were extreme"),
        ],
    );
    for i in &b.intervals {
        let estimate = fit.estimates.iter().find(|e| e.id == i.id);
        let value = estimate.map(|e| e.value);
        let (lower, upper) = words::closed(&i.interval);
        let extreme = &i.if_failures_extreme;
        let end =
            |x: Option<f64>| x.map_or_else(|| "open".into(), |x| number::significant(x, 3, STYLE));
        t.row(vec![
            i.id.as_str().into(),
            value
                .map(|v| number::estimate(v, lower, upper, STYLE))
                .unwrap_or_default()
                .into(),
            estimate
                .and_then(|e| words::unit(e.unit.as_deref()))
                .unwrap_or_default()
                .into(),
            words::interval(&i.interval, value, STYLE).into(),
            words::method_short(i.interval.method).into(),
            if b.failed.is_empty() {
                String::new()
            } else {
                format!("{} to {}", end(extreme.lower), end(extreme.upper))
            }
            .into(),
        ]);
    }
    console.table(&t.without_empty_columns());
    for (reason, n) in &b.failed {
        console.line(format!("{n} replicates failed: {}", words::reason(reason)));
    }
    if d.status == "partial" {
        console.line(format!(
            "fewer than {} % of the replicates succeeded: the intervals are not to be trusted",
            d.min_success
        ));
    }
    for note in &b.notes {
        console.line(note);
    }
}

/// Profiles: interval, threshold, verdict of each.
pub fn profiles(console: &mut Console, p: &crate::uncertainty::Profiles) {
    let level = words::level(Some(p.level));
    let mut t = Table::new(
        "Profile likelihood",
        vec![
            Column::words(""),
            Column::words(format!("{level} interval")),
            Column::words("method"),
            Column::words("lower end by"),
            Column::words("upper end by"),
            Column::words("verdict"),
        ],
    );
    for item in p.parameters.iter().chain(&p.predictions) {
        let cause = |c: &Option<crate::uncertainty::Cause>| {
            c.as_ref().map(ToString::to_string).unwrap_or_default()
        };
        t.row(vec![
            item.id.as_str().into(),
            words::interval(&item.interval, None, STYLE).into(),
            words::method_short(item.interval.method).into(),
            cause(&item.interval.lower_cause).into(),
            cause(&item.interval.upper_cause).into(),
            item.verdict.map(words::verdict).unwrap_or_default().into(),
        ]);
    }
    console.table(&t.without_empty_columns());
    for b in &p.better_optima {
        console.note(format!("warning[better-optimum]: the profile of {} found a better optimum ({} instead of {}); everything was redone from it, and the fit should be as well", b.found_by, b.after, b.before));
    }
    for (id, reason) in &p.refused {
        console.note(format!("warning[profile-refused]: {id}: {reason}"));
    }
}

/// What to do next, as a command that can be pasted.
pub fn next(console: &mut Console, command: &str, problem: &std::path::Path, why: &str) {
    let problem = problem.display();
    let line = match command.split_once(' ') {
        Some((name, rest)) => format!("next: mechfit {name} {problem} {rest}   {why}"),
        None => format!("next: mechfit {command} {problem}   {why}"),
    };
    console.line("");
    console.line(line);
}

/// Warnings of a fit on stderr, the most serious first.
pub fn warnings(console: &Console, d: &FitDocument) {
    for w in &d.warnings {
        let place = w
            .place
            .as_ref()
            .map(|p| format!("{p}: "))
            .unwrap_or_default();
        console.note(format!("warning[{}]: {place}{}", w.code, w.text));
    }
}

/// The coverage of every kind of interval, and the size of the tests.
pub fn coverage(console: &mut Console, d: &crate::study::stage_coverage::CoverageDocument) {
    let found = &d.coverage;
    console.line(format!(
        "{} data sets, {} fitted; nominal {} %",
        found.samples,
        found.succeeded,
        100.0 * found.level
    ));
    let percent = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| format!("{:.1}", 100.0 * x));
    console.line(format!(
        "{:<24} {:>6} {:>8} {:>6} {:>14} {:>10}",
        "mean over parameters", "sets", "covers", "+-", "missed lo/hi", "width/z"
    ));
    for r in found.rows.iter().filter(|r| r.id.is_none()) {
        console.line(format!(
            "{:<24} {:>6} {:>8} {:>6} {:>14} {:>10}",
            r.method,
            r.sets,
            percent(r.covered),
            percent(r.standard_error),
            format!("{}/{}", percent(r.missed_below), percent(r.missed_above)),
            r.relative_width
                .map_or_else(|| "-".into(), |w| format!("{w:.2}"))
        ));
    }
    for s in &found.sizes {
        console.line(format!(
            "size of {} at {} %: {} % of {} sets",
            s.test,
            100.0 * s.nominal,
            percent(s.rejected),
            s.sets
        ));
    }
    for t in &found.targets {
        console.line(format!(
            "{} {}: {}",
            if t.met { "met   " } else { "missed" },
            t.method,
            t.text
        ));
        for miss in &t.misses {
            console.line(format!("         {miss}"));
        }
    }
}
