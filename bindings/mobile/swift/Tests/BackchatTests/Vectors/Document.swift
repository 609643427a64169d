import Foundation

/// One file of `tests/vectors`.
struct Document: Sendable {
    static let names = [
        "outgoing", "events", "signatures", "reply_windows", "error_bodies", "retry_after",
    ]

    let name: String
    let cases: [JSON]
    let defaults: JSON
    let keys: JSON
    let bodies: JSON

    static func folder() throws -> URL {
        guard let folder = ProcessInfo.processInfo.environment["BACKCHAT_VECTORS"] else {
            throw Mismatch("BACKCHAT_VECTORS is not set: run `cargo xtask test swift`")
        }
        return URL(fileURLWithPath: folder)
    }

    init(_ name: String) throws {
        let file = try Document.folder().appendingPathComponent("\(name).json")
        let read = try JSON.read(Data(contentsOf: file))
        self.name = name
        cases = read["cases"].items
        defaults = read["defaults"]
        keys = read["keys"]
        bodies = read["bodies"]
    }

    func count(via: String) -> Int {
        cases.filter { $0["via"].text == via }.count
    }

    /// The bytes of a webhook, as the vectors write them.
    static func body(_ written: JSON) throws -> Data {
        if let text = written["text"].text { return Data(text.utf8) }
        if written.has("json") { return try written["json"].data() }
        if let base64 = written["base64"].text, let bytes = Data(base64Encoded: base64) { return bytes }
        let padded = written["padded"]
        guard let count = padded["count"].number, let fill = padded["fill"].text else {
            throw Mismatch("a body cannot be written as \(written)")
        }
        let parts = [padded["before"].text!, String(repeating: fill, count: count), padded["after"].text!]
        return Data(parts.joined().utf8)
    }
}

/// How many cases of a file passed, by how they are run, and which failed.
struct Tally: Sendable, CustomStringConvertible {
    let file: String
    var api = 0
    var http = 0
    var failures: [String] = []

    var description: String {
        let counts = [("api", api), ("http", http), ("failed", failures.count)]
        let shown = counts.filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }
        return "vectors: \(file) \(shown.joined(separator: ", "))"
    }

    /// Whatever is wrong with one case, the others run too.
    mutating func run(_ testCase: JSON, _ check: (JSON) async throws -> Void) async {
        do {
            try await check(testCase)
            if testCase["via"].text == "http" { http += 1 } else { api += 1 }
        } catch {
            failures.append("\(testCase["name"].text ?? "?"): \(error)")
        }
    }
}
