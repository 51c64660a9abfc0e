//! Standard errors, degrees of freedom and leverages.

use mechfit::objective::Target;
use mechfit::objective::example::Example;
use mechfit::problem::NoiseSetting;
use mechfit::stats::t_quantile;
use mechfit::uncertainty::covariance::Covariance;
use mechfit::uncertainty::{fisher, goodness};

use super::{close, fitted, linearised};

const WIDE: (f64, f64) = (-1e6, 1e6);

/// Two means that are each fitted exactly; `p1` is their difference.
fn difference(y: [f64; 2], sd: [f64; 2], n: [u32; 2]) -> Example {
    Example::linear(&[vec![1.0, 0.0], vec![1.0, 1.0]], &y, &sd, 5, &[WIDE, WIDE])
        .with_replicates(&n)
}

#[test]
fn the_difference_of_two_means_has_welchs_interval() {
    let (y, sd, n) = ([57.06, 74.6], [3.41, 9.2], [5, 8]);
    let target = difference(y, sd, n);
    let fit = fitted(&target, &[0.0, 0.0]);
    let estimates = fisher::estimates(target.coordinates(), &linearised(&target, &fit), 0.95);
    let (v1, v2) = (sd[0] * sd[0] / 5.0, sd[1] * sd[1] / 8.0);
    let nu = (v1 + v2).powi(2) / (v1 * v1 / 4.0 + v2 * v2 / 7.0);
    let half = t_quantile(0.975, nu) * (v1 + v2).sqrt();
    let (lower, upper) = estimates[1].interval.as_ref().unwrap().ends().unwrap();
    close(lower, y[1] - y[0] - half, 1e-6);
    close(upper, y[1] - y[0] + half, 1e-6);
    close(estimates[1].degrees_of_freedom.unwrap(), nu, 1e-6);
}

#[test]
fn welchs_interval_agrees_with_another_program() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../data/uncertainty/welch.json")).unwrap();
    let target = difference([57.06, 74.6], [3.41, 9.2], [5, 8]);
    let fit = fitted(&target, &[0.0, 0.0]);
    let estimates = fisher::estimates(target.coordinates(), &linearised(&target, &fit), 0.95);
    let (lower, upper) = estimates[1].interval.as_ref().unwrap().ends().unwrap();
    let tolerance = golden["abs_tol"].as_f64().unwrap();
    close(lower, golden["value"][0].as_f64().unwrap(), tolerance);
    close(upper, golden["value"][1].as_f64().unwrap(), tolerance);
}

#[test]
fn the_common_mean_of_groups_has_meiers_variance() {
    let (y, sd, n) = (
        [10.2, 9.7, 11.4, 10.9],
        [1.1, 0.6, 2.3, 1.4],
        [5_u32, 4, 9, 6],
    );
    let target = Example::linear(&vec![vec![1.0]; 4], &y, &sd, 5, &[WIDE]).with_replicates(&n);
    let fit = fitted(&target, &[0.0]);
    let estimates = fisher::estimates(target.coordinates(), &linearised(&target, &fit), 0.95);
    let weights: Vec<f64> = (0..4).map(|i| f64::from(n[i]) / (sd[i] * sd[i])).collect();
    let sum: f64 = weights.iter().sum();
    let correction: f64 = (0..4)
        .map(|i| {
            let share = weights[i] / sum;
            4.0 * share * (1.0 - share) / f64::from(n[i] - 1)
        })
        .sum();
    let meier = (1.0 + correction) / sum;
    let se = estimates[0].standard_error.unwrap();
    close(se * se, meier, 1e-6 * meier);
    close(
        estimates[0].value,
        weights.iter().zip(y).map(|(w, y)| w * y).sum::<f64>() / sum,
        1e-9,
    );
}

#[test]
fn leverages_and_degrees_of_freedom_are_those_of_the_hat_matrix() {
    let x = [0.0, 1.0, 2.0, 5.0];
    let design: Vec<Vec<f64>> = x.iter().map(|x| vec![1.0, *x]).collect();
    let target = Example::linear(&design, &[1.0, 2.2, 2.9, 6.3], &[1.0; 4], 5, &[WIDE, WIDE]);
    let fit = fitted(&target, &[0.0, 0.0]);
    let linear = linearised(&target, &fit);
    // h_i = 1/m + (x_i − x̄)²/Σ(x − x̄)² for equal weights.
    for (i, x) in x.iter().enumerate() {
        close(linear.leverage[i], 0.25 + (x - 2.0).powi(2) / 14.0, 1e-12);
    }
    let g = goodness::goodness(&target, &linear);
    close(g.dof, 2.0, 1e-12);
    close(g.effective_parameters, 2.0, 1e-12);
    close(g.chi2_means, fit.evaluated.parts.chi2_means, 1e-12);
    let r = g.rows[3];
    close(
        r.scaled.unwrap(),
        r.residual.unwrap() / (1.0 - linear.leverage[3]).sqrt(),
        1e-12,
    );
}

#[test]
fn a_saturated_model_has_no_degree_of_freedom_and_no_p_value() {
    let target = difference([1.0, 2.0], [0.5, 0.5], [5, 5]);
    let fit = fitted(&target, &[0.0, 0.0]);
    let g = goodness::goodness(&target, &linearised(&target, &fit));
    close(g.dof, 0.0, 1e-9);
    assert_eq!(g.p_value, None);
    assert!(g.p_value_method.contains("no degree of freedom"));
    assert_eq!(g.rows[0].scaled, None);
}

#[test]
fn prior_shares_are_prior_precision_times_variance() {
    for share in [0.1_f64, 0.5, 0.9] {
        // Data precision 5/4; prior precision so that the share comes out.
        let data = 5.0 / 4.0;
        let sd = (data * share / (1.0 - share)).sqrt().recip();
        let target = Example::constant(&[3.0], 2.0, 5).with_prior(0, 1.0, sd);
        let fit = fitted(&target, &[0.0]);
        let linear = linearised(&target, &fit);
        close(linear.prior_share[0], share, 1e-12);
        // Only the data's part of the variance is inflated.
        let scatter = linear.covariance.of_coordinate(0).unwrap();
        close(scatter.variance, (1.0 - share) / data, 1e-12);
        let h = 1.0 - share;
        let expected = scatter.variance + (1.0 - share) * scatter.variance * 4.0 * (1.0 - h) / 4.0;
        close(scatter.inflated, expected, 1e-12);
        let nu = 4.0 / (1.0 - share).powi(2);
        close(scatter.nu, nu, 1e-9);
        close(goodness::goodness(&target, &linear).dof, share, 1e-12);
    }
}

#[test]
fn an_undetermined_direction_is_named_and_never_nan() {
    // Only the sum is measured.
    let target = Example::linear(
        &[vec![1.0, 1.0, 0.0], vec![0.0, 0.0, 1.0]],
        &[3.0, 1.0],
        &[1.0, 1.0],
        5,
        &[WIDE, WIDE, WIDE],
    );
    let fit = fitted(&target, &[0.0, 0.0, 0.0]);
    let linear = linearised(&target, &fit);
    let c = &linear.covariance;
    assert_eq!(c.undetermined().len(), 1);
    let d = &c.undetermined()[0].direction;
    close(d[0], 1.0, 1e-9);
    close(d[1], -1.0, 1e-9);
    close(d[2], 0.0, 1e-9);
    let estimates = fisher::estimates(target.coordinates(), &linear, 0.95);
    assert_eq!(estimates[0].standard_error, None);
    assert!(
        estimates[0]
            .reason
            .as_ref()
            .unwrap()
            .contains("combination")
    );
    assert!(estimates[2].standard_error.is_some());
    // The sum itself is determined: variance of the one mean.
    close(c.of(&[1.0, 1.0, 0.0]).unwrap().variance, 0.2, 1e-12);
    assert_eq!(c.of(&[1.0, 0.0, 0.0]), None);
}

#[test]
fn an_estimate_at_its_bound_has_no_standard_error_and_says_why() {
    let target = Example::linear(
        &[vec![1.0, 0.0], vec![1.0, 1.0]],
        &[2.0, 1.0],
        &[1.0, 1.0],
        5,
        &[WIDE, (0.0, 10.0)],
    );
    let fit = fitted(&target, &[0.0, 1.0]);
    let estimates = fisher::estimates(target.coordinates(), &linearised(&target, &fit), 0.95);
    assert_eq!(estimates[1].at_bound.as_deref(), Some("lower"));
    assert_eq!(estimates[1].standard_error, None);
    assert!(
        estimates[1]
            .reason
            .as_ref()
            .unwrap()
            .contains("lower bound")
    );
    assert!(estimates[0].standard_error.is_some());
}

/// The linearisation of an example whose rows share one SD, with the degrees of freedom that they share.
fn pooled(design: &[Vec<f64>], y: &[f64], sd: f64, n: u32) -> Covariance {
    let bounds = vec![WIDE; design[0].len()];
    let target = Example::linear(design, y, &vec![sd; y.len()], n, &bounds)
        .with_noise(NoiseSetting::PooledSd);
    let theta = vec![0.0; bounds.len()];
    let mut at = target.linearise(&theta, target.data(), &mut ()).unwrap();
    for row in &mut at.rows {
        row.nu = y.len() as f64 * f64::from(n - 1);
    }
    Covariance::new(&at, target.rows(), target.data(), vec![true; bounds.len()])
}

#[test]
fn a_pooled_sd_gives_the_intervals_of_the_textbook() {
    let (sd, n) = (3.0, 5_u32);
    // The difference of two means: Student's interval with 2(n - 1) degrees of freedom, s²(1/n + 1/n).
    let two = pooled(&[vec![1.0, 0.0], vec![1.0, 1.0]], &[1.0, 2.0], sd, n);
    let difference = two.of_coordinate(1).unwrap();
    close(difference.nu, 8.0, 1e-9);
    close(difference.inflated, 2.0 * sd * sd / 5.0, 1e-9);
    close(
        difference.half_width(0.95),
        t_quantile(0.975, 8.0) * sd * (2.0 / 5.0_f64).sqrt(),
        1e-6,
    );
    // The common mean of four arms and a slope over them: 16 degrees of freedom, and no inflation, since the weights do
    // not depend on the SD.
    let design: Vec<Vec<f64>> = [-3.0, -1.0, 1.0, 3.0]
        .iter()
        .map(|x| vec![1.0, *x])
        .collect();
    let line = pooled(&design, &[1.0, 2.0, 4.0, 5.0], sd, n);
    let slope = line.of_coordinate(1).unwrap();
    close(slope.nu, 16.0, 1e-9);
    close(slope.inflated, sd * sd / 5.0 / 20.0, 1e-9);
}
