//! Slots that grow, of elements of every kind, and of a generic one.

#[pasha::kernel]
fn repeat<T: pasha::Element>(
    value: T,
    #[shared] times: usize,
    #[output(ragged)] r#out: &mut pasha::Ragged<T>,
    #[output(ragged)] places: &mut pasha::Ragged<[usize; 2]>,
) {
    r#out.extend(std::iter::repeat_n(value, times));
    places.push([times, 0]);
}

fn main() {
    let all = repeat::run_serial(&[true, false], 2).unwrap();
    assert_eq!(all.out.to_vec(), [[true, true], [false, false]]);
    assert_eq!(all.places.to_vec(), [[[2, 0]], [[2, 0]]]);
}
