import Foundation

/// The fault server of `tests/src/fault`, driven over its control port (`tests/src/fault/control.rs`).
/// For one test at a time.
final class FaultServer: Sendable {
    /// The server that plays the faults.
    let url: URL
    private let program: Program
    private let control: HTTP

    struct Counts: Equatable {
        let posts: Int
        let connections: Int
    }

    init() async throws {
        program = try await Program.start("BACKCHAT_XTASK", ["fault-server"])
        let addresses = try JSON.read(Data(program.firstLine.utf8))
        guard let fault = addresses["fault"].text, let control = addresses["control"].text else {
            throw Mismatch("the fault server said \(program.firstLine)")
        }
        url = URL(string: fault)!
        self.control = HTTP(base: URL(string: control)!)
    }

    /// Answers the next requests with these steps, in order; forgets what was before.
    func script(_ steps: JSON) async throws {
        try await control.ask("POST", "/reset")
        try await control.ask("POST", "/script", steps)
    }

    func counts() async throws -> Counts {
        let counts = try await control.ask("GET", "/counts")
        return Counts(posts: counts["posts"].number ?? -1, connections: counts["connections"].number ?? -1)
    }

    /// The requests in their order, whole or not.
    func requests() async throws -> [Received] {
        try await control.ask("GET", "/requests").items.map(Received.init)
    }

    /// As soon as there are so many whole requests, or a second is over: a POST may run on after its
    /// call has ended.
    func waitForPosts(_ posts: Int) async throws {
        for _ in 0..<100 where try await counts().posts < posts {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// A TLS listener with the same script and counts, and the authority of the good certificates.
    func tls(_ kind: String) async throws -> (url: URL, authority: String) {
        let tls = try await control.ask("POST", "/tls", ["kind": .string(kind)])
        return (URL(string: tls["url"].text!)!, tls["ca_pem"].text!)
    }

    /// An address that no connection gets through to: `refused`, `black_hole`, `silent_tls`.
    func unreachable(_ kind: String) async throws -> URL {
        URL(string: try await control.ask("GET", "/unreachable")[kind].text!)!
    }
}

/// One request as a server received it.
struct Received {
    let method: String
    let path: String
    let headers: [(name: String, value: String)]
    let body: String
    let complete: Bool

    init(_ json: JSON) {
        method = json["method"].text ?? ""
        path = json["path"].text ?? ""
        headers = json["headers"].items.map { ($0.items[0].text!, $0.items[1].text!) }
        body = json["body"].text ?? ""
        complete = json["complete"].flag ?? false
    }

    /// The first header of this name, in any case.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
