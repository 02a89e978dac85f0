#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avling_fuzz::notation(data));
