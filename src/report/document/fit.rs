//! The fit beside the data, the facts it must meet, and how it was found.

use super::super::figure;
use super::super::number::{Style, count, decimal, fixed, p_value, percent, significant};
use super::super::view::{DataRow, Fit, Relation, View};
use super::super::words;
use super::data::{left_out, measured_text, observable_text, one_time, shown, time_text};
use super::{Block, Cell, Column, Section, Table, Text, Tone};

/// Residuals beyond this many standard errors are marked: 95 % of Student's t with 4 degrees of freedom lie within, the
/// tails of means of five replicates.
const LARGE_RESIDUAL: f64 = 2.78;

/// The section.
pub fn section(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if let Some(fit) = &view.fit {
        blocks.push(Block::Paragraph(goodness(fit, style)));
        blocks.extend(figure::fit(&view.study, fit).map(Block::Figure));
        if !fit.data.is_empty() {
            blocks.push(Block::Table(table(view, fit, style)));
        }
        blocks.extend(figure::residuals(&view.study, fit).map(Block::Figure));
        blocks.extend(criteria(fit, style).map(Block::Paragraph));
    }
    Section {
        id: "fit",
        title: "Fit".into(),
        blocks,
    }
}

/// How well the model meets the data, in a sentence or two.
pub fn goodness(fit: &Fit, style: Style) -> Text {
    let mut text = Text::new();
    match fit.status.as_str() {
        "converged" => {}
        "not_converged" => {
            text = text
                .strong("The search did not converge; every number below is provisional.")
                .plain(" ");
        }
        "failed" => return text.strong("No start could be evaluated: there is no fit."),
        _ => {}
    }
    let means = fit.n_means.unwrap_or(0);
    let number = |v: f64| significant(v, 3, style);
    match (fit.chi2_means, fit.chi2) {
        (Some(chi2), _) if means > 0 => {
            text = text.plain(format!(
                "Over {} χ² is {}",
                words::counted(means, "mean", "means"),
                number(chi2)
            ));
        }
        (_, Some(chi2)) => {
            let rows = fit.n_data.unwrap_or(0);
            text = text.plain(format!(
                "Over {} χ² is {}",
                words::counted(rows, "row", "rows"),
                number(chi2)
            ));
        }
        _ => {
            if let Some(o) = fit.objective {
                return text.plain(format!("The objective is {}.", significant(o, 5, style)));
            }
            return text;
        }
    }
    if let Some(dof) = fit.dof {
        text = text.plain(format!(" on {} degrees of freedom", number(dof)));
    }
    text = match fit.p_value {
        Some(p) => text.plain(format!(
            " ({}{})",
            p_value(p, style),
            match fit.p_value_method.as_deref() {
                Some("johansen_f") =>
                    ", Johansen's F, which allows for SDs known from few replicates",
                _ => "",
            }
        )),
        None => match fit.p_value_method.as_deref() {
            Some(method) => text.plain(format!(
                "; there is no P-value ({})",
                method.trim_start_matches("none: ")
            )),
            None => text,
        },
    };
    if let Some(p) = fit.p_value_bootstrap {
        text = text.plain(format!(
            "; by simulation with redrawn SDs, {}",
            p_value(p, style)
        ));
    }
    text = text.plain(".");
    if let Some(noise) = &fit.noise {
        text = text.plain(format!(" Scatter: {}.", words::noise(noise)));
    }
    text
}

fn criteria(fit: &Fit, style: Style) -> Option<Text> {
    let mut parts = Vec::new();
    for (name, value) in [
        ("−log likelihood", fit.nllh),
        ("AIC", fit.aic),
        ("AICc", fit.aicc),
        ("BIC", fit.bic),
    ] {
        if let Some(v) = value {
            parts.push(Text::from(format!("{name} {}", fixed(v, 2, style))));
        }
    }
    if parts.is_empty() {
        return None;
    }
    let mut text = Text::new().enumerated(parts);
    if fit.aicc.is_some()
        && let (Some(k), Some(n)) = (fit.n_estimated, fit.n_replicates.or(fit.n_data))
    {
        text = text.plain(format!(
            ", with {} and {}",
            words::counted(k, "estimated parameter", "estimated parameters"),
            words::counted(n, "replicate", "replicates")
        ));
        if let Some(v) = fit.n_variances.filter(|v| *v > 0) {
            text = text.plain(format!(
                " ({} counted)",
                words::counted(v, "variance", "variances")
            ));
        }
    }
    Some(text.plain("."))
}

fn table(view: &View, fit: &Fit, style: Style) -> Table {
    let study = &view.study;
    let single = one_time(&fit.data);
    let leverage = fit.data.iter().any(|r| r.leverage.is_some());
    let mut columns = vec![Column::words("observable"), Column::words("arm")];
    if !single {
        columns.push(Column::number(words::with_unit(
            "time",
            study.time_unit.as_deref(),
        )));
    }
    columns.extend([
        Column::number("measured"),
        Column::number("n"),
        Column::number("fitted"),
        Column::number(if leverage {
            "residual/√(1−h)"
        } else {
            "residual"
        }),
        Column::number("1−h"),
    ]);
    let caption = if leverage {
        "Data beside the fit; residuals in standard errors, divided by √(1 − h). A row with 1 − h near 0 is followed by \
         the model whatever it says and can show no misfit; its residual is not divided."
    } else {
        "Data beside the fit; residuals in standard errors."
    };
    let caption = format!(
        "{}{}",
        caption.trim_end_matches('.'),
        left_out(fit.data.len())
    );
    let mut t = Table::new(caption, columns);
    let mut last = None;
    for row in shown(study, &fit.data) {
        let first = last != Some(&row.observable);
        last = Some(&row.observable);
        let (residual, can) = row.judged();
        let mut cells: Vec<Cell> = vec![
            if first {
                observable_text(study, &row.observable).into()
            } else {
                Cell::default()
            },
            row.experiment.as_str().into(),
        ];
        if !single {
            cells.push(time_text(row.time, style).into());
        }
        let residual = match residual.filter(|r| r.is_finite()) {
            Some(r) => {
                let large = can && r.abs() > LARGE_RESIDUAL;
                Cell::from(decimal(r, 2, style)).tone(if large { Tone::Bad } else { Tone::Plain })
            }
            None => Cell::default(),
        };
        cells.extend([
            measured_text(row, style).into(),
            row.n.map_or_else(String::new, |n| n.to_string()).into(),
            row.fitted
                .map_or_else(String::new, |f| fitted_text(row, f, style))
                .into(),
            residual,
            row.leverage
                .map_or_else(String::new, |h| decimal(1.0 - h, 2, style))
                .into(),
        ]);
        t.row(cells);
    }
    t.without_empty_columns()
}

/// A fitted value with the decimals of the measured one, where that has any.
fn fitted_text(row: &DataRow, fitted: f64, style: Style) -> String {
    use super::super::number::{decimals_of, shortest_decimals};
    let own = decimals_of(fitted, 3);
    let decimals = row.measured.map_or(own, |m| {
        let shown = shortest_decimals(m).max(row.sd.map_or(0, shortest_decimals));
        shown.max(0).min(own.max(0) + 2).max(own.min(2))
    });
    fixed(fitted, decimals, style)
}

/// Facts and relations.
pub fn facts(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if let Some(fit) = view.fit.as_ref().filter(|f| !f.relations.is_empty()) {
        let (held, judged) = tally(&fit.relations);
        let mut text = Text::from(format!(
            "{held} of {} hold at the fit.",
            words::counted(judged, "relation", "relations")
        ));
        let failed: Vec<Text> = fit
            .relations
            .iter()
            .filter(|r| r.holds == Some(false))
            .map(|r| Text::new().code(r.id.as_str()))
            .collect();
        if !failed.is_empty() {
            text = text
                .plain(" Those that fail: ")
                .enumerated(failed)
                .plain(".");
        }
        blocks.push(Block::Paragraph(text));
        blocks.push(Block::Table(relations(view, &fit.relations, style)));
    }
    Section {
        id: "facts",
        title: "Facts and relations".into(),
        blocks,
    }
}

/// How many hold, and how many could be judged.
pub fn tally(relations: &[Relation]) -> (u64, u64) {
    let held = relations.iter().filter(|r| r.holds == Some(true)).count() as u64;
    let judged = relations.iter().filter(|r| r.holds.is_some()).count() as u64;
    (held, judged)
}

/// `holds`, `fails`, or that it is not known.
pub fn outcome(holds: Option<bool>) -> Cell {
    match holds {
        Some(true) => Cell::from("holds").tone(Tone::Good),
        Some(false) => Cell::from("fails").tone(Tone::Bad),
        None => Cell::from("not judged").tone(Tone::Mind),
    }
}

fn relations(view: &View, relations: &[Relation], style: Style) -> Table {
    let mut t = Table::new(
        "What must hold at the fit; ● also entered the objective",
        vec![
            Column::words("id"),
            Column::words("what must hold"),
            Column::words("outcome"),
            Column::number("value"),
            Column::number("margin"),
            Column::number("replicates"),
            Column::mark("fitted"),
            Column::words("source").minor(),
        ],
    );
    for r in relations {
        let text = view.study.relations.iter().find(|t| t.id == r.id);
        let number = |v: Option<f64>| v.map_or_else(String::new, |v| significant(v, 3, style));
        t.row(vec![
            Text::new().code(r.id.as_str()).into(),
            text.map_or_else(Text::new, |t| Text::new().code(t.text.as_str()))
                .into(),
            outcome(r.holds),
            number(r.value).into(),
            number(r.margin).into(),
            r.share
                .map_or_else(String::new, |s| percent(s, style))
                .into(),
            text.map_or("", |t| if t.penalty { "●" } else { "" }).into(),
            text.and_then(|t| t.source.clone())
                .unwrap_or_default()
                .into(),
        ]);
    }
    t.without_empty_columns()
}

/// How the optimum was found.
pub fn search(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if let Some(fit) = &view.fit
        && let Some(s) = fit.starts.as_ref().filter(|s| s.n > 0)
    {
        let mut text = Text::from(format!(
            "The search was started from {}: {} converged, {} ended within 0.1 of the best objective.",
            words::counted(s.n, "point", "points"),
            count(s.converged, style),
            count(s.at_best, style)
        ));
        if s.at_best <= 1 && s.n > 1 {
            text = text
                .plain(" ")
                .strong("No other start came back to this optimum: a better one may exist.");
        }
        if !s.failed.is_empty() {
            text = text.plain(" Failed: ").enumerated(
                s.failed
                    .iter()
                    .map(|(reason, n)| Text::from(format!("{n} ({})", words::reason(reason)))),
            );
            text = text.plain(".");
        }
        blocks.push(Block::Paragraph(text));
        blocks.extend(figure::starts(fit).map(Block::Figure));
    }
    Section {
        id: "search",
        title: "Search".into(),
        blocks,
    }
}
