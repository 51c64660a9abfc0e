//! Two drugs together: closed forms of additivity and independence, units, directions, intervals.

use mechfit::model::Model;
use mechfit::objective::BuildOptions;
use mechfit::predict::combination::{Combination, Readout};
use mechfit::predict::combine::{CombineError, CombineSetup, combine, default_full};
use mechfit::predict::{DoseRange, Dosed};
use mechfit::problem::Scale;
use mechfit::stats::Stream;

use crate::support::{ModelBuilder, estimated, problem, quantity};

/// Cells that die with the hazard h0 and what the drugs `a` and `b` add; `1` is the unit of their doses.
fn cells(hazard: &str) -> ModelBuilder {
    ModelBuilder::default()
        .parameter("h0", 0.02)
        .parameter("ka", 10.0)
        .parameter("kb", 200.0)
        .parameter("h", 1.4)
        .input("a", 0.0)
        .input("b", 0.0)
        .state("alive", "1", &format!("-({hazard})*alive"))
        .output("viability", "alive")
        .output("dead", "100*(1 - alive)")
}

/// Both drugs by one mechanism: a dose of b counts as ka/kb of a.
const ONE_MECHANISM: &str = "h0 + 0.1*hill(a + b*ka/kb, ka, h)";
/// Each drug by a hazard of its own.
const INDEPENDENT: &str = "h0 + 0.1*hill(a, ka, h) + 0.07*hill(b, kb, 1)";

struct Ask<'a> {
    text: &'a str,
    readout: Readout,
    full: f64,
    /// Size of the doses' unit.
    unit: f64,
    n: usize,
}

fn run(model: Model, ask: &Ask, replicates: &[Vec<f64>]) -> Result<Combination, CombineError> {
    let rows = vec![
        estimated("ka", 10.0 / ask.unit, Scale::Log10),
        estimated("kb", 200.0 / ask.unit, Scale::Log10),
        estimated("h0", 0.02, Scale::Log),
    ];
    let p = problem(rows, &[("both", &[(0.0, &[])])]);
    let mut options = BuildOptions {
        quantities: vec![quantity(ask.text)],
        ..BuildOptions::default()
    };
    options.settings.tolerances.rtol = 1e-10;
    options.settings.tolerances.atol = vec![1e-13];
    let d = Dosed::build(vec![model], &p, &["both"], &["a", "b"], &options).unwrap();
    let doses = |lower: f64, upper: f64| {
        DoseRange {
            lower: lower / ask.unit,
            upper: upper / ask.unit,
            n: ask.n,
        }
        .doses()
    };
    let setup = CombineSetup {
        inputs: [d.inputs[0].clone(), d.inputs[1].clone()],
        response: ask.text.into(),
        response_unit: None,
        readout: ask.readout,
        full: ask.full,
        doses_a: doses(0.1, 1000.0),
        doses_b: doses(1.0, 2e4),
        effects: Vec::new(),
        level: 0.95,
    };
    combine(&d, &setup, &theta(ask.unit), replicates, &|_| {})
}

fn theta(unit: f64) -> Vec<f64> {
    vec![(10.0 / unit).log10(), (200.0 / unit).log10(), 0.02f64.ln()]
}

fn viability(n: usize) -> Ask<'static> {
    Ask {
        text: "viability@both@24",
        readout: Readout::Viability,
        full: 0.0,
        unit: 1.0,
        n,
    }
}

#[test]
fn two_drugs_of_one_mechanism_are_additive_in_the_sense_of_loewe() {
    let c = run(cells(ONE_MECHANISM).build(), &viability(9), &[]).unwrap();
    for p in &c.surface {
        assert!(
            p.loewe.value.abs() < 1e-6,
            "{} {}: {:e}",
            p.a,
            p.b,
            p.loewe.value
        );
    }
    assert!(c.synergy.loewe.mean.abs() < 1e-6);
    // Isoboles are straight: the combination index is 1 and the doses spared add up.
    assert_eq!(c.isoboles.len(), 3);
    for isobole in &c.isoboles {
        assert!(!isobole.points.is_empty());
        assert!((isobole.alone_b.value / isobole.alone_a.value - 20.0).abs() < 1e-4);
        for p in &isobole.points {
            assert!((p.index - 1.0).abs() < 1e-6, "{p:?}");
            assert!((1.0 / p.reduction_a + 1.0 / p.reduction_b - 1.0).abs() < 1e-6);
            assert!((p.b - p.additive_b).abs() < 1e-5 * isobole.alone_b.value);
        }
    }
    // Additive doses of steep curves do more than independent ones would.
    assert!(c.synergy.bliss.largest.value.abs() > 0.01);
    assert_eq!(c.synergy.loewe.verdict, "not_assessed");
}

#[test]
fn two_drugs_with_hazards_of_their_own_are_independent_in_the_sense_of_bliss() {
    let by_viability = run(cells(INDEPENDENT).build(), &viability(9), &[]).unwrap();
    let by_death = run(
        cells(INDEPENDENT).build(),
        &Ask {
            text: "dead@both@24",
            readout: Readout::Inhibition,
            full: 100.0,
            ..viability(9)
        },
        &[],
    )
    .unwrap();
    for (v, d) in by_viability.surface.iter().zip(&by_death.surface) {
        assert!(v.bliss.value.abs() < 1e-6, "{:e}", v.bliss.value);
        // The same effects, whichever way the readout points.
        assert!((v.effect - d.effect).abs() < 1e-8);
        assert!((v.bliss.value - d.bliss.value).abs() < 1e-8);
        assert!((v.loewe.value - d.loewe.value).abs() < 1e-7);
        assert!((v.hsa.value - d.hsa.value).abs() < 1e-8);
        assert!(v.hsa.value > 0.0);
    }
    // Effects in closed form: 1 − exp(−24·Δhazard).
    let p = &by_viability.surface[40];
    let hill = |x: f64, k: f64, h: f64| {
        let r = (x / k).powf(h);
        r / (1.0 + r)
    };
    let expected =
        1.0 - (-24.0 * (0.1 * hill(p.a, 10.0, 1.4) + 0.07 * hill(p.b, 200.0, 1.0))).exp();
    assert!((p.effect - expected).abs() < 1e-8);
    let fa = 1.0 - (-24.0 * 0.1 * hill(p.a, 10.0, 1.4)).exp();
    let fb = 1.0 - (-24.0 * 0.07 * hill(p.b, 200.0, 1.0)).exp();
    assert!((p.hsa.value - (expected - fa.max(fb))).abs() < 1e-8);
}

#[test]
fn the_unit_of_a_dose_changes_nothing() {
    let one = run(cells(INDEPENDENT).build(), &viability(7), &[]).unwrap();
    // The same drugs with doses counted in thousands.
    let model = cells(INDEPENDENT).build();
    let mut scaled = model.clone();
    for p in &mut scaled.parameters {
        let value = match p.id.as_str() {
            "ka" => 0.01,
            "kb" => 0.2,
            _ => continue,
        };
        p.value = mechfit::math::Expr::number(value);
    }
    let thousand = run(
        scaled,
        &Ask {
            unit: 1000.0,
            ..viability(7)
        },
        &[],
    )
    .unwrap();
    for (p, q) in one.surface.iter().zip(&thousand.surface) {
        assert!((p.a / q.a - 1000.0).abs() < 1e-9);
        for (x, y) in [
            (p.effect, q.effect),
            (p.bliss.value, q.bliss.value),
            (p.loewe.value, q.loewe.value),
            (p.hsa.value, q.hsa.value),
        ] {
            assert!((x - y).abs() < 1e-8);
        }
    }
    assert_eq!(one.synergy.loewe.verdict, thousand.synergy.loewe.verdict);
    assert!((one.synergy.loewe.mean - thousand.synergy.loewe.mean).abs() < 1e-8);
}

#[test]
fn a_drug_that_does_nothing_alone_has_no_additive_dose() {
    // b only makes a stronger.
    let hazard = "h0 + 0.1*(1 + 3*hill(b, kb, 1))*hill(a, ka, h)";
    let replicates: Vec<Vec<f64>> = (0..40).map(|_| theta(1.0)).collect();
    let c = run(cells(hazard).build(), &viability(5), &replicates).unwrap();
    assert!(c.surface.iter().all(|p| p.loewe.value.is_nan()));
    let loewe = &c.synergy.loewe;
    assert_eq!(loewe.verdict, "not_applicable");
    assert!(
        loewe
            .not_applicable
            .as_ref()
            .unwrap()
            .contains("`b` alone does nothing")
    );
    assert!(c.isoboles.is_empty());
    assert!(c.warnings.iter().any(|w| w.code == "combine-no-additivity"));
    // Bliss and the highest single agent show that it potentiates.
    assert_eq!(c.synergy.bliss.verdict, "synergy");
    assert!(
        c.surface
            .iter()
            .all(|p| (p.bliss.value - p.hsa.value).abs() < 1e-6)
    );
    // Opposite directions.
    let hazard = "h0 + 0.1*hill(a, ka, h) - 0.01*hill(b, kb, 1)";
    let c = run(cells(hazard).build(), &viability(5), &[]).unwrap();
    assert!(c.synergy.loewe.not_applicable.unwrap().contains("opposite"));
}

#[test]
fn a_readout_that_points_the_other_way_is_refused() {
    let wrong = Ask {
        readout: Readout::Inhibition,
        ..viability(5)
    };
    let error = run(cells(INDEPENDENT).build(), &wrong, &[]).unwrap_err();
    assert!(
        error.to_string().contains("declared as an inhibition"),
        "{error}"
    );
    assert_eq!(default_full(Readout::Viability, None), Some(0.0));
    assert_eq!(
        default_full(Readout::Inhibition, Some("percent")),
        Some(100.0)
    );
    assert_eq!(default_full(Readout::Inhibition, Some("MFI")), None);
}

#[test]
fn intervals_are_those_of_replicates_and_interpolation_errs_little() {
    // Bliss stays 0 in every replicate, the response varies with ka and kb.
    let replicates: Vec<Vec<f64>> = (0..60)
        .map(|k| {
            let mut z = Stream::new(11, "test", k, 0);
            theta(1.0).iter().map(|t| t + 0.1 * z.normal()).collect()
        })
        .collect();
    let c = run(cells(INDEPENDENT).build(), &viability(24), &replicates).unwrap();
    assert!(
        c.nodes[0] > 0 && c.nodes[0] * c.nodes[1] < 24 * 24,
        "{:?}",
        c.nodes
    );
    assert!(c.interpolation_error <= 0.01);
    // Against the closed form at every point.
    let hill = |x: f64, k: f64, h: f64| {
        let r = (x / k).powf(h);
        r / (1.0 + r)
    };
    let mut worst: f64 = 0.0;
    for p in &c.surface {
        let mut list: Vec<f64> = replicates
            .iter()
            .map(|t| {
                let (ka, kb, h0) = (10f64.powf(t[0]), 10f64.powf(t[1]), t[2].exp());
                (-24.0 * (h0 + 0.1 * hill(p.a, ka, 1.4) + 0.07 * hill(p.b, kb, 1.0))).exp()
            })
            .collect();
        list.sort_by(f64::total_cmp);
        // Rank 61·0.025 = 1.525.
        let (lower, upper) = (
            list[0] + 0.525 * (list[1] - list[0]),
            list[59] - 0.525 * (list[59] - list[58]),
        );
        let width = upper - lower;
        worst = worst
            .max((p.response.lower - lower).abs() / width)
            .max((p.response.upper - upper).abs() / width);
        assert!(p.bliss.lower.abs() < 1e-2 * width && p.bliss.upper.abs() < 1e-2 * width);
    }
    assert!(worst < 0.02, "{worst}");
    assert_eq!(c.synergy.hsa.verdict, "synergy");
    // Independent drugs with curves that level off do less than additive doses would.
    assert!(c.synergy.loewe.upper.is_finite());
    assert_eq!(c.replicates, 60);
    assert!(c.failed.is_empty());
}
