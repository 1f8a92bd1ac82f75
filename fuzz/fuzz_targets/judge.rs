#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bedrock_nova_fuzz::judge::run(data));
