//! A ring of three genes, each repressing the next with a Hill coefficient that is estimated.

use super::Twin;

pub const TWIN: Twin = Twin {
    parameters: &[
        ("a", 4.0),
        ("a0", 0.05),
        ("K", 0.8),
        ("h", 2.3),
        ("dm", 0.7),
        ("b", 1.9),
        ("dp", 0.4),
    ],
    states: &[
        ("M1", 0.9, "a0 + a/(1 + (P3/K)^h) - dm*M1"),
        ("P1", 1.2, "b*M1 - dp*P1"),
        ("M2", 0.4, "a0 + a/(1 + (P1/K)^h) - dm*M2"),
        ("P2", 0.6, "b*M2 - dp*P2"),
        ("M3", 1.8, "a0 + a/(1 + (P2/K)^h) - dm*M3"),
        ("P3", 2.2, "b*M3 - dp*P3"),
    ],
    native,
};

#[inline(never)]
fn native(y: &[f64], p: &[f64], f: &mut [f64], jac: &mut [f64]) {
    let (Some(y), Some(p)) = (y.first_chunk::<6>(), p.first_chunk::<7>()) else {
        return;
    };
    let (Some(f), Some(jac)) = (f.first_chunk_mut::<6>(), jac.first_chunk_mut::<12>()) else {
        return;
    };
    let [m1, p1, m2, p2, m3, p3] = *y;
    let [a, a0, k, h, dm, b, dp] = *p;
    let hill = |x: f64| {
        let w = libm::pow(x / k, h);
        let below = 1.0 / (1.0 + w);
        let v = a * below;
        (v, -v * below * h * w / x)
    };
    let (v1, d1) = hill(p3);
    let (v2, d2) = hill(p1);
    let (v3, d3) = hill(p2);
    *f = [
        a0 + v1 - dm * m1,
        b * m1 - dp * p1,
        a0 + v2 - dm * m2,
        b * m2 - dp * p2,
        a0 + v3 - dm * m3,
        b * m3 - dp * p3,
    ];
    *jac = [-dm, d1, b, -dp, d2, -dm, b, -dp, d3, -dm, b, -dp];
}
