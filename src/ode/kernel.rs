//! Linear combinations of contiguous slices: the inner loops of the one-step methods.

/// `out = base + Σⱼ c[j]·kⱼ`, where `k` holds the slices `kⱼ` (each as long as `out`) one after the other.
#[inline]
pub(super) fn combine(out: &mut [f64], base: &[f64], c: &[f64], k: &[f64]) {
    out.copy_from_slice(base);
    accumulate(out, c, k);
}

/// `out = Σⱼ c[j]·kⱼ`, in the layout of [`combine`].
#[inline]
pub(super) fn weighted_sum(out: &mut [f64], c: &[f64], k: &[f64]) {
    out.fill(0.0);
    accumulate(out, c, k);
}

/// `out += Σⱼ c[j]·kⱼ`, up to four terms in one pass over memory.
#[inline]
fn accumulate(out: &mut [f64], mut c: &[f64], mut k: &[f64]) {
    let len = out.len();
    while let [c0, c1, c2, c3, rest @ ..] = c {
        let (k0, tail) = k.split_at(len);
        let (k1, tail) = tail.split_at(len);
        let (k2, tail) = tail.split_at(len);
        let (k3, tail) = tail.split_at(len);
        for ((((o, k0), k1), k2), k3) in out.iter_mut().zip(k0).zip(k1).zip(k2).zip(k3) {
            *o += c0 * k0 + c1 * k1 + c2 * k2 + c3 * k3;
        }
        (c, k) = (rest, tail);
    }
    if let [c0, c1, rest @ ..] = c {
        let (k0, tail) = k.split_at(len);
        let (k1, tail) = tail.split_at(len);
        axpy2(out, *c0, k0, *c1, k1);
        (c, k) = (rest, tail);
    }
    if let [c0, ..] = c {
        axpy(out, *c0, k);
    }
}

/// `out += a·x`.
#[inline]
pub(super) fn axpy(out: &mut [f64], a: f64, x: &[f64]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o += a * x;
    }
}

/// `out += a·x + b·z`.
#[inline]
pub(super) fn axpy2(out: &mut [f64], a: f64, x: &[f64], b: f64, z: &[f64]) {
    for ((o, x), z) in out.iter_mut().zip(x).zip(z) {
        *o += a * x + b * z;
    }
}

/// Index of the first value that is not finite.
#[inline]
pub(super) fn first_not_finite(values: &[f64]) -> Option<usize> {
    values.iter().position(|v| !v.is_finite())
}
