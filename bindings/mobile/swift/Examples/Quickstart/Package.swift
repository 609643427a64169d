// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "Quickstart",
    platforms: [.iOS(.v16), .macOS(.v13)],
    dependencies: [.package(path: "../Backchat")],
    targets: [
        .executableTarget(
            name: "Quickstart",
            dependencies: [.product(name: "Backchat", package: "Backchat")]
        )
    ]
)
