//! Which RSA keys are refused: too short, too long, a bad exponent, or made by the broken generator of ROCA.
//!
//! ```text
//! 2,048 ≤ bits ≤ 8,192 · odd modulus · odd exponent ≥ 3 and < 2³³ · no ROCA fingerprint (CVE-2017-15361)
//! ```

/// Judges a public key's numbers, big-endian without leading zeros.
pub(super) fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), &'static str> {
    let is_written_well = |number: &[u8]| number.first().is_some_and(|first| *first != 0);
    if !is_written_well(modulus) || !is_written_well(exponent) {
        return Err("a number of this RSA key is empty or begins with a zero byte");
    }
    let bits = modulus.len() * 8 - modulus[0].leading_zeros() as usize;
    if !(2048..=8192).contains(&bits) {
        return Err("an RSA key must have 2,048 to 8,192 bits");
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
    let fits = exponent.len() <= 4 || (exponent.len() == 5 && exponent[0] == 1);
    if !is_odd(modulus) || !is_odd(exponent) || exponent == [1] || !fits {
        return Err("the RSA key's exponent or modulus is not one that a sound key has");
    }
    if has_roca_fingerprint(modulus) {
        return Err("this RSA key was made by a broken generator (ROCA): its private key can be computed");
    }
    Ok(())
}

/// A key of that generator is a power of 65537 modulo each of these primes; another is so once in 2²⁷.
fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
    PRIMES.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        (0..*prime).any(|_| {
            power = power * (65_537 % prime) % prime;
            power == residue
        })
    })
}
