//! What the compiler says to those who get it wrong, and programs that must compile.
//!
//! Each file in `ui/` is one mistake, named after it. After a change of messages run
//! `TRYBUILD=overwrite cargo test -p pasha-tests --test ui`, and read every changed one by eye:
//! would a newcomer know what to type next?

#[test]
fn mistakes_are_refused_with_advice() {
    let cases = trybuild::TestCases::new();
    for folder in ["attribute", "signature", "role", "type", "race", "python"] {
        cases.compile_fail(format!("ui/{folder}/*.rs"));
    }
    if cfg!(feature = "hdf5") {
        cases.compile_fail("ui/hdf5/*.rs");
    }
    let python = if cfg!(feature = "python") { "with_python" } else { "without_python" };
    cases.compile_fail(format!("ui/{python}/*.rs"));
    cases.pass("ui/pass/*.rs");
}
