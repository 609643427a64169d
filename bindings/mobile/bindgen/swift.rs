//! The generator of the Swift source, its C header and its module map.

fn main() {
    uniffi::uniffi_bindgen_swift();
}
