#[derive(Debug)]
struct NoBeam;

#[pasha::kernel]
fn root(value: f64) -> Result<f64, NoBeam> {
    if value < 0.0 { Err(NoBeam) } else { Ok(value.sqrt()) }
}

#[pasha::kernel]
fn check(value: f64) -> Result<(), ()> {
    if value < 0.0 { Err(()) } else { Ok(()) }
}

fn main() {}
