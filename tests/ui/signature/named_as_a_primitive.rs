//! A kernel has a type of its name.

#[pasha::kernel]
fn f64(count: u16) -> u64 {
    u64::from(count)
}

fn main() {
    let half: f64 = 0.5;
    println!("{half}");
}
