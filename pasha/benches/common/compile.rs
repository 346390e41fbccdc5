//! How long a kernel takes to compile, on top of a pasha that is built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::duel::{Figures, Measured, Unit, timed};

/// Times that each is compiled.
const ROUNDS: usize = 5;

const FUNCTION: &str = r#"
fn correct(
    frame: ndarray::ArrayView2<u16>,
    SHARED dark: &ndarray::Array2<f32>,
    OUTPUT mut corrected: ndarray::ArrayViewMut2<f32>,
    REDUCE mut total: ndarray::ArrayViewMut2<f64>,
) -> f64 {
    for (((out, total), &count), &dark) in
        corrected.iter_mut().zip(&mut total).zip(frame).zip(dark)
    {
        *out = f32::from(count) - dark;
        *total += f64::from(*out);
    }
    f64::from(corrected.sum())
}
"#;

/// The function, used once.
const PLAIN: &str = r#"
pub fn all(
    frames: &ndarray::Array3<u16>,
    dark: &ndarray::Array2<f32>,
    corrected: &mut ndarray::Array3<f32>,
    total: &mut ndarray::Array2<f64>,
) -> Vec<f64> {
    let frames = frames.outer_iter().zip(corrected.outer_iter_mut());
    frames.map(|(frame, out)| correct(frame, dark, out, total.view_mut())).collect()
}
"#;

/// The kernel, used once.
const KERNEL: &str = r#"
pub fn all(frames: &ndarray::Array3<u16>, dark: &ndarray::Array2<f32>) -> pasha::Result<f64> {
    let out = correct::run_parallel(frames, dark)?;
    Ok(out.total.sum() + f64::from(out.corrected.sum()) + out.result.sum())
}
"#;

/// The same function as a kernel and as it is, each in a library that uses it: what is linked in
/// the end is the same for any number of kernels.
pub(crate) fn one_kernel(profile: &str) -> Result<Measured, String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compile-one-kernel");
    let pasha = env!("CARGO_MANIFEST_DIR");
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    fs::create_dir_all(folder.join("src")).map_err(|error| error.to_string())?;
    write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"one-kernel\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nndarray = \"0.17\"\npasha = {{ path = {pasha:?} }}\n\n[workspace]\n"
        ),
    )?;
    let lock = Path::new(pasha).join("../Cargo.lock");
    let _ = fs::copy(lock, folder.join("Cargo.lock"));
    let strip =
        |text: &str| text.replace("SHARED ", "").replace("OUTPUT ", "").replace("REDUCE ", "");
    let attribute = |text: &str| {
        let text = text.replace("SHARED", "#[shared]").replace("OUTPUT", "#[output(like = frame)]");
        format!("#[pasha::kernel]{}", text.replace("REDUCE", "#[reduce(sum, like = frame)]"))
    };
    let libraries = [attribute(FUNCTION) + KERNEL, strip(FUNCTION) + PLAIN];
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (library, times) in libraries.iter().zip(&mut times) {
            // Another text each time, so that there is something to compile.
            write("src/lib.rs", &format!("// Round {round}.\n{library}"))?;
            let took = build(&folder, profile)?;
            // The first round builds what the libraries depend on.
            if round > 0 {
                times.push(took);
            }
        }
    }
    let [ours, peer] = times.map(Figures::of_times);
    Ok(Measured { ours, peer, unit: Unit::Seconds })
}

fn build(folder: &Path, profile: &str) -> Result<Duration, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--quiet", "--profile", profile]).current_dir(folder);
    cargo.env("CARGO_TARGET_DIR", folder.join("target")).env_remove("RUSTFLAGS");
    let mut outcome = None;
    let took = timed(|| outcome = cargo.output().ok());
    match outcome {
        Some(output) if output.status.success() => Ok(took),
        Some(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        None => Err("cargo does not start".to_owned()),
    }
}
