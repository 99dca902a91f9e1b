//! Every single answer that the system may give instead of the usual one, at every place where it is asked.
//!
//! `seam.c` is loaded before libc into the processes of `conc`. A first run without faults lists the places; then one
//! run gets one fault at one place. Whatever the fault, the run ends with a documented status, names the cause if it
//! failed, accounts for every task, and leaves nothing.
//!
//! `CONC_FAULTS=all` runs every place and fault, which takes about an hour, or as many as `CONC_FAULT_SECONDS` allow;
//! otherwise a sample is run, which `CONC_FAULT_SEED` chooses. `CONC_FAULTS=HASH:COUNT:EFFECT` runs one, as a failure
//! names it.

mod coverage;
mod every_place;
mod job;
mod place;
mod seam;
mod verdict;
