//! How long things took, in a bounded space. Pure.

/// Buckets of each power of two: a bucket is 3 % wide.
const PARTS: u32 = 32;
/// Up to 71 minutes in microseconds.
const BUCKETS: usize = 32 + 27 * 32;

/// Counts durations; what it tells of them is right to 3 %.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u32,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max: 0 }
    }
}

impl Histogram {
    /// One more, of so many microseconds; what is negative counts as 0.
    pub(super) fn add(&mut self, micros: i64) {
        let micros = u32::try_from(micros.max(0)).unwrap_or(u32::MAX);
        if let Some(bucket) = self.buckets.get_mut(bucket_of(micros)) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(micros);
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The longest in milliseconds.
    pub(super) fn max_ms(&self) -> f64 {
        f64::from(self.max) / 1e3
    }

    /// That which so many thousandths do not exceed, in milliseconds; 0 when there is none.
    pub(super) fn ms_at(&self, thousandths: u64) -> f64 {
        let wanted = (self.count * thousandths).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (bucket, count) in (0_u32..).zip(&self.buckets) {
            seen += count;
            if seen >= wanted {
                return f64::from(top_of(bucket).min(self.max)) / 1e3;
            }
        }
        0.0
    }
}

fn bucket_of(micros: u32) -> usize {
    if micros < PARTS {
        return usize::try_from(micros).unwrap_or(0);
    }
    let shift = micros.ilog2() - PARTS.ilog2();
    let bucket = shift * PARTS + (micros >> shift);
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

/// The highest number that falls into a bucket.
fn top_of(bucket: u32) -> u32 {
    if bucket < PARTS {
        return bucket;
    }
    let shift = bucket / PARTS - 1;
    let start = u64::from(bucket % PARTS + PARTS) << shift;
    u32::try_from(start + (1 << shift) - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_told_is_right_to_a_bucket(mut all in proptest::collection::vec(0_i64..4_000_000_000, 1..200)) {
            let mut histogram = Histogram::default();
            all.iter().for_each(|micros| histogram.add(*micros));
            all.sort_unstable();
            for thousandths in [500_u64, 950, 990, 1_000] {
                let rank = all.len() * usize::try_from(thousandths).expect("small");
                let at = rank.div_ceil(1_000).max(1) - 1;
                let exact = *all.get(at).expect("a rank") as f64 / 1e3;
                let told = histogram.ms_at(thousandths);
                prop_assert!(told >= exact - 1e-9 && told <= exact * 1.04 + 1e-3, "{told} for {exact}");
            }
        }

        #[test]
        fn every_number_has_a_bucket_that_holds_it(micros in any::<u32>()) {
            let bucket = bucket_of(micros);
            prop_assert!(bucket < BUCKETS);
            let bucket = u32::try_from(bucket).expect("few");
            prop_assert!(micros <= top_of(bucket));
            prop_assert!(bucket == 0 || micros > top_of(bucket - 1));
        }
    }

    #[test]
    fn nothing_counted_is_no_time() {
        let histogram = Histogram::default();
        assert_eq!((histogram.count(), histogram.ms_at(500), histogram.max_ms()), (0, 0.0, 0.0));
    }
}
