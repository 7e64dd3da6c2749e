#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gatecore_fuzz::wire(data));
