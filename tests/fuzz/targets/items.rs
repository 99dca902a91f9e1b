#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| conc::internal::untrusted::read_as("items", bytes));
