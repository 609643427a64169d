import Backchat
import Foundation
import Testing

#if os(Linux)
/// Memory after many calls, in a process where other tests run too: what leaks at each call would be
/// seen above their noise.
@Suite(.serialized) struct LeakTests {
    /// What this process holds, in KiB.
    private func resident() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }

    private func grows(by limit: Int, times: Int, _ work: (Int) async throws -> Void) async throws {
        for number in 0..<times / 5 { try await work(number) }
        let before = try resident()
        for number in 0..<times { try await work(number) }
        let growth = try resident() - before
        print("leaks: \(growth) KiB after \(times)")
        #expect(growth < limit)
    }

    @Test func parsedEventsLeaveNothing() async throws {
        let json = try Data(contentsOf: Document.folder().appendingPathComponent("seed-event.json"))
        // 100 bytes for each of 100,000 would be 10 MB.
        try await grows(by: 8 * 1024, times: 100_000) { _ in
            guard case .inboundMessage(let message) = try Event.fromJSON(json), !message.text.isEmpty
            else { throw Mismatch("not a message") }
        }
    }

    @Test func repliesLeaveNothing() async throws {
        let fault = try await FaultServer()
        let client = try Client(baseURL: fault.url, token: { "token" }, log: { _ in })
        try await grows(by: 8 * 1024, times: 10_000) { number in
            // The server remembers what it received: it shall not be what is measured.
            if number % 500 == 0 { try await fault.script([]) }
            try await client.notify.reply(to: "+33612345678", text: "On it!", replyTo: "im_1")
        }
    }
}
#endif
