import Foundation
import Testing

/// The README's code is that of files that are run.
@Suite struct ReadmeTests {
    let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: package.appendingPathComponent(path), encoding: .utf8)
    }

    @Test(arguments: ["Agent", "Background", "Careful"])
    func includesTheQuickstart(file: String) throws {
        let code = try text("Examples/Quickstart/Sources/Quickstart/\(file).swift")
        #expect(try text("README.md").contains("```swift\n\(code)```"))
    }

    @Test func includesTheBackend() throws {
        let readme = try text("README.md").components(separatedBy: "```python\n")
        let shown = readme.last.map { $0.components(separatedBy: "```")[0] } ?? ""
        #expect(readme.count == 2 && !shown.isEmpty)
        #expect(try text("../backend/backend.py").contains(shown))
    }
}
