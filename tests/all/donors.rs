//! Means whose replicates come from the same donors, against closed forms.

use std::path::Path;

use mechfit::fit::refit;
use mechfit::objective::{BuildOptions, Donors, Objective, Target};
use mechfit::problem::NoiseSetting;
use mechfit::search::{Options, Want};
use mechfit::stats::t_quantile;
use mechfit::study::open::Study;
use mechfit::uncertainty::bootstrap::{Draw, Options as DrawOptions};
use mechfit::uncertainty::draw::Sampler;
use mechfit::uncertainty::{Linearised, goodness};

use crate::support::program::Folder;

/// Means and SDs of arms at doses 0, 1, 2, …, read as `output`, with scenarios of a plan.
fn study(folder: &Path, output: &str, arms: &[(f64, f64)], n: u32, scenarios: &str) -> Study {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write(
        "m.model",
        &format!(
            "model arms \"arms of one experiment\"\ntime h\ninput dose = 0 [1] \"dose\"\n\
             param a = 1 [1] \"level\" source \"test\"\nparam b = 1 [1] \"slope\" source \"test\"\n\
             state Z = 1 [1] \"stands still\"\nd/dt(Z) = 0\noutput y = {output} [1] \"reading\"\n"
        ),
    );
    write(
        "problem.yaml",
        "format_version: 2.0.0\nmodel_files: {m: {location: m.model, language: mechfit}}\n\
         parameter_files: [p.tsv]\nexperiment_files: [e.tsv]\ncondition_files: [c.tsv]\n\
         observable_files: [o.tsv]\nmeasurement_files: [d.tsv]\n\
         extensions: {mechfit: {version: 1.0.0, required: true}}\n",
    );
    write(
        "p.tsv",
        "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tscale\n\
         a\t-1000\t1000\t1\ttrue\tlin\nb\t-1000\t1000\t0\ttrue\tlin\n",
    );
    write(
        "o.tsv",
        "observableId\tobservableFormula\tnoiseFormula\tunit\tnoise\nr\ty\t1\t1\tknown_sd\n",
    );
    let (mut c, mut e, mut d) = (
        String::from("conditionId\ttargetId\ttargetValue\n"),
        String::from("experimentId\ttime\tconditionId\n"),
        String::from("observableId\texperimentId\ttime\tmeasurement\tsd\tsdKind\tn\n"),
    );
    for (k, (mean, sd)) in arms.iter().enumerate() {
        c += &format!("c{k}\tdose\t{k}\n");
        e += &format!("e{k}\t0\tc{k}\n");
        d += &format!("r\te{k}\t1\t{mean}\t{sd}\tsd\t{n}\n");
    }
    write("c.tsv", &c);
    write("e.tsv", &e);
    write("d.tsv", &d);
    write("plan.json", &format!("{{\"scenarios\": [{scenarios}]}}"));
    Study::open(folder).unwrap_or_else(|f| panic!("{f:?}"))
}

const SCENARIOS: &str = "{\"id\": \"none\"}, {\"id\": \"half\", \"donors\": {\"correlation\": 0.5}}, \
    {\"id\": \"most\", \"donors\": {\"correlation\": 0.8, \"observables\": [\"r\"]}}, \
    {\"id\": \"pooled\", \"donors\": {\"correlation\": 0.5}, \"set\": {\"noise\": \"pooled_sd\"}}";

fn objective(study: &Study, scenario: &str) -> Objective {
    let prepared = study
        .prepare(Some(scenario))
        .unwrap_or_else(|f| panic!("{f:?}"));
    prepared
        .objective(&BuildOptions::default())
        .unwrap_or_else(|f| panic!("{f:?}"))
}

fn at_optimum(o: &Objective) -> Linearised {
    let mut ws = o.workspace();
    let found = refit(o, o.data(), &[1.0, 0.0], &[], &Options::default(), &mut ws).unwrap();
    assert!(found.termination.is_converged());
    Linearised::at(o, o.data(), &found.theta, &[true, true], &mut ws).unwrap()
}

fn close(a: f64, b: f64, tol: f64) {
    assert!((a - b).abs() <= tol * (1.0 + b.abs()), "{a} against {b}");
}

#[test]
fn the_difference_of_two_correlated_means_has_its_textbook_error_and_degrees_of_freedom() {
    let folder = Folder::new("two");
    // y = a in the first arm, a + b in the second: b is the difference.
    let (s1, s2, n) = (2.37_f64, 3.41_f64, 5.0_f64);
    let study = study(
        folder.path(),
        "a + b*dose",
        &[(64.76, s1), (57.06, s2)],
        5,
        SCENARIOS,
    );
    for (id, rho) in [("none", 0.0_f64), ("half", 0.5), ("most", 0.8)] {
        let o = objective(&study, id);
        let l = at_optimum(&o);
        let b = l.covariance.of_coordinate(1).unwrap();
        let variance = (s1 * s1 + s2 * s2 - 2.0 * rho * s1 * s2) / n;
        close(b.variance, variance, 1e-9);
        // A saturated model leaves nothing for the weights to be wrong about.
        close(b.inflated, variance, 1e-9);
        // Delta method with Cov(s_i², s_j²) = 2ρ²σ_i²σ_j²/(n−1): b_i = s_i(s_i − ρ s_j)/n.
        let (b1, b2) = (s1 * (s1 - rho * s2) / n, s2 * (s2 - rho * s1) / n);
        let spread = (b1 * b1 + b2 * b2 + 2.0 * rho * rho * b1 * b2) / (n - 1.0);
        close(b.nu, variance * variance / spread, 1e-9);
        let half = b.half_width(0.95);
        close(half, t_quantile(0.975, b.nu) * variance.sqrt(), 1e-9);
    }
    // The paper's apoptosis: standard error of the difference 1.86, 1.35, 0.93 at ρ = 0, 0.5, 0.8.
    let error = |id: &str| {
        at_optimum(&objective(&study, id))
            .covariance
            .of_coordinate(1)
            .unwrap()
            .variance
            .sqrt()
    };
    for (id, printed) in [("none", 1.86), ("half", 1.35), ("most", 0.93)] {
        assert!((error(id) - printed).abs() < 0.005, "{id}: {}", error(id));
    }
}

#[test]
fn the_common_mean_is_the_generalised_least_squares_one() {
    let folder = Folder::new("common");
    let arms = [(10.0, 1.0), (11.0, 2.0), (9.0, 0.5)];
    let study = study(folder.path(), "a + 0*b*dose", &arms, 6, SCENARIOS);
    let o = objective(&study, "half");
    let mut ws = o.workspace();
    let found = refit(
        &o,
        o.data(),
        &[1.0, 0.0],
        &[(1, 0.0)],
        &Options::default(),
        &mut ws,
    )
    .unwrap();
    // Weights Σ⁻¹1 of Σ_ij = ρ_ij s_i s_j/n, by hand.
    let d = Donors::new(vec![0, 1, 2], 6, 0.5).unwrap();
    let (mut top, mut bottom) = (0.0, 0.0);
    for (i, (_, si)) in arms.iter().enumerate() {
        for (j, (mj, sj)) in arms.iter().enumerate() {
            let w = 6.0 * d.precision(i, j) / (si * sj);
            top += w * mj;
            bottom += w;
        }
    }
    close(found.theta[0], top / bottom, 1e-8);
    let l = Linearised::at(&o, o.data(), &found.theta, &[true, false], &mut ws).unwrap();
    close(
        l.covariance.of_coordinate(0).unwrap().variance,
        1.0 / bottom,
        1e-9,
    );
    // Two degrees of freedom, and χ² is that of the joint normal.
    let g = goodness::goodness(&o, &l);
    close(g.dof, 2.0, 1e-9);
    close(g.chi2_means, found.evaluated.parts.chi2_means, 1e-9);
    let mut chi2 = 0.0;
    for (i, (mi, si)) in arms.iter().enumerate() {
        for (j, (mj, sj)) in arms.iter().enumerate() {
            chi2 +=
                6.0 * d.precision(i, j) * (mi - found.theta[0]) * (mj - found.theta[0]) / (si * sj);
        }
    }
    close(g.chi2_means, chi2, 1e-9);
}

#[test]
fn gradients_of_correlated_means_are_those_of_differences() {
    let folder = Folder::new("gradient");
    let arms = [(10.0, 1.0), (14.0, 2.0), (9.0, 0.5), (12.0, 1.5)];
    let study = study(folder.path(), "a + b*dose", &arms, 5, SCENARIOS);
    for id in ["half", "most", "pooled"] {
        let o = objective(&study, id);
        let mut ws = o.workspace();
        for noise in [None, Some(NoiseSetting::ExactSummary)] {
            let mut data = o.data().clone();
            data.noise = noise;
            let theta = [10.3, 0.4];
            let all = o
                .evaluate(&theta, &data, Want::Derivatives, &mut ws)
                .unwrap();
            for k in 0..2 {
                let mut at = |h: f64| {
                    let mut x = theta;
                    x[k] += h;
                    o.evaluate(&x, &data, Want::Value, &mut ws).unwrap().value
                };
                let slope = (at(-2e-4) - 8.0 * at(-1e-4) + 8.0 * at(1e-4) - at(2e-4)) / 1.2e-3;
                close(all.gradient[k], slope, 1e-7);
            }
            // A covariance matrix has a positive semidefinite inverse.
            let c = &all.curvature;
            assert!(
                c[0] > 0.0 && c[3] > 0.0 && c[0] * c[3] - c[1] * c[2] >= 0.0,
                "{c:?}"
            );
            close(c[1], c[2], 1e-12);
        }
    }
}

#[test]
fn no_correlation_gives_the_bytes_of_independent_means() {
    let folder = Folder::new("zero");
    let arms = [(10.0, 1.0), (14.0, 2.0), (9.0, 0.5)];
    let zero = "{\"id\": \"none\"}, {\"id\": \"zero\", \"donors\": {\"correlation\": 0}}";
    let study = study(folder.path(), "a + b*dose", &arms, 5, zero);
    let (none, zero) = (objective(&study, "none"), objective(&study, "zero"));
    let value = |o: &Objective| {
        o.evaluate(&[1.0, 2.0], o.data(), Want::Derivatives, &mut o.workspace())
            .unwrap()
    };
    assert_eq!(value(&none), value(&zero));
}

#[test]
fn intervals_under_correlation_cover() {
    let folder = Folder::new("cover");
    let arms = [(10.0, 1.0), (12.0, 2.0), (14.0, 0.7), (16.0, 1.5)];
    let study = study(folder.path(), "a + b*dose", &arms, 5, SCENARIOS);
    const SETS: u64 = 2000;
    for id in ["half", "most"] {
        let o = objective(&study, id);
        let at = at_optimum(&o);
        let options = DrawOptions {
            draw: Draw::PlugIn,
            ..DrawOptions::default()
        };
        let sampler = Sampler::new(&o, o.data(), &at, &options, "coverage of donors").unwrap();
        let truth = at.theta[1];
        let mut ws = o.workspace();
        let (mut covered, mut naive, mut rejected) = (0, 0, 0);
        for k in 1..=SETS {
            let data = sampler.draw(k);
            let found = refit(&o, &data, &at.theta, &[], &Options::default(), &mut ws).unwrap();
            let l = Linearised::at(&o, &data, &found.theta, &[true, true], &mut ws).unwrap();
            let s = l.covariance.of_coordinate(1).unwrap();
            let off = (found.theta[1] - truth).abs();
            covered += u64::from(off <= s.half_width(0.95));
            naive += u64::from(off <= 1.96 * s.variance.sqrt());
            rejected += u64::from(goodness::goodness(&o, &l).p_value.is_some_and(|p| p < 0.05));
        }
        let share = |x: u64| 100.0 * x as f64 / SETS as f64;
        println!(
            "{id}: t {:.1} %, z {:.1} %, F rejects {:.1} %",
            share(covered),
            share(naive),
            share(rejected)
        );
        // Binomial error 0.5 %.
        assert!(
            (93.0..=97.0).contains(&share(covered)),
            "{id}: {}",
            share(covered)
        );
        assert!(share(naive) < share(covered));
        assert!(
            (3.0..=7.0).contains(&share(rejected)),
            "{id}: {}",
            share(rejected)
        );
    }
}

#[test]
fn groups_without_the_same_n_are_refused() {
    let folder = Folder::new("n");
    let mut study = study(
        folder.path(),
        "a + b*dose",
        &[(1.0, 1.0), (2.0, 1.0)],
        5,
        SCENARIOS,
    );
    if let Some(s) = &mut study.loaded.problem.measurements[1].summary {
        s.n = Some(4);
    }
    let prepared = study.prepare(Some("half")).unwrap();
    let findings = prepared.objective(&BuildOptions::default()).unwrap_err();
    assert_eq!(findings[0].code, "invalid-donors");
    folder.write("plan.json", "{\"scenarios\": [{\"id\": \"x\", \"donors\": {\"correlation\": 0.5, \"observables\": [\"q\"]}}]}");
    let study = Study::open(folder.path()).unwrap();
    let findings = study.prepare(None).unwrap_err();
    assert!(
        findings[0].message.contains("`q`"),
        "{}",
        findings[0].message
    );
}

#[test]
fn a_scenario_changes_a_single_measurement() {
    let folder = Folder::new("limit");
    let change = "{\"id\": \"none\"}, {\"id\": \"moved\", \"measurements\": [{\"observable\": \"r\", \"experiment\": \"e1\", \"time\": 1, \"value\": 7, \"n\": 9}]}, \
                  {\"id\": \"wrong\", \"measurements\": [{\"observable\": \"r\", \"experiment\": \"e7\", \"value\": 7}]}";
    let study = study(
        folder.path(),
        "a + b*dose",
        &[(1.0, 1.0), (2.0, 1.0)],
        5,
        change,
    );
    let moved = objective(&study, "moved");
    assert_eq!(moved.data().value, [1.0, 7.0]);
    let findings = study.prepare(Some("wrong")).unwrap_err();
    assert!(
        findings[0].message.contains("`r@e7`"),
        "{}",
        findings[0].message
    );
}
