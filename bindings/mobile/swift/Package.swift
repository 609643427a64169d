// swift-tools-version: 6.0
import PackageDescription

// The native library. For Apple's systems it is an XCFramework (../scripts/xcframework.sh makes it);
// elsewhere a shared library: in `lib` beside this file, or where BACKCHAT_LIBRARY says.
#if os(macOS)
let library: Target = .binaryTarget(name: "BackchatFFI", path: "BackchatFFI.xcframework")
let linked: [LinkerSetting] = [
    .linkedFramework("Security"), .linkedFramework("CoreFoundation"),
]
#else
let library: Target = .target(name: "BackchatFFI", path: "Sources/BackchatFFI")
let folder = Context.environment["BACKCHAT_LIBRARY"] ?? Context.packageDirectory + "/lib"
let linked: [LinkerSetting] = [
    .linkedLibrary("backchat_mobile"),
    .unsafeFlags(["-L\(folder)", "-Xlinker", "-rpath=\(folder)"]),
]
#endif

let package = Package(
    name: "Backchat",
    // `Duration` begins with these.
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "Backchat", targets: ["Backchat"])
    ],
    targets: [
        library,
        // Generated, but for ByHand: `cargo xtask test swift` compares it with a fresh generation.
        .target(
            name: "BackchatNative",
            dependencies: ["BackchatFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: linked
        ),
        .target(name: "Backchat", dependencies: ["BackchatNative"]),
        .testTarget(name: "BackchatTests", dependencies: ["Backchat"]),
    ],
    swiftLanguageModes: [.v6]
)
