//! The generator of the Kotlin source. (`uniffi-bindgen-swift` is the one for Swift.)

fn main() {
    uniffi::uniffi_bindgen_main();
}
