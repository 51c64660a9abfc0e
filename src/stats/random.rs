//! Keyed streams of random numbers.
//!
//! Every draw belongs to a key (seed, purpose, replicate, row), never to a thread or to the draws before it: replicate 137
//! can be drawn alone, on any machine, with the same result.

use rand::Rng;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// Random numbers of one key.
#[derive(Debug, Clone)]
pub struct Stream {
    rng: ChaCha12Rng,
}

impl Stream {
    /// The stream of a key. `purpose` names what is drawn (`start`, `bootstrap`, …).
    ///
    /// ```
    /// use mechfit::stats::Stream;
    /// let draw = || Stream::new(1, "bootstrap", 137, 0).uniform();
    /// assert_eq!(draw(), draw());
    /// ```
    pub fn new(seed: u64, purpose: &str, replicate: u64, row: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(replicate.to_le_bytes());
        hash.update(row.to_le_bytes());
        hash.update(purpose.as_bytes());
        Self {
            rng: ChaCha12Rng::from_seed(hash.finalize().into()),
        }
    }
    /// Uniform in (0, 1), 53 bits, never 0 or 1.
    pub fn uniform(&mut self) -> f64 {
        /// 2⁻⁵³.
        const UNIT: f64 = 1.110_223_024_625_156_5e-16;
        ((self.rng.next_u64() >> 11) as f64 + 0.5) * UNIT
    }
    /// Standard normal by the transform of Box & Muller on the project's own elementary functions: the samplers of the
    /// libraries use those of the system, whose last digit differs between processors.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(self.uniform())).sqrt();
        radius * libm::cos(2.0 * std::f64::consts::PI * self.uniform())
    }
    /// χ² with `nu` degrees of freedom, as the sum of `nu` squared normals.
    pub fn chi_square(&mut self, nu: u32) -> f64 {
        (0..nu).map(|_| self.normal()).map(|z| z * z).sum()
    }
    /// A whole number below `n` (0 if `n` is 0).
    pub fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n.saturating_sub(1))
    }
    /// The numbers below `n` in random order (Fisher & Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut list: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            list.swap(i, self.below(i + 1));
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_distributions() {
        let n = 40_000;
        let (mut mean, mut square, mut chi) = (0.0, 0.0, 0.0);
        for k in 0..n {
            let mut s = Stream::new(7, "test", k, 0);
            let z = s.normal();
            mean += z / n as f64;
            square += z * z / n as f64;
            chi += s.chi_square(4) / n as f64;
        }
        // Five Monte-Carlo standard errors.
        assert!(mean.abs() < 5.0 / 200.0, "{mean}");
        assert!((square - 1.0).abs() < 5.0 * 1.5 / 200.0, "{square}");
        assert!((chi - 4.0).abs() < 5.0 * 2.9 / 200.0, "{chi}");
    }

    #[test]
    fn keys_give_different_streams() {
        let first = |purpose, k, row| Stream::new(1, purpose, k, row).uniform();
        assert_ne!(first("a", 0, 1), first("a", 1, 0));
        assert_ne!(first("a", 0, 0), first("b", 0, 0));
    }
}
