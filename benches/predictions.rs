//! What large predictions take, on all cores: a 100 × 100 combination surface with 1000 replicates, and Sobol indices of
//! twelve parameters from 100 000 simulations. Either is to take less than a minute on two cores.
//!
//! `cargo bench --bench predictions`. The replicates are drawn from the fit's covariance: what a surface takes does not
//! depend on how they were made.

use std::path::Path;

use divan::Bencher;
use mechfit::fit;
use mechfit::objective::{BuildOptions, Objective, Target};
use mechfit::predict::Dosed;
use mechfit::predict::ask::{CombineQuestion, Fitted, Readoff, Setting};
use mechfit::predict::combination::Readout;
use mechfit::predict::dosing::quantity;
use mechfit::predict::sensitivity::{Sampling, Subject, sensitivity};
use mechfit::search::Control;
use mechfit::simulate::Settings;
use mechfit::stats::Stream;
use mechfit::study::open::Study;
use mechfit::uncertainty::Linearised;

/// Doses an axis of the surface.
const DOSES: usize = 100;
/// Replicates of the surface.
const REPLICATES: u64 = 1000;
/// Parameters that are varied.
const VARIED: usize = 12;
/// Simulations of the indices.
const SIMULATIONS: usize = 100_000;
/// Largest error of the interpolation, in widths of the interval.
const ERROR: f64 = 0.01;

fn main() {
    divan::main();
}

struct Setup {
    study: Study,
    settings: Settings,
    theta: Vec<f64>,
    replicates: Vec<Vec<f64>>,
}

/// The study at its optimum, with replicates drawn from the covariance there.
fn setup() -> Setup {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fits/wang2020");
    let study = Study::open(&folder).expect("the study is read");
    let mut settings = Settings::default();
    settings.tolerances.rtol = study.plan.plan.integration.rtol;
    settings.tolerances.atol = vec![study.plan.plan.integration.atol];
    let options = BuildOptions {
        settings: settings.clone(),
        ..BuildOptions::default()
    };
    let objective = {
        let prepared = study.prepare(None).expect("the model is read");
        prepared.objective(&options).expect("the study compiles")
    };
    let theta = optimum(&objective);
    let mut ws = objective.workspace();
    let free = vec![true; theta.len()];
    let l = Linearised::at(&objective, objective.data(), &theta, &free, &mut ws)
        .expect("the optimum is evaluated");
    let replicates = (0..REPLICATES)
        .map(|k| {
            let mut z = Stream::new(1, "bench", k, 0);
            let bounds = objective.coordinates().iter();
            theta
                .iter()
                .zip(bounds)
                .enumerate()
                .map(|(j, (t, c))| {
                    (t + l.covariance.at(j, j).sqrt() * z.normal()).clamp(c.lower, c.upper)
                })
                .collect()
        })
        .collect();
    Setup {
        study,
        settings,
        theta,
        replicates,
    }
}

fn optimum(objective: &Objective) -> Vec<f64> {
    let options = fit::Options {
        starts: 4,
        ..fit::Options::default()
    };
    let watch = |_: &_| Control::Continue;
    fit::multistart(objective, objective.data(), &options, &[], &watch)
        .expect("a fit")
        .best
        .theta
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn surface_of_100_by_100_doses_with_1000_replicates(bencher: Bencher) {
    let s = setup();
    let prepared = s.study.prepare(None).expect("the model is read");
    let question = CombineQuestion {
        inputs: ["amd".into(), "vcr".into()],
        ranges: [format!("10nM:100uM:{DOSES}"), format!("0.1nM:10uM:{DOSES}")],
        readoff: Readoff {
            observable: "apoptosis".into(),
            experiment: "co_amd_vcr".into(),
            time: 24.0,
            summary: None,
        },
        readout: Readout::Inhibition,
        full: None,
        effects: Vec::new(),
    };
    let fitted = Fitted {
        setting: Setting {
            models: &prepared.models,
            problem: &prepared.problem,
            settings: &s.settings,
        },
        theta: &s.theta,
        replicates: &s.replicates,
        covariance: None,
        level: 0.95,
    };
    bencher.bench_local(|| {
        let c = question.answer(&fitted).expect("a surface");
        assert_eq!(c.surface.len(), DOSES * DOSES);
        assert!(c.interpolation_error < ERROR, "{}", c.interpolation_error);
        c.nodes
    });
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn sobol_indices_of_12_parameters_from_100_000_simulations(bencher: Bencher) {
    let s = setup();
    let prepared = s.study.prepare(None).expect("the model is read");
    let text = "apoptosis@co_amd_vcr@24";
    let options = BuildOptions {
        quantities: vec![quantity(text).expect("an expression")],
        settings: s.settings.clone(),
        ..BuildOptions::default()
    };
    let response = Dosed::build(
        prepared.models.clone(),
        &prepared.problem,
        &[],
        &[],
        &options,
    )
    .expect("the study compiles");
    let varied: Vec<usize> = (0..VARIED).collect();
    let subject = Subject {
        response: &response,
        text,
        unit: None,
        coordinates: response.objective.coordinates(),
        theta: &s.theta,
        doses: &[],
    };
    let sampling = Sampling {
        samples: SIMULATIONS.div_ceil(VARIED + 2),
        seed: 1,
        level: 0.95,
        progress: &|| {},
    };
    bencher.bench_local(|| {
        let r = sensitivity(subject, &varied, sampling).expect("indices");
        assert!(r.simulations >= SIMULATIONS && r.sobol.len() == VARIED);
        r.variance
    });
}
