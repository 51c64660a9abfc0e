//! Goodness of fit of means whose weights come from a few replicates.

use serde::{Deserialize, Serialize};

use crate::objective::Target;
use crate::stats::{chi2_tail, f_tail};

use super::fisher::{Linearised, means};

/// Fewest degrees of freedom of which a misfit can be spoken.
const LEAST_DOF: f64 = 1e-3;
/// Least 1 − h by which a residual is divided: below it the row fits itself.
const LEAST_FREEDOM: f64 = 1e-6;

/// Goodness of fit, with the keys of `result.json` where it has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Goodness {
    /// Σ squared normalised residuals of the means with n.
    pub chi2_means: f64,
    /// Means with n.
    pub n_means: usize,
    /// Parameters that the means pay for: Σ of their leverages.
    pub effective_parameters: f64,
    /// Degrees of freedom: means − effective parameters.
    pub dof: f64,
    /// P of Johansen's F; null if no degree of freedom is left.
    pub p_value: Option<f64>,
    /// How `p_value` was computed, or why it is null.
    pub p_value_method: String,
    /// P of χ² if the reported SDs were σ: rejects a correct model in about 11 % of cases at n = 5.
    pub p_value_if_sd_known: Option<f64>,
    /// P by simulation from the fit, means and SDs redrawn.
    pub p_value_bootstrap: Option<f64>,
    /// Binomial standard error of that P.
    pub p_value_bootstrap_error: Option<f64>,
    /// Rows with their residuals.
    pub rows: Vec<Residual>,
}

/// Residual of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Residual {
    /// (measured − fitted)/standard error; null for a censored row.
    pub residual: Option<f64>,
    /// Leverage h.
    pub leverage: f64,
    /// 1 − h: the share of the row that can show misfit.
    pub freedom: f64,
    /// Residual divided by √(1 − h); null where the row fits itself.
    pub scaled: Option<f64>,
}

/// Johansen's F for a χ² over means whose weights are n/s².
///
/// `d` = means − effective parameters, `A = Σ(1−h)²/ν`, `c = d + 2A − 6A/(d+2)`:
/// `P = P(F(d, d(d+2)/(3A)) > χ²/c)`. `None` without a degree of freedom, or where the correction exceeds d (weights from
/// so few replicates that the approximation does not hold).
///
/// # References
/// Johansen (1980) Biometrika 67:85. Welch (1951) Biometrika 38:330.
pub fn johansen(chi2: f64, d: f64, a: f64) -> Option<f64> {
    if d.is_nan() || d < LEAST_DOF {
        return None;
    }
    if a <= 0.0 {
        return chi_square(chi2, d);
    }
    let c = d + 2.0 * a - 6.0 * a / (d + 2.0);
    if c.is_nan() || c <= 0.0 {
        return None;
    }
    Some(f_tail((chi2 / c).max(0.0), d, d * (d + 2.0) / (3.0 * a)))
}

/// P of χ² with `d` degrees of freedom.
pub fn chi_square(chi2: f64, d: f64) -> Option<f64> {
    if d.is_nan() || d < LEAST_DOF {
        return None;
    }
    Some(chi2_tail(chi2.max(0.0), d))
}

/// Goodness of fit at a linearised fit.
pub fn goodness<T: Target>(target: &T, fit: &Linearised) -> Goodness {
    let means = means(target);
    let n_means = means.iter().filter(|m| **m).count();
    let chi2_means = fit
        .whitened
        .iter()
        .zip(&means)
        .filter(|(_, m)| **m)
        .map(|(r, _)| r * r)
        .sum();
    let (dof, a) = fit.covariance.misfit(&means);
    let p_value = johansen(chi2_means, dof, a);
    let p_value_method = match p_value {
        Some(_) => "johansen_f",
        None if n_means == 0 => "none: there is no mean with n",
        None if dof < LEAST_DOF => {
            "none: no degree of freedom is left, the model can meet every mean"
        }
        None => "none: too few replicates for the correction",
    };
    Goodness {
        chi2_means,
        n_means,
        effective_parameters: n_means as f64 - dof,
        dof,
        p_value,
        p_value_method: p_value_method.into(),
        p_value_if_sd_known: chi_square(chi2_means, dof),
        p_value_bootstrap: None,
        p_value_bootstrap_error: None,
        rows: residuals(fit),
    }
}

/// Residuals with the share of each row that can show misfit.
pub fn residuals(fit: &Linearised) -> Vec<Residual> {
    fit.residual
        .iter()
        .zip(&fit.leverage)
        .map(|(&r, &h)| {
            let freedom = 1.0 - h;
            Residual {
                residual: r.is_finite().then_some(r),
                leverage: h,
                freedom,
                scaled: (r.is_finite() && freedom > LEAST_FREEDOM).then(|| r / freedom.sqrt()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_variances_give_chi_square() {
        // χ²₃ upper 5 % point, any table.
        let p = johansen(7.814_727_903_251_178, 3.0, 0.0).unwrap();
        assert!((p - 0.05).abs() < 1e-9, "{p}");
    }

    #[test]
    fn no_degree_of_freedom_gives_no_p() {
        assert_eq!(johansen(1.0, 0.0, 0.1), None);
    }

    #[test]
    fn welch_anova_of_two_groups_is_the_squared_t_with_welchs_degrees_of_freedom() {
        // Common mean of two groups, variances of the means 1 and 3 with 4 and 9 degrees of freedom: Johansen's F for
        // two means is Welch's t² with ν = (1 + 3)²/(1/4 + 9/9); c = 1 for d = 1 whatever A.
        let (v1, v2, n1, n2) = (1.0, 3.0, 4.0, 9.0);
        let (h1, h2) = (v2 / (v1 + v2), v1 / (v1 + v2));
        let a = (1.0_f64 - h1).powi(2) / n1 + (1.0_f64 - h2).powi(2) / n2;
        let t2 = 2.5_f64 * 2.5 / (v1 + v2);
        let nu = (v1 + v2) * (v1 + v2) / (v1 * v1 / n1 + v2 * v2 / n2);
        assert!((3.0 / (3.0 * a) - nu).abs() < 1e-12);
        let expected = 2.0 * crate::stats::t_upper(t2.sqrt(), nu);
        let p = johansen(t2, 1.0, a).unwrap();
        assert!((p - expected).abs() < 1e-12, "{p} {expected}");
    }
}
