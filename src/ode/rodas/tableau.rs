//! Coefficients of Rodas5P.
//!
//! Rosenbrock–Wanner method with 8 stages, order 5(4), L-stable, stiffly accurate, with dense output of order 4:
//! G. Steinebach (2023) "Construction of Rosenbrock–Wanner method Rodas5P and numerical benchmarks within the Julia
//! Differential Equations package", BIT Numerical Mathematics 63:27, doi:10.1007/s10543-023-00967-x; in the transformed
//! variables of Hairer & Wanner (1996) *Solving Ordinary Differential Equations II*, section IV.7. One step from
//! `(t, y₀)` with step size `h`, mass matrix `M`, `J = ∂f/∂y` and `fₜ = ∂f/∂t` at the start of the step:
//!
//! ```text
//! uᵢ = y₀ + Σ_{j<i} aᵢⱼ·kⱼ
//! (M/(hγ) − J)·kᵢ = f(t + cᵢ·h, uᵢ) + h·dᵢ·fₜ + M·Σ_{j<i} (Cᵢⱼ/h)·kⱼ
//! y₁ = u₈ + k₈,      error estimate k₈
//! y(t + θh) = (1 − θ)·y₀ + θ·(y₁ + (1 − θ)·Σⱼ (H₁ⱼ + θ·H₂ⱼ + θ²·H₃ⱼ)·kⱼ)
//! ```

/// Number of stages.
pub(super) const STAGES: usize = 8;

/// Diagonal coefficient `γ`, common to all stages.
pub(super) const GAMMA: f64 = 0.211_937_563_194_290_14;

/// `aᵢⱼ` (`i` from 2). Rows 7 and 8 continue row 6: `u₇ = u₆ + k₆`, `u₈ = u₇ + k₇`.
pub(super) const A: [&[f64]; STAGES - 2] = [
    &[],
    &[3.0],
    &[2.849_394_379_747_939, 0.458_422_422_044_639_23],
    &[
        -6.954_028_509_809_101,
        2.489_845_061_869_568,
        -10.358_996_098_473_584,
    ],
    &[
        2.802_998_627_562_896_4,
        0.507_246_473_622_820_6,
        -0.398_831_254_177_052_4,
        -0.047_211_872_304_046_41,
    ],
    &[
        -7.502_846_399_306_121,
        2.561_846_144_803_919,
        -11.627_539_656_261_098,
        -0.182_687_676_599_422_56,
        0.030_198_172_008_377_946,
    ],
];

/// `Cᵢⱼ`.
pub(super) const C: [&[f64]; STAGES] = [
    &[],
    &[-14.155_112_264_123_755],
    &[-17.972_960_358_859_52, -2.859_693_295_451_294],
    &[
        147.121_502_757_117_16,
        -1.412_214_027_182_13,
        71.689_402_513_023_58,
    ],
    &[
        165.435_170_248_716_76,
        -0.459_282_345_649_112_6,
        42.909_383_369_586_03,
        -5.961_986_721_573_306,
    ],
    &[
        24.854_864_614_690_072,
        -3.000_922_700_283_218_6,
        47.493_111_002_076_8,
        5.581_419_782_155_812_5,
        -0.661_069_182_524_947_1,
    ],
    &[
        30.912_732_140_285_99,
        -3.120_824_334_993_797_4,
        77.799_546_460_708_92,
        34.286_460_282_947_83,
        -19.097_331_116_725_623,
        -28.087_943_162_872_662,
    ],
    &[
        37.802_771_233_905_63,
        -3.257_196_902_907_227_6,
        112.269_188_494_963_27,
        66.934_723_124_404_7,
        -40.066_189_370_910_02,
        -54.667_802_628_779_68,
        -9.488_616_523_096_27,
    ],
];

/// Stage times `cᵢ` in units of the step.
pub(super) const TIMES: [f64; STAGES] = [
    0.0,
    0.635_812_689_582_870_4,
    0.409_579_839_339_753_5,
    0.976_930_672_506_071_6,
    0.428_840_360_955_866_4,
    1.0,
    1.0,
    1.0,
];

/// Weights `dᵢ` of the time derivative.
pub(super) const D: [f64; STAGES] = [
    0.211_937_563_194_290_14,
    -0.423_875_126_388_580_27,
    -0.338_462_712_623_592_4,
    1.804_645_287_288_273_4,
    2.325_825_639_765_069,
    0.0,
    0.0,
    0.0,
];

/// Coefficients `H` of the dense output.
const H: [[f64; STAGES]; 3] = [
    [
        25.948_786_856_663_858,
        -2.557_972_484_584_623_5,
        10.433_815_404_888_879,
        -2.367_925_102_268_520_4,
        0.524_948_541_321_073,
        1.124_108_831_045_040_4,
        0.427_287_619_443_187_4,
        -0.172_022_210_701_554_93,
    ],
    [
        -9.915_688_506_951_71,
        -0.968_994_459_411_515_4,
        3.043_803_724_297_845_3,
        -24.495_224_566_215_796,
        20.176_138_334_709_044,
        15.980_663_614_246_51,
        -6.789_040_303_419_874,
        -6.710_236_069_923_372,
    ],
    [
        11.419_903_575_922_262,
        2.887_964_514_613_699_4,
        72.921_379_959_960_29,
        80.125_118_346_226_43,
        -52.072_871_366_152_654,
        -59.789_936_252_667_29,
        -0.155_826_842_827_519_13,
        4.883_087_185_713_722,
    ],
];

/// Weights of the stages in the dense output at `θ` in `[0, 1]`: `y(θ) = (1−θ)·y₀ + θ·y₁ + Σⱼ wⱼ(θ)·kⱼ`.
pub(super) fn dense_weights(theta: f64) -> [f64; STAGES] {
    let outer = theta * (1.0 - theta);
    std::array::from_fn(|j| outer * (H[0][j] + theta * (H[1][j] + theta * H[2][j])))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a = α·Γ⁻¹` and `C = γ⁻¹·I − Γ⁻¹` give `α` and `Γ` back; their row sums are `c` and `d`, and the first five
    /// order conditions of quadrature hold for `b = α₈ + Γ₈`.
    #[test]
    fn row_sums_are_consistent() {
        let mut a = [[0.0; STAGES]; STAGES];
        let mut inverse = [[0.0; STAGES]; STAGES];
        for i in 0..STAGES {
            let row: Vec<f64> = match i {
                0..6 => A[i].to_vec(),
                6 => [A[5], &[1.0]].concat(),
                _ => [A[5], &[1.0, 1.0]].concat(),
            };
            for (j, value) in row.iter().enumerate() {
                a[i][j] = *value;
            }
            for (j, value) in C[i].iter().enumerate() {
                inverse[i][j] = -value;
            }
            inverse[i][i] = 1.0 / GAMMA;
        }
        // Γ by forward substitution, row by row.
        let mut gamma = [[0.0; STAGES]; STAGES];
        for i in 0..STAGES {
            let mut row = [0.0; STAGES];
            row[i] = 1.0;
            for (inverse, done) in inverse[i].iter().zip(&gamma).take(i) {
                for (v, g) in row.iter_mut().zip(done) {
                    *v -= inverse * g;
                }
            }
            gamma[i] = row.map(|v| v / inverse[i][i]);
        }
        for i in 0..STAGES {
            let alpha_sum: f64 = a[i]
                .iter()
                .zip(&gamma)
                .map(|(a, row)| a * row.iter().sum::<f64>())
                .sum();
            let gamma_sum: f64 = gamma[i].iter().sum();
            assert!((alpha_sum - TIMES[i]).abs() < 1e-12, "c, row {i}");
            assert!((gamma_sum - D[i]).abs() < 1e-11, "d, row {i}: {gamma_sum}");
        }
        // y₁ = y₀ + (a₈, 1)·k, that is b = (a₈, 1)·Γ.
        let mut last = a[STAGES - 1];
        last[STAGES - 1] = 1.0;
        for power in 0..5 {
            let quadrature: f64 = (0..STAGES)
                .map(|i| {
                    let b: f64 = (0..STAGES).map(|j| last[j] * gamma[j][i]).sum();
                    b * TIMES[i].powi(power)
                })
                .sum();
            assert!(
                (quadrature - 1.0 / f64::from(power + 1)).abs() < 1e-12,
                "power {power}: {quadrature}"
            );
        }
    }
}
