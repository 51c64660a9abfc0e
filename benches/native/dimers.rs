//! Two proteins that an input turns into three dimers, their way into the nucleus and back: mass action only.

use super::Twin;

pub const TWIN: Twin = Twin {
    parameters: &[
        ("kf", 0.8),
        ("ki", 0.3),
        ("kx", 0.2),
        ("kxab", 0.15),
        ("u0", 1.25),
        ("ku", 0.1),
        ("vr", 0.7),
    ],
    states: &[
        ("U", 0.9, "-ku*U"),
        (
            "A",
            1.4,
            "-2*kf*U*A^2 - kf*U*A*B + vr*(2*kx*NAA + kxab*NAB)",
        ),
        (
            "B",
            1.1,
            "-2*kf*U*B^2 - kf*U*A*B + vr*(2*kx*NBB + kxab*NAB)",
        ),
        ("AA", 0.3, "kf*U*A^2 - ki*AA"),
        ("AB", 0.5, "kf*U*A*B - ki*AB"),
        ("BB", 0.2, "kf*U*B^2 - ki*BB"),
        ("NAA", 0.25, "ki*AA/vr - kx*NAA"),
        ("NAB", 0.35, "ki*AB/vr - kxab*NAB"),
        ("NBB", 0.15, "ki*BB/vr - kx*NBB"),
    ],
    native,
};

#[inline(never)]
fn native(y: &[f64], p: &[f64], f: &mut [f64], jac: &mut [f64]) {
    let (Some(y), Some(p)) = (y.first_chunk::<9>(), p.first_chunk::<7>()) else {
        return;
    };
    let (Some(f), Some(jac)) = (f.first_chunk_mut::<9>(), jac.first_chunk_mut::<27>()) else {
        return;
    };
    let [u, a, b, aa, ab, bb, naa, nab, nbb] = *y;
    let [kf, ki, kx, kxab, _, ku, vr] = *p;
    let k = kf * u;
    let (ka, kb) = (k * a, k * b);
    let (vaa, vab, vbb) = (ka * a, ka * b, kb * b);
    let (fa, fb, fab) = (kf * a * a, kf * b * b, kf * a * b);
    let (back, back_ab, into) = (2.0 * vr * kx, vr * kxab, ki / vr);
    *f = [
        -ku * u,
        -2.0 * vaa - vab + back * naa + back_ab * nab,
        -2.0 * vbb - vab + back * nbb + back_ab * nab,
        vaa - ki * aa,
        vab - ki * ab,
        vbb - ki * bb,
        into * aa - kx * naa,
        into * ab - kxab * nab,
        into * bb - kx * nbb,
    ];
    *jac = [
        -ku,
        -2.0 * fa - fab,
        -4.0 * ka - kb,
        -ka,
        back,
        back_ab,
        -2.0 * fb - fab,
        -kb,
        -4.0 * kb - ka,
        back_ab,
        back,
        fa,
        2.0 * ka,
        -ki,
        fab,
        kb,
        ka,
        -ki,
        fb,
        2.0 * kb,
        -ki,
        into,
        -kx,
        into,
        -kxab,
        into,
        -kx,
    ];
}
