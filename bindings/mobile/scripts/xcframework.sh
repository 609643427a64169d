#!/bin/sh
# Makes bindings/mobile/swift/BackchatFFI.xcframework. Needs a Mac with Xcode and rustup.
set -eu

cd "$(dirname "$0")/../../.."
targets="aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin"
rustup target add $targets
export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0
for target in $targets; do
    cargo build --profile phone -p backchat-mobile --target "$target"
done

work=target/xcframework
rm -rf "$work" && mkdir -p "$work/simulator" "$work/mac"
library=libbackchat_mobile.a
# One library for all machines of a kind.
lipo -create -output "$work/simulator/$library" \
    "target/aarch64-apple-ios-sim/phone/$library" "target/x86_64-apple-ios/phone/$library"
lipo -create -output "$work/mac/$library" \
    "target/aarch64-apple-darwin/phone/$library" "target/x86_64-apple-darwin/phone/$library"

headers=bindings/mobile/swift/Sources/BackchatFFI/include
framework=bindings/mobile/swift/BackchatFFI.xcframework
rm -rf "$framework"
xcodebuild -create-xcframework \
    -library "target/aarch64-apple-ios/phone/$library" -headers "$headers" \
    -library "$work/simulator/$library" -headers "$headers" \
    -library "$work/mac/$library" -headers "$headers" \
    -output "$framework"
