//! Estimates with intervals of all kinds, in numbers and in words; profiles, bootstrap, coverage.

use super::super::figure;
use super::super::number::{self, Style, count, fixed, percent};
use super::super::view::{Fit, View};
use super::super::words;
use super::{Block, Cell, Column, Section, Table, Text, Tone};
use crate::uncertainty::bootstrap::{Draw, Kind};
use crate::uncertainty::{End, Estimate, Interval, Method, Verdict};

/// Order in which methods are shown; the first that a parameter has is its reference.
pub(super) const ORDER: [Method; 10] = [
    Method::Profile,
    Method::ProfileBootstrap,
    Method::Percentile,
    Method::BootstrapT,
    Method::Fisher,
    Method::Basic,
    Method::Bc,
    Method::ProfileChi2,
    Method::FisherZ,
    Method::Prior,
];

/// Intervals of parameters by method: method, and per parameter its interval.
pub type Sets<'v> = Vec<(Method, Vec<(&'v str, &'v Interval)>)>;

/// All intervals of parameters that a view has, each method once.
pub fn sets(view: &View) -> Sets<'_> {
    let of_fit = view
        .fit
        .iter()
        .flat_map(|f| &f.estimates)
        .filter_map(|e| Some((e.id.as_str(), e.interval.as_ref()?)));
    let of_profiles = view
        .profiles
        .iter()
        .flat_map(|p| &p.parameters)
        .map(|p| (p.id.as_str(), &p.interval));
    let of_bootstrap = view
        .bootstrap
        .iter()
        .flat_map(|b| &b.intervals)
        .map(|i| (i.id.as_str(), &i.interval));
    let mut sets: Sets<'_> = Vec::new();
    // Profiles first: the result may carry one that was computed before.
    for (id, interval) in of_profiles.chain(of_bootstrap).chain(of_fit) {
        let set = match sets.iter_mut().find(|s| s.0 == interval.method) {
            Some(s) => s,
            None => {
                sets.push((interval.method, Vec::new()));
                let last = sets.len() - 1;
                match sets.get_mut(last) {
                    Some(s) => s,
                    None => continue,
                }
            }
        };
        if !set.1.iter().any(|(k, _)| *k == id) {
            set.1.push((id, interval));
        }
    }
    sets.sort_by_key(|s| ORDER.iter().position(|m| *m == s.0).unwrap_or(ORDER.len()));
    sets
}

/// The reference interval of a parameter.
pub fn reference<'v>(sets: &Sets<'v>, id: &str) -> Option<&'v Interval> {
    sets.iter()
        .find_map(|(_, set)| set.iter().find(|(k, _)| *k == id).map(|(_, i)| *i))
}

/// The verdict on a parameter: the profile's, else the fit's.
pub fn verdict(view: &View, e: &Estimate) -> Option<Verdict> {
    let profile = view
        .profiles
        .iter()
        .flat_map(|p| &p.parameters)
        .find(|p| p.id == e.id)
        .and_then(|p| p.verdict);
    match (profile, e.verdict) {
        (Some(v), _) | (None, Some(v)) => Some(v),
        // A prior share this large makes every interval a restatement of the prior, whoever has judged it or not.
        (None, None) if e.prior_share >= PRIOR_ONLY => Some(Verdict::PriorOnly),
        _ => None,
    }
}

/// Prior share from which an estimate repeats its prior (docs/statistics.md).
const PRIOR_ONLY: f64 = 0.9;

fn verdict_text(view: &View, e: &Estimate) -> String {
    let profile = view
        .profiles
        .iter()
        .flat_map(|p| &p.parameters)
        .find(|p| p.id == e.id);
    if let Some(text) = profile.and_then(|p| p.verdict_text.clone()) {
        return text;
    }
    let mut e = e.clone();
    e.verdict = verdict(view, &e);
    if let Some(p) = profile {
        e.interval = Some(p.interval.clone());
        e.verdict_text = None;
    }
    words::verdict_sentence(&e)
}

/// The section.
pub fn section(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if let Some(fit) = view.fit.as_ref().filter(|f| !f.estimates.is_empty()) {
        let sets = sets(view);
        blocks.push(Block::Paragraph(lead(view, fit, &sets)));
        let told = |e: &&Estimate| verdict(view, e) != Some(Verdict::PriorOnly);
        let (own, prior): (Vec<&Estimate>, Vec<&Estimate>) = fit.estimates.iter().partition(told);
        if !own.is_empty() {
            blocks.push(Block::Table(table(view, &own, &sets, style)));
        }
        if !prior.is_empty() {
            blocks.push(Block::Table(prior_table(view, &prior)));
        }
        let shown: Vec<(String, Vec<(&str, &Interval)>)> = sets
            .iter()
            .filter(|(m, _)| !words::covers_too_little(*m))
            .map(|(m, set)| (words::method_short(*m).to_owned(), set.clone()))
            .collect();
        let told: Vec<&str> = own.iter().map(|e| e.id.as_str()).collect();
        blocks.extend(figure::intervals(&view.study, fit, &told, &shown).map(Block::Figure));
        blocks.extend(in_words(view, fit));
        if let Some(s) = view.structural.as_ref().filter(|s| !s.free.is_empty()) {
            blocks.push(Block::Heading(
                "What the data cannot determine, however precise".into(),
            ));
            blocks.push(Block::Paragraph(
                format!(
                    "Of {} estimated parameters the data determine {} directions.",
                    s.n_estimated, s.rank
                )
                .into(),
            ));
            blocks.push(Block::List(
                s.free.iter().map(|f| f.text.as_str().into()).collect(),
            ));
        }
    }
    Section {
        id: "estimates",
        title: "Estimates".into(),
        blocks,
    }
}

fn lead(view: &View, fit: &Fit, sets: &Sets<'_>) -> Text {
    let counted = |v: Verdict| {
        fit.estimates
            .iter()
            .filter(|e| verdict(view, e) == Some(v))
            .count()
    };
    let (good, prior) = (counted(Verdict::Identifiable), counted(Verdict::PriorOnly));
    let weak = counted(Verdict::PracticallyNonIdentifiable)
        + counted(Verdict::StructurallyNonIdentifiable);
    let mut text = Text::new();
    let all = words::counted(
        fit.estimates.len() as u64,
        "estimated parameter",
        "estimated parameters",
    );
    let repeats = |n: usize| {
        if n == 1 {
            "repeats its prior"
        } else {
            "repeat their prior"
        }
    };
    // Without profiles nobody has judged the others.
    text = match (good + weak, prior) {
        (0, 0) => text,
        (0, p) => text.plain(format!("Of {all}, {p} {}. ", repeats(p))),
        (_, p) => {
            text = text.plain(format!("Of {all}, the data determine {good}"));
            if weak > 0 {
                text = text.plain(format!(" and leave {weak} undetermined"));
            }
            if p > 0 {
                text = text.plain(format!("; {p} {}", repeats(p)));
            }
            text.plain(". ")
        }
    };
    if let Some((method, set)) = sets.first() {
        let level = set.first().map(|(_, i)| i.level);
        text = text.plain(format!(
            "The reference interval ({}) is by {}. An end that is not closed is not printed as a number.",
            words::level(level),
            words::method(*method)
        ));
    }
    text
}

fn name_cell(id: &str) -> Cell {
    Text::of_symbol(id).into()
}

fn table(view: &View, estimates: &[&Estimate], sets: &Sets<'_>, style: Style) -> Table {
    let mut columns = vec![
        Column::words("parameter"),
        Column::number("estimate"),
        Column::words("unit"),
    ];
    for (i, (method, set)) in sets.iter().enumerate() {
        let mut name = words::method_short(*method).to_owned();
        if i == 0 {
            let level = words::level(set.first().map(|(_, i)| i.level));
            name = format!("{level}, {name}");
        }
        if words::covers_too_little(*method) {
            name.push_str(" (covers too little)");
        }
        let column = Column::words(name);
        // Three methods side by side are what a terminal can hold.
        columns.push(if i < 2 { column } else { column.minor() });
    }
    columns.push(Column::number("prior share").minor());
    columns.push(Column::words("verdict"));
    let mut t = Table::new("Estimates on the natural scale", columns);
    for e in estimates {
        let main = reference(sets, &e.id);
        let (lower, upper) = main.map_or((None, None), words::closed);
        let mut value = number::estimate(e.value, lower, upper, style);
        if let Some(side) = &e.at_bound {
            value.push_str(&format!(" (at its {side} bound)"));
        }
        let mut cells: Vec<Cell> = vec![
            name_cell(&e.id),
            value.into(),
            words::unit(e.unit.as_deref()).unwrap_or_default().into(),
        ];
        for (_, set) in sets {
            let interval = set.iter().find(|(k, _)| *k == e.id).map(|(_, i)| *i);
            cells.push(interval.map_or_else(Cell::default, |i| {
                let tone = if i.ends().is_some() {
                    Tone::Plain
                } else {
                    Tone::Mind
                };
                Cell::from(words::interval(i, Some(e.value), style)).tone(tone)
            }));
        }
        cells.push(
            if e.prior_share > 0.005 {
                percent(e.prior_share, style)
            } else {
                String::new()
            }
            .into(),
        );
        cells.push(verdict(view, e).map_or_else(Cell::default, |v| {
            Cell::from(words::verdict(v)).tone(match v {
                Verdict::Identifiable => Tone::Good,
                _ => Tone::Mind,
            })
        }));
        t.row(cells);
    }
    t.without_empty_columns()
}

fn prior_table(view: &View, estimates: &[&Estimate]) -> Table {
    let mut t = Table::new(
        "Parameters that repeat their prior: the data add next to nothing, so no estimate is printed",
        vec![
            Column::words("parameter"),
            Column::words("prior"),
            Column::number("prior share"),
            Column::words("source").minor(),
        ],
    );
    for e in estimates {
        let row = view.study.parameter(&e.id);
        t.row(vec![
            name_cell(&e.id),
            row.and_then(|r| r.prior.clone()).unwrap_or_default().into(),
            percent(e.prior_share, Style::Typeset).into(),
            row.and_then(|r| r.source.clone())
                .unwrap_or_default()
                .into(),
        ]);
    }
    t.without_empty_columns()
}

fn in_words(view: &View, fit: &Fit) -> Option<Block> {
    let items: Vec<Text> = fit
        .estimates
        .iter()
        .filter(|e| {
            verdict(view, e)
                .is_some_and(|v| !matches!(v, Verdict::Identifiable | Verdict::PriorOnly))
        })
        .map(|e| {
            Text::new()
                .symbol(e.id.as_str())
                .plain(": ")
                .plain(verdict_text(view, e))
        })
        .collect();
    (!items.is_empty()).then(|| Block::Details {
        summary: "What stays undetermined, in words".into(),
        blocks: vec![Block::List(items)],
    })
}

/// Profiles.
pub fn profiles(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if let Some(p) = &view.profiles {
        blocks.extend(figure::profiles(&view.study, p, view.fit.as_ref()).map(Block::Figure));
        for b in &p.better_optima {
            blocks.push(Block::Note(
                Tone::Mind,
                Text::from("The profile of ").symbol(b.found_by.as_str()).plain(format!(
                    " came upon a better optimum (objective {} instead of {}); everything was redone from there.",
                    fixed(b.after, 3, style),
                    fixed(b.before, 3, style)
                )),
            ));
        }
        let apart: Vec<Text> = p
            .parameters
            .iter()
            .filter(|q| !q.further_sets.is_empty())
            .map(|q| Text::of_symbol(q.id.as_str()))
            .collect();
        if !apart.is_empty() {
            blocks.push(Block::Note(
                Tone::Mind,
                Text::from("Values apart from the interval are accepted too for ")
                    .enumerated(apart)
                    .plain("."),
            ));
        }
        if !p.refused.is_empty() {
            blocks.push(Block::List(
                p.refused
                    .iter()
                    .map(|(id, why)| {
                        Text::from("No profile of ")
                            .symbol(id.as_str())
                            .plain(format!(": {why}"))
                    })
                    .collect(),
            ));
        }
    }
    Section {
        id: "profiles",
        title: "Profiles".into(),
        blocks,
    }
}

/// Bootstrap.
pub fn bootstrap(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if let Some(b) = &view.bootstrap {
        let kind = match b.kind {
            Kind::Parametric => "parametric",
            Kind::Residual => "residual",
            Kind::Case => "case",
        };
        let draw = match b.draw {
            Some(Draw::T) => ", means drawn with Student's tails (t-draw)",
            Some(Draw::PlugIn) => ", means and SDs drawn about the fit (plug-in)",
            Some(Draw::MeansOnly) => ", means drawn with the reported SDs",
            None => "",
        };
        let mut text = Text::from(format!(
            "A {kind} bootstrap{draw}: {} of {} refits succeeded.",
            count(b.succeeded, style),
            count(b.samples, style)
        ));
        if !b.failed.is_empty() {
            text = text.plain(" Failed: ").enumerated(
                b.failed
                    .iter()
                    .map(|(reason, n)| Text::from(format!("{n} ({})", words::reason(reason)))),
            );
            text = text.plain(".");
        }
        if let Some(p) = b.goodness.p_value {
            text = text.plain(format!(
                " Among data drawn from the fit, χ² is at least as large as observed with {}.",
                number::p_value(p, style)
            ));
        }
        blocks.push(Block::Paragraph(text));
        blocks.extend(
            b.notes
                .iter()
                .map(|n| Block::Note(Tone::Mind, n.as_str().into())),
        );
        if let Some(r) = &view.replicates {
            blocks.extend(
                figure::histograms(&view.study, b, r, view.fit.as_ref()).map(Block::Figure),
            );
        }
        blocks.extend(figure::correlation(&b.correlation).map(Block::Figure));
        if let Some(t) = ends(view, style) {
            blocks.push(Block::Details {
                summary: "How firm the ends are".into(),
                blocks: vec![Block::Table(t)],
            });
        }
    }
    Section {
        id: "bootstrap",
        title: "Bootstrap".into(),
        blocks,
    }
}

/// Monte-Carlo intervals of the ends, and the ends if failures had been extreme.
fn ends(view: &View, style: Style) -> Option<Table> {
    let b = view.bootstrap.as_ref()?;
    let mut t = Table::new(
        "Ends of the bootstrap intervals, each with its Monte-Carlo interval; last, the ends if every failed refit had \
         been extreme",
        vec![
            Column::words("parameter"),
            Column::words("lower end"),
            Column::words("upper end"),
            Column::words("if failures were extreme"),
        ],
    );
    for i in &b.intervals {
        let (lower, upper) = words::closed(&i.interval);
        let text = |end: Option<f64>, status: End, range: &crate::uncertainty::Range| match end {
            Some(v) => {
                let digits = number::decimals_within(v, range.lower, range.upper);
                let around = match (range.lower, range.upper) {
                    (Some(l), Some(u)) => format!(
                        " ({} to {})",
                        fixed(l, digits, style),
                        fixed(u, digits, style)
                    ),
                    _ => String::new(),
                };
                format!("{}{around}", fixed(v, digits, style))
            }
            None if status == End::AtBound => "at a bound".into(),
            None => "open".into(),
        };
        let extreme = if b.failed.is_empty() {
            String::new()
        } else {
            let e = &i.if_failures_extreme;
            let one = |v: Option<f64>| {
                v.map_or_else(|| "open".to_owned(), |v| number::significant(v, 3, style))
            };
            format!("{} to {}", one(e.lower), one(e.upper))
        };
        t.row(vec![
            name_cell(&i.id),
            text(lower, i.interval.lower, &i.lower_monte_carlo).into(),
            text(upper, i.interval.upper, &i.upper_monte_carlo).into(),
            extreme.into(),
        ]);
    }
    let t = t.without_empty_columns();
    (!t.rows.is_empty()).then_some(t)
}

/// What each kind of interval really covers.
pub fn coverage(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    for c in &view.coverage {
        let mut text = format!(
            "{} of {} data sets simulated from known truth were fitted; intervals claim {}.",
            count(c.succeeded, style),
            count(c.samples, style),
            words::level(Some(c.level))
        );
        if c.violation != "none" && !c.violation.is_empty() {
            text.push_str(&format!(
                " The data were drawn with {}, which the analysis does not know.",
                words::reason(&c.violation)
            ));
        }
        blocks.push(Block::Paragraph(text.into()));
        let mut t = Table::new(
            "Share of intervals that held the truth, with its binomial standard error",
            vec![
                Column::words("interval"),
                Column::words("parameter"),
                Column::number("covered"),
                Column::number("±"),
                Column::number("wholly below"),
                Column::number("wholly above"),
                Column::number("width / Fisher z"),
                Column::number("not closed"),
                Column::number("sets"),
            ],
        );
        let share = |v: Option<f64>| v.map_or_else(String::new, |v| fixed(100.0 * v, 1, style));
        for r in &c.rows {
            t.row(vec![
                words::reason(&r.method).into(),
                r.id.as_ref()
                    .map_or_else(|| Text::from("mean"), Text::of_symbol)
                    .into(),
                share(r.covered).into(),
                share(r.standard_error).into(),
                share(r.missed_below).into(),
                share(r.missed_above).into(),
                r.relative_width
                    .map_or_else(String::new, |w| fixed(w, 2, style))
                    .into(),
                share(r.open).into(),
                count(r.sets, style).into(),
            ]);
        }
        blocks.push(Block::Table(t.without_empty_columns()));
    }
    Section {
        id: "coverage",
        title: "What the intervals really cover".into(),
        blocks,
    }
}
