//! Numbers side by side in bytes, as the audit store keeps the outcomes of a validation.

/// How often each number occurs in little-endian numbers of two or four bytes, by number.
///
/// `None` if the bytes are not whole numbers, or the width is another one. Takes about a nanosecond for a
/// number of two bytes, several of four, which are sorted.
pub fn count_numbers(bytes: &[u8], width: usize) -> Option<Vec<(u32, u64)>> {
    if !matches!(width, 2 | 4) || bytes.len() % width != 0 {
        return None;
    }
    let number = |bytes: &[u8]| match *bytes {
        [low, high] => u32::from(u16::from_le_bytes([low, high])),
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        _ => unreachable!("a chunk has the width"),
    };
    if width == 2 {
        let mut counts = vec![0_u64; 1 << 16];
        bytes.chunks_exact(2).for_each(|chunk| counts[number(chunk) as usize] += 1);
        let counted = (0..).zip(counts).filter(|&(_, count)| count > 0);
        return Some(counted.collect());
    }
    // They may be anything up to four thousand million: no table.
    let mut all: Vec<u32> = bytes.chunks_exact(4).map(number).collect();
    all.sort_unstable();
    let runs = all.chunk_by(|one, next| one == next);
    Some(runs.map(|run| (run[0], run.len() as u64)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_count_alike() {
        let numbers = [3_u16, 0, 3, 65_535, 3, 0];
        let narrow: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let wide: Vec<u8> =
            numbers.iter().flat_map(|&number| u32::from(number).to_le_bytes()).collect();
        let expected = Some(vec![(0, 2), (3, 3), (65_535, 1)]);
        assert_eq!(count_numbers(&narrow, 2), expected);
        assert_eq!(count_numbers(&wide, 4), expected);
        assert_eq!(count_numbers(&[], 2), Some(Vec::new()));
    }

    #[test]
    fn half_a_number_is_not_counted() {
        assert_eq!(count_numbers(&[1, 0, 2], 2), None);
        assert_eq!(count_numbers(&[1, 0], 4), None);
        assert_eq!(count_numbers(&[1, 0, 2], 3), None);
    }
}
