//! What the tests of all parts and languages share.

pub mod example;
pub mod fault;
pub mod inbox;
pub mod outcomes;
pub mod vectors;
