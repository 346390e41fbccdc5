//! Python has no values of the user's structs.

struct Plan {
    gain: f64,
}

#[pasha::kernel(python)]
fn photons(counts: f64, #[shared] plan: &Plan) -> f64 {
    counts / plan.gain
}

fn main() {}
