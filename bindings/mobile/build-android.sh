#!/bin/sh
# Builds the AAR: the jar's classes, the native library for three kinds of phones, and R8's rules.
# Needs ANDROID_NDK_HOME (r27 or later), cargo-ndk, Maven, zip, and
# `rustup target add aarch64-linux-android armv7-linux-androideabi x86_64-linux-android`.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
aar="$root/target/kotlin/aar"
rm -rf "$aar"
mkdir -p "$aar/jni" "$root/target/kotlin/no-native"

# Pages of 16 KB, which devices with Android 15 and later may have. API 21 is the oldest that the NDK knows.
RUSTFLAGS="-C link-arg=-Wl,-z,max-page-size=16384" \
  cargo ndk --platform 21 -t arm64-v8a -t armeabi-v7a -t x86_64 -o "$aar/jni" \
  build --profile phone -p backchat-mobile

# The classes, without the library for Linux, which the tests (`cargo xtask test kotlin`) need.
(cd kotlin && mvn --batch-mode --no-transfer-progress -Dmaven.test.skip=true \
  "-Dnative=$root/target/kotlin/no-native" clean package)
cp kotlin/target/backchat-0.1.0.jar "$aar/classes.jar"

cat > "$aar/AndroidManifest.xml" <<'XML'
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="dev.backchat">
  <uses-sdk android:minSdkVersion="21" />
  <uses-permission android:name="android.permission.INTERNET" />
</manifest>
XML
cp kotlin/consumer-rules.pro "$aar/proguard.txt"
touch "$aar/R.txt"
(cd "$aar" && zip -qr "$root/target/kotlin/backchat-0.1.0.aar" .)
echo "$root/target/kotlin/backchat-0.1.0.aar"
