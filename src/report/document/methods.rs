//! A paragraph for the methods section of a paper.

use super::super::number::{Style, count};
use super::super::view::{Fit, View};
use super::super::words;
use super::{Block, Section};
use crate::uncertainty::bootstrap::{Draw, Kind};
use crate::uncertainty::{Method, profile::ThresholdKind};

/// The section.
pub fn section(view: &View) -> Section {
    let mut blocks = Vec::new();
    if let Some(fit) = &view.fit {
        let sentences = [
            model(view, fit),
            fitting(fit),
            goodness(fit),
            intervals(view),
            bootstrap(view),
            comparison(view),
            program(view),
        ];
        let text = sentences
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        blocks.push(Block::Paragraph(text.into()));
    }
    Section {
        id: "methods",
        title: "For a methods section".into(),
        blocks,
    }
}

fn n(v: usize) -> String {
    count(v as u64, Style::Typeset)
}

fn model(view: &View, fit: &Fit) -> Option<String> {
    let e = view.equations.as_ref()?;
    let with_prior = view
        .study
        .parameters
        .iter()
        .filter(|p| p.estimated && p.prior.is_some())
        .count();
    let k = fit.estimates.len();
    let priors = match (with_prior, k) {
        (0, _) => String::new(),
        (p, k) if p == k => ", all with informative priors".into(),
        (p, _) => format!(", {p} of them with informative priors"),
    };
    Some(format!(
        "The model has {} and {}; {} were estimated{priors}.",
        words::counted(
            e.rates.len() as u64,
            "ordinary differential equation",
            "ordinary differential equations"
        ),
        words::counted(e.outputs.len() as u64, "readout", "readouts"),
        words::counted(k as u64, "parameter", "parameters"),
    ))
}

fn fitting(fit: &Fit) -> Option<String> {
    let means = fit.n_means.unwrap_or(0);
    let rows = fit.n_data?;
    let data = if means > 0 {
        let mut sizes: Vec<u64> = fit.data.iter().filter_map(|r| r.n).collect();
        sizes.sort_unstable();
        let of = match (sizes.first(), sizes.last()) {
            (Some(a), Some(b)) if a == b => format!(" of n = {a}"),
            (Some(a), Some(b)) => format!(" of n = {a} to {b}"),
            _ => String::new(),
        };
        let others = rows.saturating_sub(means);
        let rest = if others > 0 {
            format!(
                " and {}",
                words::counted(others, "further row", "further rows")
            )
        } else {
            String::new()
        };
        format!(
            "{}{of} (mean ± SD){rest}",
            words::counted(means, "group mean", "group means")
        )
    } else {
        words::counted(rows, "measurement", "measurements")
    };
    let noise = fit
        .noise
        .as_deref()
        .map_or_else(String::new, |n| format!(", with {}", words::noise(n)));
    let starts = fit.starts.as_ref().filter(|s| s.n > 1).map_or_else(String::new, |s| {
        format!(
            " The search (trust region within bounds) was started from {} points of a Latin hypercube on the scale of \
             estimation; {} ended within 0.1 of the best objective.",
            count(s.n, Style::Typeset),
            count(s.at_best, Style::Typeset)
        )
    });
    Some(format!(
        "It was fitted to {data} by maximum likelihood{noise}.{starts}"
    ))
}

fn goodness(fit: &Fit) -> Option<String> {
    match fit.p_value_method.as_deref() {
        Some("johansen_f") => Some(
            "Goodness of fit was judged by Johansen's F (Johansen 1980), whose degrees of freedom allow for SDs known \
             from few replicates."
                .into(),
        ),
        _ => None,
    }
}

fn intervals(view: &View) -> Option<String> {
    let profiles = view.profiles.as_ref();
    let sets = super::estimates::sets(view);
    let fisher = sets.iter().any(|(m, _)| *m == Method::Fisher);
    match profiles {
        Some(p) => {
            let threshold = match p.threshold {
                ThresholdKind::SmallSample => {
                    "the threshold t²·KR, with the degrees of freedom of Satterthwaite and the variance of Kenward and \
                     Roger"
                }
                ThresholdKind::Chi2 => "the χ² threshold with one degree of freedom",
                ThresholdKind::Bootstrap => "a threshold simulated at the fit",
            };
            Some(format!(
                "Confidence intervals ({}) are profile likelihoods with {threshold}.",
                words::level(Some(p.level))
            ))
        }
        None if fisher => Some(
            "Confidence intervals are from the Fisher information, with Student's t at Satterthwaite's degrees of \
             freedom and the variance of Kenward and Roger."
                .into(),
        ),
        None => None,
    }
}

fn bootstrap(view: &View) -> Option<String> {
    let b = view.bootstrap.as_ref()?;
    let how = match (b.kind, b.draw) {
        (Kind::Parametric, Some(Draw::T)) => {
            "means drawn about the fit with variances from their χ² distribution, so that percentiles have Student's tails"
        }
        (Kind::Parametric, _) => "means and SDs drawn about the fit",
        (Kind::Residual, _) => "scaled residuals drawn with replacement",
        (Kind::Case, _) => "measurements drawn with replacement",
    };
    let priors = if b.fixed_priors {
        ", priors held"
    } else {
        ", prior centres drawn with the data"
    };
    Some(format!(
        "A bootstrap of {} replicates ({how}{priors}; each refitted) gave percentile intervals; {} refits succeeded.",
        count(b.samples, Style::Typeset),
        count(b.succeeded, Style::Typeset)
    ))
}

fn comparison(view: &View) -> Option<String> {
    let c = view.comparison.as_ref()?;
    Some(format!(
        "{} variants were compared by AICc on the exact likelihood of mean, SD and n (N = Σn, every group's variance \
         counted as a parameter), and pairwise by likelihood ratios among data simulated from either model.",
        n(c.models.len())
    ))
}

fn program(view: &View) -> Option<String> {
    let a = &view.audit;
    let program = a.program.as_deref()?;
    let seed = a
        .seed
        .map_or_else(String::new, |s| format!(", random seed {s}"));
    let setting = |name: &str| {
        a.settings
            .get(name)
            .map(|v| format!(", {name} {v}"))
            .unwrap_or_default()
    };
    Some(format!(
        "All computations were done with {program}{seed}{}{}.",
        setting("rtol"),
        setting("atol")
    ))
}
