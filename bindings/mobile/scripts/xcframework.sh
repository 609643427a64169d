#!/bin/sh
# Makes bindings/mobile/swift/BackchatFFI.xcframework. Needs a Mac with Xcode and rustup.
set -eu

cd "$(dirname "$0")/../../.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
ios=16.0 macos=13.0
targets="aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin"
rustup target add $targets
export IPHONEOS_DEPLOYMENT_TARGET=$ios MACOSX_DEPLOYMENT_TARGET=$macos
for target in $targets; do
    cargo build --profile phone -p backchat-mobile --target "$target"
done

library=libbackchat_mobile.a
headers=bindings/mobile/swift/Sources/BackchatFFI/include
work=target/xcframework
rm -rf "$work"

# fill FOLDER INFO KEY MINIMUM TARGET...: a static framework's files, its library for all machines of a kind.
# (A library with a folder of headers would do until an app has two of them: Xcode copies the module maps of
# all such libraries to one place.)
fill() {
    folder=$1 info=$2 key=$3 minimum=$4
    shift 4
    mkdir -p "$folder/Headers" "$folder/Modules" "$(dirname "$info")"
    for target in "$@"; do
        set -- "$@" "target/$target/phone/$library"
        shift
    done
    lipo -create -output "$folder/BackchatFFI" "$@"
    cp "$headers"/*.h "$folder/Headers"
    sed 's/^module /framework module /' "$headers/module.modulemap" > "$folder/Modules/module.modulemap"
    cat > "$info" <<PLIST
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>CFBundleExecutable</key><string>BackchatFFI</string>
    <key>CFBundleIdentifier</key><string>dev.backchat.BackchatFFI</string>
    <key>CFBundleInfoDictionaryVersion</key><string>6.0</string>
    <key>CFBundleName</key><string>BackchatFFI</string>
    <key>CFBundlePackageType</key><string>FMWK</string>
    <key>CFBundleShortVersionString</key><string>$version</string>
    <key>CFBundleVersion</key><string>$version</string>
    <key>$key</key><string>$minimum</string>
</dict>
</plist>
PLIST
}

phone=$work/phone/BackchatFFI.framework
simulator=$work/simulator/BackchatFFI.framework
mac=$work/mac/BackchatFFI.framework
fill "$phone" "$phone/Info.plist" MinimumOSVersion $ios aarch64-apple-ios
fill "$simulator" "$simulator/Info.plist" MinimumOSVersion $ios \
    aarch64-apple-ios-sim x86_64-apple-ios
# A Mac's frameworks have versions.
fill "$mac/Versions/A" "$mac/Versions/A/Resources/Info.plist" \
    LSMinimumSystemVersion $macos aarch64-apple-darwin x86_64-apple-darwin
ln -s A "$mac/Versions/Current"
for part in BackchatFFI Headers Modules Resources; do
    ln -s "Versions/Current/$part" "$mac/$part"
done

framework=bindings/mobile/swift/BackchatFFI.xcframework
rm -rf "$framework"
xcodebuild -create-xcframework \
    -framework "$phone" -framework "$simulator" -framework "$mac" -output "$framework"
