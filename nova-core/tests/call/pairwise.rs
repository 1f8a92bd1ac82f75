//! Cases that hold every pair of positions at least once: a greedy covering array.

use std::collections::BTreeSet;

/// Returns cases, each with one position per factor, so that every pair of positions of two factors is in one of them.
/// `sizes` holds how many positions each factor has; `seed` decides between equally good cases.
pub fn cover(sizes: &[usize], seed: u64) -> Vec<Vec<usize>> {
    let mut missing = BTreeSet::new();
    for (i, &m) in sizes.iter().enumerate() {
        for (j, &n) in sizes.iter().enumerate().skip(i + 1) {
            missing.extend((0..m).flat_map(|a| (0..n).map(move |b| (i, a, j, b))));
        }
    }
    let mut chance = seed;
    let mut cases = Vec::new();
    while let Some(&(i, a, j, b)) = missing.iter().next() {
        let mut case: Vec<Option<usize>> = vec![None; sizes.len()];
        case[i] = Some(a);
        case[j] = Some(b);
        for factor in 0..sizes.len() {
            if case[factor].is_none() {
                chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let start = (chance >> 33) as usize % sizes[factor];
                let best = (0..sizes[factor]).map(|n| (start + n) % sizes[factor]).max_by_key(|&position| {
                    case.iter()
                        .enumerate()
                        .filter_map(|(other, at)| at.map(|at| pair(factor, position, other, at)))
                        .filter(|pair| missing.contains(pair))
                        .count()
                });
                case[factor] = best;
            }
        }
        let case: Vec<usize> = case.into_iter().map(Option::unwrap_or_default).collect();
        for i in 0..case.len() {
            for j in i + 1..case.len() {
                missing.remove(&(i, case[i], j, case[j]));
            }
        }
        cases.push(case);
    }
    cases
}

fn pair(i: usize, a: usize, j: usize, b: usize) -> (usize, usize, usize, usize) {
    if i < j { (i, a, j, b) } else { (j, b, i, a) }
}
