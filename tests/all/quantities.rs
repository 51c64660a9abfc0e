//! Expressions over simulated courses: values, summaries over spans, and their gradients.

use mechfit::math::{Syntax, parse};
use mechfit::objective::{Objective, Target};
use mechfit::problem::Scale;

use crate::support::{ModelBuilder, estimated, objective, problem};

/// First-order absorption (Bateman): depot 1, rates ka and ke.
fn bateman() -> mechfit::model::Model {
    ModelBuilder::default()
        .parameter("ka", 1.2)
        .parameter("ke", 0.3)
        .state("depot", "1", "-ka*depot")
        .state("c", "0", "ka*depot - ke*c")
        .output("level", "100*c")
        .build()
}

fn with_rates(quantities: &[&str]) -> Objective {
    let rows = vec![
        estimated("ka", 1.2, Scale::Log10),
        estimated("ke", 0.3, Scale::Log),
    ];
    let p = problem(rows, &[("one", &[(0.0, &[])])]);
    objective(bateman(), &p, quantities)
}

/// The gradient against central differences of the value.
fn check_gradient(o: &Objective, theta: &[f64], tolerance: f64) {
    let mut ws = o.workspace();
    for q in &o.quantities {
        let (_, gradient) = o.predict(q, theta, &mut ws).unwrap();
        for k in 0..theta.len() {
            let h = 1e-4;
            let mut at = |d: f64| {
                let mut x = theta.to_vec();
                x[k] += d;
                o.value_of(q, &x, &mut ws).unwrap()
            };
            // Differences of fourth order.
            let d = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            assert!(
                (d - gradient[k]).abs() <= tolerance * (1.0 + d.abs()),
                "{} by coordinate {k}: {} against {d}",
                q.text,
                gradient[k]
            );
        }
    }
}

#[test]
fn summaries_of_an_absorption_curve_are_those_of_bateman() {
    let o = with_rates(&[
        "max(level@one@0:24)",
        "auc(level@one@0:24)",
        "time_above(level@one@0:24, 30)",
        "min(level@one@1:24)",
        "max(level@one@5:24)",
    ]);
    let (ka, ke) = (1.2_f64, 0.3_f64);
    let c = |t: f64| 100.0 * ka / (ka - ke) * ((-ke * t).exp() - (-ka * t).exp());
    let peak = (ka / ke).ln() / (ka - ke);
    let area = 100.0 * ka / (ka - ke)
        * ((1.0 - (-ke * 24.0).exp()) / ke - (1.0 - (-ka * 24.0).exp()) / ka);
    let bisect = |mut a: f64, mut b: f64| {
        for _ in 0..200 {
            let m = 0.5 * (a + b);
            if (c(m) > 30.0) == (c(a) > 30.0) {
                a = m;
            } else {
                b = m;
            }
        }
        a
    };
    let above = bisect(peak, 24.0) - bisect(0.0, peak);
    let expected = [c(peak), area, above, c(24.0), c(5.0)];
    let mut ws = o.workspace();
    let theta = o.nominal_point();
    for (q, e) in o.quantities.iter().zip(expected) {
        let v = o.value_of(q, &theta, &mut ws).unwrap();
        assert!((v - e).abs() < 1e-8 * e, "{}: {v} against {e}", q.text);
    }
    check_gradient(&o, &theta, 1e-7);
}

#[test]
fn expressions_over_summaries_and_values_have_exact_gradients() {
    let o = with_rates(&[
        "max(level@one@0:24)/level@one@24 + ke*auc(level@one@0:24)^2",
        "time_above(level@one@0:24, 100*ke)",
        "max(max(level@one@0:24), 2*level@one@3)",
    ]);
    check_gradient(&o, &o.nominal_point(), 1e-6);
}

#[test]
fn a_course_that_jumps_at_a_time_of_its_own_has_exact_summaries() {
    // x falls from 1 with rate k; at x = a it is set to b: the jump is at ln(1/a)/k.
    let model = ModelBuilder::default()
        .parameter("k", 0.5)
        .parameter("a", 0.4)
        .parameter("b", 2.0)
        .state("x", "1", "-k*x")
        .event("x < a", &[("x", "b")])
        .build();
    let rows = vec![
        estimated("k", 0.5, Scale::Log),
        estimated("a", 0.4, Scale::Lin),
        estimated("b", 2.0, Scale::Lin),
    ];
    let p = problem(rows, &[("one", &[(0.0, &[])])]);
    let o = objective(
        model,
        &p,
        &[
            "auc(x@one@0:3)",
            "time_above(x@one@0:3, 0.6)",
            "max(x@one@0:3)",
            "min(x@one@0:3)",
            "max(x@one@0.5:3) - auc(x@one@1:2.5)",
        ],
    );
    let mut ws = o.workspace();
    let theta = o.nominal_point();
    let (k, a, b) = (0.5_f64, 0.4_f64, 2.0_f64);
    let tau = (1.0 / a).ln() / k;
    let area = (1.0 - a) / k + b * (1.0 - (-k * (3.0 - tau)).exp()) / k;
    let value = o.value_of(&o.quantities[0], &theta, &mut ws).unwrap();
    assert!((value - area).abs() < 1e-8, "{value} {area}");
    let above = (1.0_f64 / 0.6).ln() / k + (3.0 - tau);
    let value = o.value_of(&o.quantities[1], &theta, &mut ws).unwrap();
    assert!((value - above).abs() < 1e-8, "{value} {above}");
    let value = o.value_of(&o.quantities[2], &theta, &mut ws).unwrap();
    assert!((value - b).abs() < 1e-8, "{value}");
    let value = o.value_of(&o.quantities[3], &theta, &mut ws).unwrap();
    assert!((value - a).abs() < 1e-8, "{value}");
    check_gradient(&o, &theta, 1e-6);
}

#[test]
fn a_course_without_states_is_summarised_as_well() {
    let model = ModelBuilder::default()
        .parameter("w", 3.0)
        .output("wave", "sin(w*time)")
        .build();
    let p = problem(
        vec![estimated("w", 3.0, Scale::Lin)],
        &[("one", &[(0.0, &[])])],
    );
    let o = objective(
        model,
        &p,
        &["time_above(wave@one@0:10, 0)", "auc(wave@one@0:10)"],
    );
    let mut ws = o.workspace();
    let theta = o.nominal_point();
    let area = o.value_of(&o.quantities[1], &theta, &mut ws).unwrap();
    assert!((area - (1.0 - 30f64.cos()) / 3.0).abs() < 1e-8, "{area}");
    // Four half waves above 0 end by 7π/3; the fifth begins at 8π/3 and lasts to 3π.
    let pi = std::f64::consts::PI;
    let above = o.value_of(&o.quantities[0], &theta, &mut ws).unwrap();
    assert!((above - 5.0 * pi / 3.0).abs() < 1e-8, "{above}");
    check_gradient(&o, &theta, 1e-7);
}

#[test]
fn a_dose_in_two_periods_is_summarised_across_them() {
    let model = ModelBuilder::default()
        .parameter("k", 0.3)
        .input("dose", 0.0)
        .state("x", "0", "dose - k*x")
        .build();
    let p = problem(
        vec![estimated("k", 0.3, Scale::Log)],
        &[(
            "infusion",
            &[(0.0, &[("dose", "1")]), (2.0, &[("dose", "0")])],
        )],
    );
    let o = objective(model, &p, &["max(x@infusion@0:6)", "auc(x@infusion@0:6)"]);
    let mut ws = o.workspace();
    let theta = o.nominal_point();
    let k = 0.3_f64;
    let top = (1.0 - (-2.0 * k).exp()) / k;
    let value = o.value_of(&o.quantities[0], &theta, &mut ws).unwrap();
    assert!((value - top).abs() < 1e-9, "{value} {top}");
    let area = (2.0 - top) / k + top * (1.0 - (-4.0 * k).exp()) / k;
    let value = o.value_of(&o.quantities[1], &theta, &mut ws).unwrap();
    assert!((value - area).abs() < 1e-8, "{value} {area}");
    check_gradient(&o, &theta, 1e-7);
}

#[test]
fn a_span_without_summary_and_a_summary_without_span_are_refused_with_a_remedy() {
    let message = |text: &str| {
        let e = parse(text, Syntax::QUANTITY, 0).unwrap_err();
        format!(
            "{} | {} | {}",
            &text[e.span.clone()],
            e.kind,
            e.kind.help().unwrap_or_default()
        )
    };
    let all: Vec<String> = [
        "1 + x@one@0:24",
        "auc(x@one@24)",
        "max(x@one@24)",
        "time_above(x@one@0:24)",
        "auc(x@one@0:24, 3)",
        "min(2*x@one@0:24)",
    ]
    .iter()
    .map(|t| message(t))
    .collect();
    insta::assert_snapshot!(all.join("\n"));
    // Outside predictions the names are free.
    assert!(parse("auc + time_above", Syntax::PETAB, 0).is_ok());
    let printed = "auc(x@one@0:24)/max(y@two@1:2) + time_above(x@one@0:24, 2*k)";
    assert_eq!(
        parse(printed, Syntax::QUANTITY, 0).unwrap().to_string(),
        printed
    );
}
