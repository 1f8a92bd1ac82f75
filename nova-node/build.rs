//! What the linker of each platform must be told of an addon.

fn main() {
    napi_build::setup();
}
