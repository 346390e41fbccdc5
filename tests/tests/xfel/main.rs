//! Runs of the European XFEL, against what real EXtra-data sees in them.

mod absent;
mod chosen;
mod damage;
mod oracle;
mod partial;
mod random;
mod selections;
mod support;
mod table;
mod upstream;
