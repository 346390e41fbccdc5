//! Peers that are not written in Rust: OpenMP C, compiled here and loaded.

use std::ffi::c_int;
use std::path::PathBuf;
use std::process::Command;

use libloading::{Library, Symbol};
use ndarray::{Array2, Ix3};
use pasha::SharedArray;

use super::NUM_WORKERS;

type Correct = unsafe extern "C" fn(
    usize,
    usize,
    *const u16,
    *const f32,
    *const f32,
    *mut f32,
    *mut f64,
    *mut f32,
    *mut f64,
    c_int,
);

/// The library of `peers/detector.c`.
#[derive(Clone)]
pub(crate) struct OpenMp(&'static Library);

impl OpenMp {
    /// Compiles and loads it.
    pub(crate) fn load() -> Self {
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/peers/detector.c");
        let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("detector.so");
        let status = Command::new("cc")
            .args(["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .status()
            .expect("a C compiler");
        assert!(status.success(), "{} compiles", source.display());
        // SAFETY: the library runs nothing when it is loaded but OpenMP's own set-up.
        let library = unsafe { Library::new(&library) }.expect("the library loads");
        // Never unloaded: the threads of OpenMP would lose the code that they run.
        OpenMp(Box::leak(Box::new(library)))
    }

    fn get<T>(&self, name: &str) -> Symbol<'_, T> {
        // SAFETY: the types at the uses are those of the source.
        unsafe { self.0.get(name) }.expect("the library has it")
    }

    /// Does the detector job.
    pub(crate) fn correct(
        &self,
        frames: &SharedArray<u16, Ix3>,
        dark: &Array2<f32>,
        gain: &Array2<f32>,
        out: &mut DetectorOutputs,
    ) {
        let correct = self.get::<Correct>("correct");
        let (n, pixels) = (frames.shape()[0], frames.shape()[1] * frames.shape()[2]);
        assert_eq!((out.frames, out.pixels), (n, pixels));
        assert!(frames.is_standard_layout() && dark.len() == pixels && gain.len() == pixels);
        // SAFETY: all arrays are as long as the function takes them to be, and none overlap.
        unsafe {
            correct(
                n,
                pixels,
                frames.as_ptr(),
                dark.as_ptr(),
                gain.as_ptr(),
                out.corrected,
                out.sums.as_mut_ptr(),
                out.maxima.as_mut_ptr(),
                out.total.as_mut_ptr(),
                NUM_WORKERS as c_int,
            );
        }
    }
}

/// What the C function writes.
pub(crate) struct DetectorOutputs {
    c: OpenMp,
    frames: usize,
    pixels: usize,
    corrected: *mut f32,
    sums: Vec<f64>,
    maxima: Vec<f32>,
    total: Vec<f64>,
}

impl DetectorOutputs {
    /// Outputs in new memory, of huge pages where they are large.
    pub(crate) fn new(c: &OpenMp, frames: usize, pixels: usize) -> Self {
        let alloc = c.get::<unsafe extern "C" fn(usize) -> *mut f32>("huge_alloc");
        // SAFETY: it may be called with any number.
        let corrected = unsafe { alloc(frames * pixels * size_of::<f32>()) };
        assert!(!corrected.is_null());
        DetectorOutputs {
            c: c.clone(),
            frames,
            pixels,
            corrected,
            sums: vec![0.0; frames],
            maxima: vec![0.0; frames],
            total: vec![0.0; pixels],
        }
    }

    pub(crate) fn corrected(&self) -> &[f32] {
        // SAFETY: the memory has this many elements and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.corrected, self.frames * self.pixels) }
    }

    pub(crate) fn sums(&self) -> &[f64] {
        &self.sums
    }

    pub(crate) fn maxima(&self) -> &[f32] {
        &self.maxima
    }

    pub(crate) fn total(&self) -> &[f64] {
        &self.total
    }
}

impl Drop for DetectorOutputs {
    fn drop(&mut self) {
        let free = self.c.get::<unsafe extern "C" fn(*mut f32, usize)>("huge_free");
        // SAFETY: it was allocated with this size, and nobody uses it any more.
        unsafe { free(self.corrected, self.frames * self.pixels * size_of::<f32>()) }
    }
}
