// swift-tools-version: 6.0
import PackageDescription

// What `cargo xtask bench mobile` runs: linked to the optimised library.
let package = Package(
    name: "Bench",
    platforms: [.macOS(.v13)],
    dependencies: [.package(name: "Backchat", path: "..")],
    targets: [
        .executableTarget(
            name: "Bench",
            dependencies: [.product(name: "Backchat", package: "Backchat")]
        )
    ],
    swiftLanguageModes: [.v6]
)
