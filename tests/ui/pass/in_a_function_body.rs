//! A kernel inside of a function sees the function's own types.
#![deny(warnings)]
#![forbid(unsafe_code)]

fn main() -> pasha::Result<()> {
    #[derive(Clone, Copy)]
    struct Photon {
        energy: f64,
    }

    #[pasha::kernel]
    fn energy(photon: Photon, #[output] doubled: &mut f64) -> f64 {
        *doubled = 2.0 * photon.energy;
        photon.energy
    }

    let photons = [Photon { energy: 1.0 }, Photon { energy: 2.0 }];
    let out: EnergyOutput = energy::run_serial(&photons)?;
    assert_eq!(out.result, ndarray::array![1.0, 2.0]);
    assert_eq!(out.doubled, ndarray::array![2.0, 4.0]);
    Ok(())
}
