import Backchat
import Foundation
import Testing

/// Every row of the table of outcomes that the network can show, over real sockets. What counts is what
/// the server received. `tests/tests/outcomes.rs` is the same in Rust.
@Suite struct OutcomesTests {
    /// Most rows wait: so many run side by side, each beside a server of its own.
    private static let atOnce = 6

    @Test func everyRowOfTheTable() async throws {
        let cases = try Document("outcomes").cases
        let ran = try await withThrowingTaskGroup(of: [String?].self) { group in
            for first in 0..<Self.atOnce {
                group.addTask {
                    let server = try FaultServer()
                    var ends: [String?] = []
                    for number in stride(from: first, to: cases.count, by: Self.atOnce) {
                        ends.append(await Row(row: cases[number], server: server).failure())
                    }
                    return ends
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let failures = ran.compactMap(\.self)
        print("vectors: outcomes http \(ran.count - failures.count)")
        for failure in failures { Issue.record("\(failure)") }
        #expect(ran.count == cases.count && !cases.isEmpty)
    }
}

private struct Row {
    static let replyTo = "im_01k8aq2zggeyssvt53zgvpx63a"

    let row: JSON
    let server: FaultServer
    private var expect: JSON { row["expect"] }

    init(row: JSON, server: FaultServer) {
        (self.row, self.server) = (row, server)
    }

    /// What is wrong with it. Whatever it is, the other rows run too.
    func failure() async -> String? {
        do {
            try await run()
            return nil
        } catch {
            return "\(row["name"].text ?? "?"): \(error)"
        }
    }

    private func run() async throws {
        try await server.script(row.has("script") ? row["script"] : [])
        let heard = Heard()
        let client = try await client(heard)
        let warmUp = row["warm_up"].number ?? 0
        for _ in 0..<warmUp { try await reply(client) }
        try await Task.sleep(for: .milliseconds(row["pause_ms"].number ?? 0))
        var error: BackchatError?
        let took = try await ContinuousClock().measure {
            do { try await reply(client) } catch let end as BackchatError { error = end }
        }
        // A second POST that is sent late must be seen too.
        try await Task.sleep(for: .milliseconds(20))
        let attempts = try await heard.wait(
            for: warmUp + (error?.attempts ?? expect["attempts"].number ?? 1))
        try check(error, took, Array(attempts.dropFirst(warmUp)))
        try await checkServer()
        await client.close()
    }

    // MARK: The call

    private func reply(_ client: Client) async throws {
        try await client.notify.reply(to: "+33612345678", text: "On it!", replyTo: Self.replyTo)
    }

    private func client(_ heard: Heard) async throws -> Client {
        let (url, authority) = try await stage()
        let options = Client.Options(
            timeout: row["timeout_ms"].number.map { .milliseconds($0) },
            connectTimeout: row["connect_timeout_ms"].number.map { .milliseconds($0) },
            maxRetries: row["max_retries"].number,
            caCertificates: authority.map { [$0] } ?? [],
            allowInsecureHTTP: true
        )
        guard row.has("tokens") else {
            return try Client(
                baseURL: url, apiToken: "token", options: options, log: { heard.attempt($0) })
        }
        let tokens = Tokens(row["tokens"].items.compactMap(\.text))
        return try Client(
            baseURL: url,
            token: { await tokens.next() },
            options: options,
            log: { heard.attempt($0) }
        )
    }

    /// Where the client is pointed, and whom it trusts there.
    private func stage() async throws -> (URL, authority: String?) {
        switch row["server"].text ?? "plain" {
        case "plain": return (server.url, nil)
        case "unknown_host": return (URL(string: "http://backchat.invalid")!, nil)
        case let kind where ["refused", "black_hole"].contains(kind):
            return (try await server.unreachable(kind), nil)
        case let kind: return try await server.tls(kind)
        }
    }

    // MARK: What came of it

    private func check(_ error: BackchatError?, _ took: Duration, _ attempts: [Attempt]) throws {
        let outcome = error == nil ? Outcome.sent : error?.outcome
        try same("outcome", expect["outcome"], .of(outcome?.rawValue))
        if let error {
            try check(error)
            try same("error.attempts", attempts.count, error.attempts)
        } else if expect.has("code") {
            throw Mismatch("expected \(expect["code"]), got no error")
        }
        guard took >= .milliseconds(expect["elapsed_at_least_ms"].number ?? 0) else {
            throw Mismatch("waited only \(took)")
        }
        try expected("attempts", .int(attempts.count))
        try same("the last outcome in the log", outcome, attempts.last?.outcome)
    }

    private func check(_ error: BackchatError) throws {
        let codes = expect["code"].items.isEmpty ? [expect["code"]] : expect["code"].items
        guard codes.contains(.string(error.code.rawValue)) else {
            throw Mismatch("code: expected one of \(codes), got \(error)")
        }
        try expected("class", .string(error.kind.rawValue))
        try expected("phase", .of(error.phase?.rawValue))
        try expected("status", .of(error.status))
        try expected("server_code", .of(error.serverCode?.rawValue))
        try expected("safe_to_retry", .bool(error.safeToRetry))
        try expected("webhook_status", .int(error.webhookStatus))
        try expected("retry_after_ms", .of(error.retryAfter.map { Int($0 / .milliseconds(1)) }))
        try same("message_id", Self.replyTo, error.messageID)
        try same(
            "the correlation id names the message",
            true, error.correlationID?.hasPrefix("\(Self.replyTo)."))
    }

    private func checkServer() async throws {
        let counts = try await server.counts()
        try same("posts", expect["posts"], .int(counts.posts))
        try expected("connections", .int(counts.connections))
        let tokens = try await server.requests().compactMap { $0.header("authorization") }
        let given = tokens.map { JSON.string($0.replacingOccurrences(of: "Bearer ", with: "")) }
        try expected("tokens", .array(given))
    }

    /// What the row does not name may be anything.
    private func expected(_ what: String, _ got: JSON) throws {
        if expect.has(what) { try same(what, expect[what], got) }
    }
}
