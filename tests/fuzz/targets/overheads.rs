#![no_main]

mod json;

libfuzzer_sys::fuzz_mutator!(|bytes: &mut [u8], size: usize, most: usize, seed: u32| {
    json::mutate(bytes, size, most, seed)
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| conc::internal::untrusted::read_as("overheads", bytes));
