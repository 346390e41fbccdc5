//! Ragged outputs in pairs of `.npy` files.

use ndarray::{ArrayViewMut1, array};
use pasha::prelude::*;
use pasha::{Error, NpyFile, Ragged, RaggedArray};
use pasha_tests::numpy;
use tempfile::TempDir;

/// The divisors of a number, pushed.
#[pasha::kernel]
fn divisors(number: u32, #[output(ragged)] found: &mut Ragged<u16>) {
    found.extend((1..=number).filter(|&it| number.is_multiple_of(it)).map(|it| it as u16));
}

/// As many copies of a number as it says.
#[pasha::kernel]
fn copies(number: u32, #[output(ragged = number, fill = -1.0)] mut slot: ArrayViewMut1<f32>) {
    slot.iter_mut().skip(1).for_each(|value| *value = number as f32);
}

/// Both.
#[pasha::kernel]
fn both(
    number: u32,
    #[output(ragged)] found: &mut Ragged<u16>,
    #[output(ragged = number)] mut slot: ArrayViewMut1<f32>,
) {
    found.push(number as u16);
    slot.fill(0.5);
}

fn contexts() -> [(&'static str, Box<dyn Context>); 3] {
    [
        ("serial", Box::new(SerialContext::new())),
        ("threads", Box::new(ThreadContext::new(2).unwrap())),
        ("processes", Box::new(ProcessContext::new(3).unwrap())),
    ]
}

#[test]
fn numpy_takes_the_files_apart() {
    let folder = TempDir::new().unwrap();
    for (name, context) in &contexts() {
        let [values, offsets] =
            ["values", "offsets"].map(|what| folder.path().join(format!("{name}-{what}.npy")));
        let mut out = context.alloc_ragged::<u16>(30).files(&values, &offsets).build().unwrap();
        divisors::run_into(context, 1..=30_u32, &mut out).unwrap();
        assert!(out.is_file_backed());
        out.flush().unwrap();
        assert_eq!(out[11], [1, 2, 3, 4, 6, 12], "{name}");
        // A copy lies in memory.
        assert!(!out.clone().is_file_backed());
        assert_eq!(out.clone(), out);
        drop(out);
        let told = numpy(&format!(
            "import numpy as np\n\
             values, offsets = np.load({values:?}), np.load({offsets:?})\n\
             slots = np.split(values, offsets[1:-1])\n\
             print(values.dtype, len(slots), slots[11].tolist(), slots[29].tolist())"
        ));
        if let Some(told) = told {
            assert_eq!(told.trim(), "uint16 30 [1, 2, 3, 4, 6, 12] [1, 2, 3, 5, 6, 10, 15, 30]");
        }
    }
}

#[test]
fn maps_give_the_slots_their_lengths_again_and_again() {
    let folder = TempDir::new().unwrap();
    for (name, context) in &contexts() {
        let place = |what: &str| folder.path().join(format!("{name}-{what}.npy"));
        let in_files: RaggedArray<f32> =
            context.alloc_ragged(3).files(place("values"), place("offsets")).build().unwrap();
        for mut out in [in_files, context.alloc_ragged(3).build().unwrap()] {
            assert_eq!(out.offsets(), array![0, 0, 0, 0]);
            copies::run_into(context, &[2_u32, 0, 3], &mut out).unwrap();
            assert_eq!(out.values(), array![-1.0, 2.0, -1.0, 3.0, 3.0], "{name}");
            // As many values in slots of other lengths, more of them, none, and some.
            copies::run_into(context, &[3_u32, 2, 0], &mut out).unwrap();
            assert_eq!(out.to_vec(), [vec![-1.0, 3.0, 3.0], vec![-1.0, 2.0], vec![]], "{name}");
            copies::run_into(context, &[1_u32, 9, 4], &mut out).unwrap();
            assert_eq!(out.offsets(), array![0, 1, 10, 14], "{name}");
            copies::run_into(context, &[0_u32, 0, 0], &mut out).unwrap();
            assert_eq!(out.values().len(), 0);
            copies::run_into(context, &[1_u32, 1, 1], &mut out).unwrap();
            if out.is_file_backed() {
                let file = NpyFile::<f32, ndarray::Ix1>::open(place("values"));
                assert!(matches!(file, Err(Error::InUse { .. })), "{file:?}");
                drop(out);
                let file = NpyFile::<f32, ndarray::Ix1>::open(place("values")).unwrap();
                assert_eq!(file.view(), array![-1.0, -1.0, -1.0], "{name}");
            }
        }
    }
}

#[test]
fn several_outputs_lie_in_files_of_their_own() {
    let folder = TempDir::new().unwrap();
    let place = |what: &str| folder.path().join(format!("{what}.npy"));
    let context = ProcessContext::new(2).unwrap();
    let mut out = both::alloc(&context, &[2_u32, 1]).unwrap();
    out.found = context.alloc_ragged(2).files(place("found"), place("places")).build().unwrap();
    out.slot = context.alloc_ragged(2).files(place("slot"), place("begins")).build().unwrap();
    both::run_into(&context, &[2_u32, 1], &mut out).unwrap();
    assert_eq!(out.found.values(), array![2, 1]);
    assert_eq!(out.slot.values(), array![0.5, 0.5, 0.5]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = TempDir::new().unwrap();
    let place = |what: &str| folder.path().join(what);
    let context = ThreadContext::new(2).unwrap();
    let array = |values: &str, offsets: &str| {
        context.alloc_ragged::<f32>(3).files(place(values), place(offsets)).build()
    };
    let told = array("same", "same").unwrap_err().to_string();
    assert!(told.contains("give each a path of its own"), "{told}");
    for (values, offsets, part) in
        [("values", "none/offsets", "none/offsets"), ("none/values", "offsets", "none/values")]
    {
        let told = array(values, offsets).unwrap_err().to_string();
        assert!(told.contains(part), "{told}");
    }
    std::os::unix::fs::symlink("offsets", place("link")).unwrap();
    let told = array("link", "offsets").unwrap_err();
    assert!(matches!(told, Error::InUse { .. }), "{told}");
    for name in ["job", "job.journal", "job.accumulators"] {
        let context = ThreadContext::new(2).unwrap().resume(place("job"));
        let array = context.alloc_ragged::<f32>(3).files(place(name), place("offsets")).build();
        let told = array.unwrap_err().to_string();
        assert!(told.contains("paths of their own"), "{told}");
    }

    let mut out = array("values", "offsets").unwrap();
    let told = copies::run_into(&context, &[1_u32, 2], &mut out).unwrap_err().to_string();
    assert!(told.contains("slot") && told.contains("[3]") && told.contains("[2]"), "{told}");
    // Nobody else's values are replaced while the array lives, even before there are any.
    for other in [array("other", "offsets"), array("values", "other")] {
        let other = other.unwrap_err();
        assert!(matches!(other, Error::InUse { .. }), "{other}");
    }
    // What can't be made any more is told by the map, and leaves the array empty.
    std::fs::remove_file(place("values")).unwrap();
    std::fs::create_dir(place("values")).unwrap();
    for () in [(); 2] {
        let told = copies::run_into(&context, &[1_u32, 2, 0], &mut out).unwrap_err().to_string();
        assert!(told.contains("values"), "{told}");
        assert_eq!(out.to_vec(), [[0.0; 0]; 3]);
    }
    std::fs::remove_dir(place("values")).unwrap();
    copies::run_into(&context, &[1_u32, 2, 0], &mut out).unwrap();
    assert_eq!(out.values(), array![-1.0, -1.0, 2.0]);
}

#[test]
fn values_are_kept_in_memory_where_their_file_can_not_be_made() {
    let folder = TempDir::new().unwrap();
    let place = |what: &str| folder.path().join(what);
    for (name, context) in &contexts() {
        let array = context.alloc_ragged::<u16>(3).files(place("values"), place("offsets"));
        let mut out = array.build().unwrap();
        std::fs::remove_file(place("values")).unwrap();
        std::fs::create_dir(place("values")).unwrap();
        let told = divisors::run_into(context, &[2_u32, 1, 4], &mut out).unwrap_err().to_string();
        assert!(told.contains("values"), "{name}: {told}");
        assert_eq!(out.to_vec(), [vec![1, 2], vec![1], vec![1, 2, 4]], "{name}");
        std::fs::remove_dir(place("values")).unwrap();
        divisors::run_into(context, &[2_u32, 1, 4], &mut out).unwrap();
        drop(out);
        let file = NpyFile::<u16, ndarray::Ix1>::open(place("values")).unwrap();
        assert_eq!(file.view(), array![1, 2, 1, 1, 2, 4], "{name}");
    }
}

#[test]
fn old_values_do_not_stay_beside_new_offsets() {
    let folder = TempDir::new().unwrap();
    let place = |what: &str| folder.path().join(what);
    let context = ThreadContext::new(2).unwrap();
    for numbers in [1..=20_u32, 1..=5] {
        let array = context.alloc_ragged(20).files(place("values"), place("offsets"));
        let mut out = array.build().unwrap();
        // Of the second map nothing is written.
        let _ = divisors::run_into(&context, numbers, &mut out);
    }
    let file = NpyFile::<u16, ndarray::Ix1>::open(place("values")).unwrap();
    assert!(file.view().is_empty());
}
