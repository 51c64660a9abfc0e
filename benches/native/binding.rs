//! A drug in two compartments, its receptor with turnover and internalisation, a saturable effect through two transits.

use super::Twin;

pub const TWIN: Twin = Twin {
    parameters: &[
        ("kel", 0.3),
        ("k12", 0.2),
        ("k21", 0.1),
        ("kon", 5.0),
        ("koff", 0.7),
        ("ksyn", 0.4),
        ("kdeg", 0.05),
        ("kint", 0.9),
        ("klys", 0.2),
        ("ktr", 0.6),
        ("emax", 0.8),
        ("ec50", 0.5),
        ("kin", 1.2),
        ("kout", 0.8),
        ("km", 2.0),
    ],
    states: &[
        ("C", 1.3, "-kel*C - k12*C + k21*P - kon*C*R + koff*RC"),
        ("P", 0.7, "k12*C - k21*P"),
        ("R", 2.1, "ksyn - kdeg*R - kon*C*R + koff*RC"),
        ("RC", 0.4, "kon*C*R - koff*RC - kint*RC"),
        ("I", 0.3, "kint*RC - klys*I"),
        ("E1", 0.2, "ktr*(emax*RC/(ec50 + RC) - E1)"),
        ("E2", 0.1, "ktr*(E1 - E2)"),
        ("X", 1.7, "kin*(1 - E2) - kout*X/(km + X)"),
    ],
    native,
};

#[inline(never)]
fn native(y: &[f64], p: &[f64], f: &mut [f64], jac: &mut [f64]) {
    let (Some(y), Some(p)) = (y.first_chunk::<8>(), p.first_chunk::<15>()) else {
        return;
    };
    let (Some(f), Some(jac)) = (f.first_chunk_mut::<8>(), jac.first_chunk_mut::<20>()) else {
        return;
    };
    let [c, per, r, rc, i, e1, e2, x] = *y;
    let [
        kel,
        k12,
        k21,
        kon,
        koff,
        ksyn,
        kdeg,
        kint,
        klys,
        ktr,
        emax,
        ec50,
        kin,
        kout,
        km,
    ] = *p;
    let (on_r, on_c) = (kon * c, kon * r);
    let binding = on_r * r - koff * rc;
    let (above, below) = (1.0 / (ec50 + rc), 1.0 / (km + x));
    let effect = emax * rc * above;
    let loss = kout * x * below;
    *f = [
        k21 * per - (kel + k12) * c - binding,
        k12 * c - k21 * per,
        ksyn - kdeg * r - binding,
        binding - kint * rc,
        kint * rc - klys * i,
        ktr * (effect - e1),
        ktr * (e1 - e2),
        kin * (1.0 - e2) - loss,
    ];
    *jac = [
        -kel - k12 - on_c,
        k21,
        -on_r,
        koff,
        k12,
        -k21,
        -on_c,
        -kdeg - on_r,
        koff,
        on_c,
        on_r,
        -koff - kint,
        kint,
        -klys,
        ktr * (emax - effect) * above,
        -ktr,
        ktr,
        -ktr,
        -kin,
        (loss - kout) * below,
    ];
}
