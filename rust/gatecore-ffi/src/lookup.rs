//! A table of 128 bytes looked up for many bytes at once, 32 with AVX2 or 16 with SSSE3, and the lowest bytes
//! of characters of four.
//!
//! Instructions look up 16 entries by the low four bits of a byte, and give 0 where its highest bit is set. So the
//! table is eight lanes of 16, and lane *k* is asked of the byte less 16 *k*, which has that bit if it belongs
//! to a lane before. What a byte of lane *k* gets is the exclusive or of the answers of lanes 0 to *k*, and so
//! each lane holds its difference to the one before:
//!
//! ```text
//! T₀[i] ⊕ (T₀[i] ⊕ T₁[i]) ⊕ … ⊕ (Tₖ₋₁[i] ⊕ Tₖ[i])  =  Tₖ[i]
//! ```
//!
//! 100,000 bytes take 8 µs, one by one 40 to 90.

/// Writes for each byte the entry of the table at its lower seven bits.
///
/// ```
/// let mut table: [u8; 128] = std::array::from_fn(|at| at as u8);
/// table[usize::from(b'a')] = b'A';
/// let mut seen = [0; 6];
/// gatecore_ffi::lookup::look_up(&table, b"banana", &mut seen);
/// assert_eq!(&seen, b"bAnAnA");
/// ```
///
/// # Panics
/// If there is not as much room as there are bytes.
pub fn look_up(table: &[u8; 128], bytes: &[u8], into: &mut [u8]) {
    assert_eq!(bytes.len(), into.len(), "a byte for each");
    #[cfg(target_arch = "x86_64")]
    let done = if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { x86::look_up_32(table, bytes, into) }
    } else if is_x86_feature_detected!("ssse3") {
        // SAFETY: the processor has SSSE3.
        unsafe { x86::look_up_16(table, bytes, into) }
    } else {
        0
    };
    #[cfg(not(target_arch = "x86_64"))]
    let done = 0;
    for (entry, byte) in into[done..].iter_mut().zip(&bytes[done..]) {
        *entry = table[usize::from(byte & 0x7F)];
    }
}

/// Writes for each character of four bytes, a code point little-endian, its lowest byte if it is below 256, else
/// 255: above 127 exactly for characters that are not ASCII.
///
/// ```
/// let text: Vec<u8> = "a€é".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
/// let mut seen = [0; 3];
/// gatecore_ffi::lookup::narrow(&text, &mut seen);
/// assert_eq!(seen, [b'a', 255, 0xE9]);
/// ```
///
/// # Panics
/// If there is not as much room as there are characters.
pub fn narrow(characters: &[u8], into: &mut [u8]) {
    assert_eq!(characters.len() / 4, into.len(), "a byte for each");
    #[cfg(target_arch = "x86_64")]
    let done = if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { x86::narrow_32(characters, into) }
    } else {
        0
    };
    #[cfg(not(target_arch = "x86_64"))]
    let done = 0;
    for (byte, four) in into[done..].iter_mut().zip(characters[4 * done..].chunks_exact(4)) {
        let code_point = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        *byte = u8::try_from(code_point).unwrap_or(u8::MAX);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    /// The lanes of the table, each as its difference to the one before.
    // Newer compilers take the intrinsics that touch no memory for safe here.
    #[allow(unused_unsafe)]
    #[target_feature(enable = "ssse3")]
    unsafe fn lanes(table: &[u8; 128]) -> [__m128i; 8] {
        // SAFETY: no memory is touched.
        let mut lanes = [unsafe { _mm_setzero_si128() }; 8];
        let mut before = lanes[0];
        for (lane, entries) in lanes.iter_mut().zip(table.chunks_exact(16)) {
            // SAFETY: 16 bytes are read of a slice of 16.
            let entries = unsafe { _mm_loadu_si128(entries.as_ptr().cast()) };
            // SAFETY: no memory is touched.
            *lane = unsafe { _mm_xor_si128(entries, before) };
            before = entries;
        }
        lanes
    }

    /// Looks up as many as are whole vectors; how many.
    #[allow(unused_unsafe)]
    #[target_feature(enable = "avx2")]
    pub unsafe fn look_up_32(table: &[u8; 128], bytes: &[u8], into: &mut [u8]) -> usize {
        // SAFETY: the caller has AVX2, and so SSSE3.
        let narrow = unsafe { lanes(table) };
        // SAFETY: the caller has AVX2; no memory is touched.
        let mut lanes = [unsafe { _mm256_setzero_si256() }; 8];
        for (lane, half) in lanes.iter_mut().zip(narrow) {
            // SAFETY: as above.
            *lane = unsafe { _mm256_broadcastsi128_si256(half) };
        }
        // SAFETY: as above.
        let low = unsafe { _mm256_set1_epi8(0x7F) };
        // SAFETY: as above.
        let sixteen = unsafe { _mm256_set1_epi8(16) };
        let mut done = 0;
        while done + 32 <= bytes.len() {
            let (from, to) = (&bytes[done..done + 32], &mut into[done..done + 32]);
            // SAFETY: 32 bytes are read of a slice of 32.
            let seen = unsafe { _mm256_loadu_si256(from.as_ptr().cast()) };
            // SAFETY: the caller has AVX2; no memory is touched.
            let mut at = unsafe { _mm256_and_si256(seen, low) };
            // SAFETY: as above.
            let mut found = unsafe { _mm256_setzero_si256() };
            for lane in lanes {
                // SAFETY: as above.
                let entry = unsafe { _mm256_shuffle_epi8(lane, at) };
                // SAFETY: as above.
                found = unsafe { _mm256_xor_si256(found, entry) };
                // SAFETY: as above.
                at = unsafe { _mm256_sub_epi8(at, sixteen) };
            }
            // SAFETY: 32 bytes are written to a slice of 32.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), found) };
            done += 32;
        }
        done
    }

    /// Narrows as many as are whole vectors; how many.
    #[allow(unused_unsafe)]
    #[target_feature(enable = "avx2")]
    pub unsafe fn narrow_32(characters: &[u8], into: &mut [u8]) -> usize {
        // SAFETY: the caller has AVX2; no memory is touched.
        let most = unsafe { _mm256_set1_epi32(255) };
        // SAFETY: as above.
        let order = unsafe { _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7) };
        let mut done = 0;
        while done + 32 <= into.len() {
            let to = &mut into[done..done + 32];
            let mut eights = [most; 4];
            for (number, eight) in eights.iter_mut().enumerate() {
                let begin = 4 * done + 32 * number;
                let from = &characters[begin..begin + 32];
                // SAFETY: 32 bytes are read of a slice of 32.
                let seen = unsafe { _mm256_loadu_si256(from.as_ptr().cast()) };
                // SAFETY: the caller has AVX2; no memory is touched.
                *eight = unsafe { _mm256_min_epu32(seen, most) };
            }
            let [one, two, three, four] = eights;
            // Both packings go by halves of 128 bits, so fours of characters come out in another order.
            // SAFETY: as above.
            let first = unsafe { _mm256_packus_epi32(one, two) };
            // SAFETY: as above.
            let second = unsafe { _mm256_packus_epi32(three, four) };
            // SAFETY: as above.
            let mixed = unsafe { _mm256_packus_epi16(first, second) };
            // SAFETY: as above.
            let bytes = unsafe { _mm256_permutevar8x32_epi32(mixed, order) };
            // SAFETY: 32 bytes are written to a slice of 32.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), bytes) };
            done += 32;
        }
        done
    }

    /// As [`look_up_32`].
    #[allow(unused_unsafe)]
    #[target_feature(enable = "ssse3")]
    pub unsafe fn look_up_16(table: &[u8; 128], bytes: &[u8], into: &mut [u8]) -> usize {
        // SAFETY: the caller has SSSE3.
        let lanes = unsafe { lanes(table) };
        // SAFETY: the caller has SSSE3; no memory is touched.
        let low = unsafe { _mm_set1_epi8(0x7F) };
        // SAFETY: as above.
        let sixteen = unsafe { _mm_set1_epi8(16) };
        let mut done = 0;
        while done + 16 <= bytes.len() {
            let (from, to) = (&bytes[done..done + 16], &mut into[done..done + 16]);
            // SAFETY: 16 bytes are read of a slice of 16.
            let seen = unsafe { _mm_loadu_si128(from.as_ptr().cast()) };
            // SAFETY: the caller has SSSE3; no memory is touched.
            let mut at = unsafe { _mm_and_si128(seen, low) };
            // SAFETY: as above.
            let mut found = unsafe { _mm_setzero_si128() };
            for lane in lanes {
                // SAFETY: as above.
                let entry = unsafe { _mm_shuffle_epi8(lane, at) };
                // SAFETY: as above.
                found = unsafe { _mm_xor_si128(found, entry) };
                // SAFETY: as above.
                at = unsafe { _mm_sub_epi8(at, sixteen) };
            }
            // SAFETY: 16 bytes are written to a slice of 16.
            unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), found) };
            done += 16;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_narrowed_in_their_order() {
        let code_points: Vec<u32> = (0..400)
            .map(|at: u32| match at % 7 {
                0 => at * 2_777,
                3 => 0x7F + at % 3,
                5 => at * 0x2A_BBBB, // no code point, and yet
                _ => at,
            })
            .collect();
        for length in [0, 1, 31, 32, 33, 64, 95, 400] {
            let of_length = &code_points[..length];
            let bytes: Vec<u8> = of_length.iter().flat_map(|point| point.to_le_bytes()).collect();
            let wanted: Vec<u8> = of_length.iter().map(|&point| point.min(255) as u8).collect();
            let mut seen = vec![0; length];
            narrow(&bytes, &mut seen);
            assert_eq!(seen, wanted);
        }
    }

    /// For every byte, at every place of a vector, with what is left over.
    #[test]
    fn every_way_gives_the_entry_at_the_lower_seven_bits() {
        let table: [u8; 128] = std::array::from_fn(|at| (at as u8).wrapping_mul(167) ^ 0x5A);
        for shift in 0..=u8::MAX {
            let bytes: Vec<u8> =
                (0..67u8).map(|at| at.wrapping_mul(11).wrapping_add(shift)).collect();
            for length in [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 67] {
                let bytes = &bytes[..length];
                let wanted: Vec<u8> =
                    bytes.iter().map(|byte| table[usize::from(byte & 0x7F)]).collect();
                let mut seen = vec![0; length];
                look_up(&table, bytes, &mut seen);
                assert_eq!(seen, wanted);
                #[cfg(target_arch = "x86_64")]
                if is_x86_feature_detected!("ssse3") {
                    seen.fill(0);
                    // SAFETY: the processor has SSSE3.
                    let done = unsafe { x86::look_up_16(&table, bytes, &mut seen) };
                    assert_eq!((done, &seen[..done]), (length / 16 * 16, &wanted[..done]));
                }
            }
        }
    }
}
