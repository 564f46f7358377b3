//! Pictures one after the other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::decode::Splitter;

fn picture(number: u8) -> Vec<u8> {
    vec![0xff, 0xd8, number, 0xff, 0, 1, 0xff, 0xd9]
}

proptest! {
    #[test]
    fn pictures_are_found_whatever_the_pieces_were(len in 0_u8..20, piece in 1_usize..40) {
        let stream: Vec<u8> = (0..len).flat_map(picture).collect();
        let (mut splitter, mut found) = (Splitter::default(), Vec::new());
        for piece in stream.chunks(piece) {
            splitter.push(piece);
            found.extend(std::iter::from_fn(|| splitter.next()));
        }
        prop_assert_eq!(found, (0..len).map(picture).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_split_or_not(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut splitter = Splitter::default();
        splitter.push(&bytes);
        while splitter.next().is_some() {}
    }
}
