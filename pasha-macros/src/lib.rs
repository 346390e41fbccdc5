mod check;
mod errors;
mod mentions;
mod model;
mod names;
mod parse;
mod types;
