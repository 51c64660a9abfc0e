//! A view with every part of a report filled: the model of the study with made-up results of the right shape.
//!
//! Numbers here come from closed forms chosen to look like results; nothing is tested against them as if they were ones.

use std::path::PathBuf;

use mechfit::predict::combination::{
    Cell, Combination, Isobole, Readout, Score, SurfacePoint, Synergy,
};
use mechfit::predict::course::{Course, Courses};
use mechfit::predict::dose::{CurvePoint, DoseResponse, DoseSummary, FoldShift};
use mechfit::predict::expression::Predicted;
use mechfit::predict::population::PopulationResponse;
use mechfit::predict::sensitivity::{LocalIndex, Sensitivity, SobolIndex};
use mechfit::predict::{Band, Estimate};
use mechfit::report::View;
use mechfit::report::view::{
    Assumption, Audit, Claim, Conclusion, DataRow, Equations, Fit, Relation, Replicates, Scenario,
    Starts, Study, Variant, Warning,
};
use mechfit::stats::Stream;
use mechfit::uncertainty::bootstrap::{
    BootstrapInterval, Centre, Correlation, Draw, Kind, NullDistribution,
};
use mechfit::uncertainty::compare::{LikelihoodRatio, Pair, Ranked, Refused};
use mechfit::uncertainty::coverage::CoverageRow;
use mechfit::uncertainty::design::Proposal;
use mechfit::uncertainty::identifiability::{FreeCombination, Structural};
use mechfit::uncertainty::interval::{Cause, End, Interval, Method, Range, Status};
use mechfit::uncertainty::profile::{Point, Profile, ThresholdKind};
use mechfit::uncertainty::{Bootstrap, Comparison, Coverage, Design, Profiles, Verdict};

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Estimates: id, value, standard error on the natural logarithm, verdict.
const ESTIMATES: [(&str, f64, f64, Verdict); 8] = [
    ("s_msc", 0.94, 0.2, Verdict::Identifiable),
    ("e_S", 1.41, 0.2, Verdict::Identifiable),
    ("e_R", 1.37, 0.24, Verdict::Identifiable),
    ("p_s", 0.72, 0.28, Verdict::PracticallyNonIdentifiable),
    ("h_0", 0.0411, 0.05, Verdict::Identifiable),
    ("h_V", 0.046, 0.26, Verdict::Identifiable),
    ("n_sites", 8500.0, 0.7, Verdict::StructurallyNonIdentifiable),
    ("EC_V", 2.8, 0.6, Verdict::PriorOnly),
];
/// 0.975 quantile of the normal distribution.
const Z: f64 = 1.96;

fn interval(method: Method, value: f64, se: f64, factor: f64) -> Interval {
    let half = factor * Z * se;
    Interval::closed(method, 0.95, value * (-half).exp(), value * half.exp())
}

fn reference(i: usize) -> Interval {
    let (_, value, se, verdict) = ESTIMATES[i];
    let mut interval = interval(Method::Profile, value, se, 1.3);
    match verdict {
        Verdict::PracticallyNonIdentifiable => {
            interval.upper = End::AtBound;
            interval.upper_cause = Some(Cause::Bound(vec!["p_s".into()]));
        }
        Verdict::StructurallyNonIdentifiable => {
            interval.lower = End::Open;
            interval.lower_cause = Some(Cause::Nothing);
        }
        _ => {}
    }
    interval
}

fn fit(study: &Study) -> Fit {
    let estimates: Vec<serde_json::Value> = ESTIMATES
        .iter()
        .enumerate()
        .map(|(i, (id, value, se, verdict))| {
            let row = study.parameter(id).unwrap();
            serde_json::json!({
                "id": id, "value": value, "unit": row.unit, "scale": "log10",
                "lower_bound": row.bounds.unwrap().0, "upper_bound": row.bounds.unwrap().1,
                "at_bound": null, "standard_error": value * se, "standard_error_scaled": se / 2.303,
                "relative_standard_error": se, "degrees_of_freedom": 6.1,
                "prior_share": if *verdict == Verdict::PriorOnly { 0.99 } else { 0.04 * i as f64 },
                "interval": interval(Method::Fisher, *value, *se, 1.2), "verdict": verdict,
                "verdict_text": null, "reason": null,
            })
        })
        .collect();
    let arms = ["alone", "co", "co_amd", "co_vcr", "co_amd_vcr"];
    let rows = [
        (
            "mfi",
            [335.2, 261.87, 134.71, 426.0, 275.78],
            [12.85, 91.07, 21.78, 13.66, 54.2],
        ),
        (
            "cxcl12",
            [0.156, 0.698, 0.70, 1.351, 1.108],
            [0.05, 0.088, 0.0, 0.044, 0.041],
        ),
        (
            "apoptosis",
            [64.76, 57.06, 74.6, 74.6, 83.47],
            [2.37, 3.41, 0.0, 2.93, 2.43],
        ),
    ];
    let mut data = Vec::new();
    for (k, (observable, means, sds)) in rows.iter().enumerate() {
        for (i, arm) in arms.iter().enumerate() {
            let (kind, n) = match (k, i) {
                (1, 0) => ("limit_below", Some(5)),
                (1 | 2, 2) => ("known_error", None),
                _ => ("mean", Some(5)),
            };
            let se = if kind == "known_error" {
                0.062 * means[i]
            } else {
                sds[i] / 5f64.sqrt()
            };
            let z = [0.2, -1.1, 0.9, -0.3, 1.4][(i + k) % 5];
            let limit = kind == "limit_below";
            data.push(DataRow {
                observable: (*observable).into(),
                experiment: (*arm).into(),
                time: Some(24.0),
                measured: Some(means[i]),
                sd: (sds[i] > 0.0).then_some(sds[i]),
                n,
                kind: kind.into(),
                standard_error: Some(se),
                fitted: Some(if limit { 0.0 } else { means[i] - z * se }),
                fitted_interval: (!limit).then_some(Range {
                    lower: Some(means[i] - z * se - 1.5 * se),
                    upper: Some(means[i] - z * se + 1.5 * se),
                }),
                residual: (!limit).then_some(z),
                leverage: Some([0.99, 0.2, 0.7, 0.5, 0.4][i]),
                source: Some("Results; n assumed".into()),
                dataset: Some("main".into()),
            });
        }
    }
    Fit {
        scenario: Some("separation".into()),
        status: "converged".into(),
        objective: Some(12.3),
        nllh: Some(12.33),
        chi2: Some(9.1),
        chi2_means: Some(8.42),
        n_data: Some(15),
        n_means: Some(12),
        n_replicates: Some(60),
        n_variances: Some(12),
        noise: Some("known_sd".into()),
        n_estimated: Some(8),
        dof: Some(3.6),
        p_value: Some(0.11),
        p_value_method: Some("johansen_f".into()),
        p_value_bootstrap: Some(0.13),
        aic: Some(340.1),
        aicc: Some(358.6),
        bic: Some(382.0),
        estimates: serde_json::from_value(estimates.into()).unwrap(),
        data,
        starts: Some(Starts {
            n: 60,
            converged: 55,
            failed: [("step_too_small".to_owned(), 3)].into(),
            at_best: 31,
            objectives: (0..57)
                .map(|i| Some(if i < 31 { 12.3 + 1e-6 * f64::from(i) } else { 12.3 + 0.4 * f64::from(i - 29) }))
                .collect(),
        }),
        relations: study
            .relations
            .iter()
            .enumerate()
            .map(|(i, r)| Relation {
                id: r.id.clone(),
                holds: Some(i % 7 != 6),
                margin: Some(if i % 7 == 6 { -0.03 } else { 0.11 + 0.02 * i as f64 }),
                value: Some(0.6 + 0.05 * i as f64),
                share: Some(0.93),
            })
            .collect(),
        warnings: vec![Warning {
            code: "prior-only".into(),
            text: "99 % of the information on it is its prior's; it is not an estimate from these data".into(),
            place: Some("EC_V".into()),
        }],
        problem: serde_json::json!({ "sha256": "0123456789abcdef", "canonical_sha256": "fedcba9876543210" }),
        settings: serde_json::json!({ "seed": 1 }),
        provenance: serde_json::json!({ "threads": 2, "started": "2026-01-01T00:00:00Z" }),
    }
}

fn profiles() -> Profiles {
    Profiles {
        level: 0.95,
        threshold: ThresholdKind::SmallSample,
        theta: Vec::new(),
        objective: 12.3,
        parameters: ESTIMATES
            .iter()
            .enumerate()
            .map(|(i, (id, value, se, verdict))| {
                let flat = !matches!(verdict, Verdict::Identifiable | Verdict::PriorOnly);
                Profile {
                    id: (*id).into(),
                    points: (-12..=12)
                        .map(|k| {
                            let x = f64::from(k) * 0.3 * se;
                            let up = if flat && x > 0.0 { x * 0.4 } else { x };
                            Point {
                                value: value * x.exp(),
                                objective: 12.3 + 0.5 * (up / se).powi(2),
                            }
                        })
                        .collect(),
                    threshold: 5.3,
                    degrees_of_freedom: Some(7.0),
                    inflation: 1.1,
                    interval: reference(i),
                    simultaneous: None,
                    one_sided: None,
                    further_sets: Vec::new(),
                    moved_with: [Vec::new(), Vec::new()],
                    refits: 40,
                    failed: [].into(),
                    verdict: Some(*verdict),
                    verdict_text: None,
                }
            })
            .collect(),
        predictions: Vec::new(),
        better_optima: Vec::new(),
        refused: [].into(),
    }
}

fn replicates() -> Replicates {
    let mut stream = Stream::new(1, "demo", 0, 0);
    Replicates {
        ids: ESTIMATES.iter().map(|e| e.0.to_owned()).collect(),
        rows: (0..1000)
            .map(|_| {
                ESTIMATES
                    .iter()
                    .map(|e| e.1 * (1.2 * e.2 * stream.normal()).exp())
                    .collect()
            })
            .collect(),
    }
}

fn bootstrap() -> Bootstrap {
    let n = ESTIMATES.len();
    Bootstrap {
        kind: Kind::Parametric,
        draw: Some(Draw::T),
        centre: Centre::Fit,
        fixed_priors: false,
        samples: 1000,
        succeeded: 993,
        failed: [("not_converged".to_owned(), 7)].into(),
        second_starts: 12,
        intervals: ESTIMATES
            .iter()
            .map(|(id, value, se, _)| {
                let i = interval(Method::Percentile, *value, *se, 1.25);
                let (l, u) = i.ends().unwrap();
                let around = |v: f64| Range {
                    lower: Some(0.95 * v),
                    upper: Some(1.05 * v),
                };
                BootstrapInterval {
                    id: (*id).into(),
                    interval: i,
                    if_failures_extreme: Range {
                        lower: Some(0.9 * l),
                        upper: Some(1.1 * u),
                    },
                    lower_monte_carlo: around(l),
                    upper_monte_carlo: around(u),
                    share_at_lower_bound: 0.0,
                    share_at_upper_bound: 0.0,
                }
            })
            .collect(),
        predictions: Vec::new(),
        correlation: Correlation {
            ids: ESTIMATES.iter().map(|e| e.0.to_owned()).collect(),
            values: (0..n)
                .map(|i| {
                    (0..n)
                        .map(|j| {
                            let sign = if (i + j) % 2 == 0 { 1.0 } else { -1.0 };
                            Some(if i == j {
                                1.0
                            } else {
                                sign * 0.93 / (1.0 + (i as f64 - j as f64).abs())
                            })
                        })
                        .collect()
                })
                .collect(),
        },
        convergence: Vec::new(),
        goodness: NullDistribution {
            observed: 8.42,
            p_value: Some(0.13),
            standard_error: Some(0.01),
            p_value_johansen: Some(0.11),
            quantiles: [None; 5],
        },
        notes: Vec::new(),
    }
}

fn known(value: f64, lower: f64, upper: f64) -> Estimate {
    let mut e = Estimate::bare(value);
    e.add(Interval::closed(Method::Percentile, 0.95, lower, upper));
    e
}

fn courses() -> Courses {
    let arms = ["alone", "co", "co_amd", "co_vcr", "co_amd_vcr"];
    let mut list = Vec::new();
    for (observable, unit, end) in [
        ("mfi", "MFI", [335.0, 262.0, 135.0, 426.0, 276.0]),
        ("cxcl12", "ng/mL", [0.0, 0.7, 0.75, 1.35, 1.1]),
        ("apoptosis", "percent", [64.8, 57.1, 66.0, 74.6, 83.5]),
    ] {
        for (arm, end) in arms.iter().zip(end) {
            let times: Vec<f64> = (0..=72).map(f64::from).collect();
            let value: Vec<f64> = times
                .iter()
                .map(|t| end * (1.0 - (-t / 9.0).exp()))
                .collect();
            let scaled = |f: f64| value.iter().map(|v| v * f).collect::<Vec<f64>>();
            list.push(Course {
                observable: observable.into(),
                experiment: (*arm).into(),
                unit: Some(unit.into()),
                band: Band {
                    lower: scaled(0.88),
                    upper: scaled(1.12),
                    simultaneous_lower: scaled(0.82),
                    simultaneous_upper: scaled(1.18),
                    critical: 1.3,
                    replicates: 993,
                    value,
                },
                times,
                last_measured: Some(24.0),
            });
        }
    }
    Courses {
        time_unit: Some("h".into()),
        courses: list,
        level: 0.95,
        method: Some(Method::Percentile),
        failed: [].into(),
    }
}

fn dose(arm: &str, ec50: f64, top: f64) -> DoseResponse {
    let response = |d: f64| 57.0 + (top - 57.0) * d / (d + ec50);
    DoseResponse {
        input: "vcr".into(),
        input_unit: Some("nM".into()),
        response: format!("apoptosis@{arm}@24"),
        response_unit: Some("percent".into()),
        curve: (0..=60)
            .map(|k| {
                let d = 10f64.powf(-1.0 + f64::from(k) / 12.0);
                CurvePoint {
                    dose: d,
                    value: response(d),
                    lower: response(d / 4.0) - 2.0,
                    upper: response(d * 4.0) + 2.0,
                    extrapolated: d < 900.0,
                }
            })
            .collect(),
        summary: DoseSummary {
            control: known(57.0, 54.1, 60.2),
            emax: known(top, top - 4.0, top + 3.5),
            ec10: known(ec50 / 9.0, ec50 / 40.0, ec50 / 2.0),
            ec50: {
                let mut e = known(ec50, ec50 / 4.0, ec50 * 4.0);
                e.in_tested_range = Some(false);
                e.prior_share = Some(0.97);
                e
            },
            ec90: {
                let mut e = Estimate::bare(f64::INFINITY);
                e.lower_status = Status::Open;
                e
            },
            hill: known(1.0, 0.9, 1.1),
            absolute: None,
        },
        tested: vec![1000.0],
        level: 0.95,
        method: Some(Method::Percentile),
        prior_draws: 0,
        replicates: 993,
        failed: [].into(),
        prior_only: true,
        warnings: Vec::new(),
    }
}

fn combination() -> Combination {
    let doses = |low: f64| -> Vec<f64> {
        std::iter::once(0.0)
            .chain((0..30).map(|k| low * 10f64.powf(f64::from(k) / 7.5)))
            .collect()
    };
    let (a, b) = (doses(1.0), doses(0.1));
    let effect = |x: f64, k: f64| x / (x + k);
    let cell = |v: f64| Cell {
        value: v,
        lower: v - 0.05,
        upper: v + 0.05,
    };
    let mut surface = Vec::new();
    for x in &a {
        for y in &b {
            let (ea, eb) = (0.4 * effect(*x, 200.0), 0.6 * effect(*y, 4.0));
            let bliss = 0.18 * ea * eb * 4.0 - 0.02;
            let total = ea + eb - ea * eb + bliss;
            surface.push(SurfacePoint {
                a: *x,
                b: *y,
                response: Cell {
                    value: 57.0 + 43.0 * total,
                    lower: 55.0,
                    upper: 90.0,
                },
                effect: total,
                bliss: cell(bliss),
                loewe: cell(bliss - 0.01),
                hsa: cell(total - ea.max(eb)),
                extrapolated: true,
            });
        }
    }
    let score = |mean: f64, verdict: &str| Score {
        mean,
        lower: mean - 0.04,
        upper: mean + 0.05,
        largest: cell(mean * 3.0),
        largest_at: [900.0, 40.0],
        not_applicable: None,
        verdict: verdict.into(),
    };
    Combination {
        inputs: ["amd".into(), "vcr".into()],
        input_units: [Some("nM".into()), Some("nM".into())],
        response: "apoptosis@co@24".into(),
        response_unit: Some("percent".into()),
        readout: Readout::Inhibition,
        control: 57.0,
        full: 100.0,
        doses_a: a,
        doses_b: b,
        surface,
        synergy: Synergy {
            bliss: score(0.06, "synergy"),
            loewe: Score {
                not_applicable: Some(
                    "AMD3100 alone has no effect as large as the combination's".into(),
                ),
                ..score(f64::NAN, "not_applicable")
            },
            hsa: score(0.11, "synergy"),
        },
        isoboles: vec![Isobole {
            effect: 0.2,
            alone_a: known(200.0, 80.0, 510.0),
            alone_b: known(2.0, 0.7, 5.6),
            points: Vec::new(),
        }],
        level: 0.95,
        replicates: 993,
        failed: [].into(),
        interpolation_error: 0.003,
        nodes: [12, 12],
        warnings: Vec::new(),
    }
}

fn comparison() -> Comparison {
    let model = |id: &str, k: u64, chi2: f64, delta: f64, verdict: &str| Ranked {
        id: id.into(),
        objective: 12.0 + delta / 2.0,
        chi2_means: chi2,
        p_value: Some((-chi2 / 9.0).exp() * 0.4),
        n_estimated: k,
        aicc: Some(358.6 + delta),
        delta: Some(delta),
        weight: Some((-delta / 2.0).exp() / 2.1),
        bic: None,
        nested_in: (id == "m2").then(|| "m3".into()),
        lrt: (id != "base").then(|| LikelihoodRatio {
            against: "base".into(),
            statistic: delta,
            p_value: (-delta / 3.0).exp(),
            standard_error: 0.01,
            samples: 1000,
            method: "bootstrap".into(),
            p_value_chi2: None,
        }),
        verdict: verdict.into(),
        ..Ranked::default()
    };
    Comparison {
        models: vec![
            model("base", 8, 8.4, 0.0, "best"),
            model("m2", 8, 8.9, 1.3, "cannot be told apart from base"),
            model("m3", 9, 8.3, 4.7, "cannot be told apart from base"),
            model("s1", 7, 41.0, 31.2, "rejected"),
        ],
        pairs: vec![Pair {
            first: "base".into(),
            second: "m3".into(),
            nested: true,
            statistic: 0.1,
            p_first: Some(0.71),
            p_second: None,
            samples: [1000, 0],
            verdict: "cannot be told apart".into(),
        }],
        refused: vec![Refused {
            id: "r3".into(),
            reason: "it fits worse than its parent, from its optimum as well".into(),
        }],
        supported: vec!["base".into(), "m2".into(), "m3".into()],
        discriminations: Vec::new(),
        conclusions: Vec::new(),
    }
}

/// The view.
pub fn view() -> View {
    let model = mechfit::model::load(&root("models/cxcr4_axis/cxcr4_axis.model"), "mechfit", &[])
        .unwrap()
        .model;
    let problem = mechfit::problem::load(&root("fits/wang2020"))
        .unwrap()
        .problem;
    let study = Study::of(&problem, &model);
    let fit = fit(&study);
    View {
        title: "CXCL12/CXCR4 axis of B-ALL blasts on stroma, with AMD3100 and vincristine".into(),
        question: vec![
            "Does one mechanism explain the means that the paper reports, and which of its parts do they determine?".into(),
        ],
        equations: Some(Equations::of(&model)),
        bootstrap: Some(bootstrap()),
        replicates: Some(replicates()),
        profiles: Some(profiles()),
        structural: Some(Structural {
            rank: 7,
            n_estimated: 8,
            points: 5,
            failed: 0,
            free: vec![FreeCombination {
                parameters: vec!["n_sites".into(), "K_s".into()],
                direction: vec![1.0, 0.8],
                constant: true,
                text: "only n_sites·K_s is determined".into(),
            }],
        }),
        comparison: Some(comparison()),
        variants: ["base", "m2", "m3", "s1"]
            .iter()
            .map(|id| Variant {
                id: (*id).into(),
                description: "what it assumes".into(),
                relations: ["f1.co", "f2.rise", "f3", "f6"]
                    .iter()
                    .map(|f| Relation {
                        id: (*f).into(),
                        holds: Some(*id != "s1" || *f == "f3"),
                        ..Relation::default()
                    })
                    .collect(),
            })
            .collect(),
        coverage: vec![Coverage {
            level: 0.95,
            samples: 1200,
            succeeded: 1198,
            failed: [].into(),
            violation: "none".into(),
            rows: [("profile", 0.951), ("percentile", 0.955), ("fisher", 0.945), ("fisher_z", 0.876)]
                .iter()
                .map(|(method, covered)| CoverageRow {
                    id: None,
                    method: (*method).into(),
                    sets: 1198,
                    covered: Some(*covered),
                    standard_error: Some(0.006),
                    missed_below: Some(0.02),
                    missed_above: Some(0.03),
                    median_width: Some(0.8),
                    relative_width: Some(1.3),
                    open: Some(0.01),
                })
                .collect(),
            sizes: Vec::new(),
            drawn_from_priors: vec!["EC_V".into()],
            parameters: Vec::new(),
            targets: Vec::new(),
        }],
        courses: Some(courses()),
        predictions: vec![Predicted {
            id: "shift".into(),
            expression: "apoptosis@co_amd_vcr@24 - apoptosis@co_vcr@24".into(),
            description: Some("gain by AMD3100".into()),
            unit: Some("percent".into()),
            estimate: known(8.87, 4.1, 13.2),
        }],
        doses: vec![dose("co_vcr", 4.0, 75.0), dose("co_amd_vcr", 2.5, 83.5)],
        shifts: vec![FoldShift {
            input: "vcr".into(),
            from: "apoptosis@co_vcr@24".into(),
            to: "apoptosis@co_amd_vcr@24".into(),
            ec50: known(0.63, 0.4, 0.95),
        }],
        combinations: vec![combination()],
        populations: vec![PopulationResponse {
            response: "apoptosis@co_amd_vcr@24".into(),
            unit: Some("percent".into()),
            distributed: vec!["n_sites log-normal, median 3e4, CV 0.42".into()],
            members: 4096,
            mean: known(83.1, 80.2, 86.0),
            sd: known(2.2, 1.1, 3.9),
            quantiles: vec![(0.05, known(79.0, 75.0, 83.0)), (0.95, known(87.0, 84.0, 90.0))],
            failed: [].into(),
        }],
        sensitivities: vec![Sensitivity {
            response: "apoptosis@co_vcr@24".into(),
            unit: Some("percent".into()),
            value: 74.6,
            local: vec![LocalIndex {
                id: "h_V".into(),
                by_scaled: 3.0,
                by_natural: 70.0,
                by_log: 15.7,
                elasticity: 0.21,
            }],
            sobol: vec![SobolIndex {
                id: "h_V".into(),
                first: known(0.52, 0.49, 0.55),
                total: known(0.6, 0.57, 0.63),
                range: "0.001 to 1, log-uniform".into(),
            }],
            mean: 70.0,
            variance: 90.0,
            simulations: 100_000,
            failed: [].into(),
            level: 0.95,
        }],
        designs: vec![Design {
            target: Some("p_s".into()),
            value: Some(0.72),
            lower: Some(0.35),
            upper: None,
            proposals: vec![Proposal {
                id: "apoptosis, co_amd, 24 h".into(),
                n: 5,
                sd: 3.0,
                expected_value: 66.0,
                d_gain: Some(0.9),
                opens: true,
                error_ratio: Some(0.46),
                expected_lower: Some(0.5),
                expected_upper: Some(1.0),
            }],
            refused: Vec::new(),
        }],
        scenarios: ["separation", "similar", "n4"]
            .iter()
            .map(|id| Scenario {
                id: (*id).into(),
                description: "a reading of the data".into(),
                fit: Some(fit.clone()),
            })
            .collect(),
        conclusions: vec![
            Conclusion {
                text: "AMD3100 adds to vincristine".into(),
                holds: [("separation", true), ("similar", true), ("n4", true)]
                    .map(|(k, v)| (k.to_owned(), Some(v)))
                    .into(),
                note: None,
            },
            Conclusion {
                text: "CXCR4 protects beyond the baseline".into(),
                holds: [("separation", Some(true)), ("similar", Some(false)), ("n4", None)]
                    .map(|(k, v)| (k.to_owned(), v))
                    .into(),
                note: Some("fact f6".into()),
            },
        ],
        claims: vec![Claim {
            id: "c1".into(),
            kind: "welch_p".into(),
            arguments: vec!["mfi@co".into(), "mfi@co_amd".into()],
            printed: "0.0174".into(),
            recomputed: Some(0.0312),
            agrees: Some(false),
            note: Some("agrees with Student's test".into()),
            source: Some("Figure 2".into()),
        }],
        assumptions: vec![Assumption {
            text: "n = 5 in every group".into(),
            source: Some("the paper says at least four".into()),
        }],
        warnings: Vec::new(),
        audit: Audit {
            command: Some("mechfit run fits/wang2020".into()),
            program: Some("mechfit 0.1.0".into()),
            files: [("measurements.tsv".to_owned(), "ab12".to_owned())].into(),
            settings: [("rtol".to_owned(), "1e-6".to_owned()), ("atol".to_owned(), "1e-8".to_owned())].into(),
            seed: Some(1),
        },
        fit: Some(fit),
        study,
    }
}
