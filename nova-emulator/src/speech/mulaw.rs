//! μ-law (ITU-T G.711) to linear samples.

/// Decodes one byte.
pub(super) fn decode(byte: u8) -> i16 {
    let byte = !byte;
    let exponent = (byte >> 4) & 7;
    let mantissa = i16::from(byte & 0x0F);
    let magnitude = (((mantissa << 3) + BIAS) << exponent) - BIAS;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

const BIAS: i16 = 132;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_of_the_code_are_where_the_standard_has_them() {
        assert_eq!(decode(0xFF), 0);
        assert_eq!(decode(0x7F), 0);
        assert_eq!(decode(0x80), 32124);
        assert_eq!(decode(0x00), -32124);
        assert_eq!(decode(0xF0), 120);
    }
}
