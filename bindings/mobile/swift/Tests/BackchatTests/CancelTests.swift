import Backchat
import Foundation
import Testing

/// Cancelling a task cancels its wait; a begun POST is finished, and never repeated.
@Suite struct CancelTests {
    let fault: FaultServer

    init() throws {
        fault = try FaultServer()
    }

    private func reply(_ client: Client) async throws {
        try await client.notify.reply(to: "+33612345678", text: "On it!", replyTo: "im_1")
    }

    @Test func beforeThePostNothingLeaves() async throws {
        try await fault.script([])
        let asked = Heard()
        let (waiting, hold) = AsyncStream<Void>.makeStream()
        let client = try Client(
            baseURL: fault.url,
            token: {
                hold.yield()
                try await Task.sleep(for: .seconds(5))
                return "token"
            },
            log: { asked.attempt($0) }
        )
        let task = Task { try await reply(client) }
        for await _ in waiting { break }
        let clock = ContinuousClock()
        let took = await clock.measure {
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(took < .seconds(1))
        try await Task.sleep(for: .milliseconds(200))
        #expect(try await fault.counts() == .init(posts: 0, connections: 0))
        #expect(asked.attempts.isEmpty)
    }

    @Test func aTaskThatWasCancelledStartsNothing() async throws {
        try await fault.script([])
        let client = try Client(baseURL: fault.url, apiToken: "token")
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await reply(client)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await fault.counts().posts == 0)
    }

    @Test func afterThePostBeganItIsFinishedOnce() async throws {
        try await fault.script([["pace": ["before_head_ms": 3000]]])
        let heard = Heard()
        let client = try Client(baseURL: fault.url, apiToken: "token", log: { heard.attempt($0) })
        let task = Task { try await reply(client) }
        try await fault.waitForPosts(1)
        let clock = ContinuousClock()
        let took = await clock.measure {
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(took < .milliseconds(1500))
        let attempts = try await heard.wait(for: 1)
        #expect(attempts.map(\.outcome) == [.sent])
        #expect(attempts.map(\.detached) == [true])
        #expect(attempts.first?.sentID?.hasPrefix("tx_") == true)
        #expect(try await fault.counts().posts == 1)
    }

    @Test func afterARefusalThatCouldBeRepeatedNothingMoreLeaves() async throws {
        try await fault.script([
            ["status": 429, "headers": [["retry-after", "1"]], "pace": ["before_head_ms": 1500]]
        ])
        let client = try Client(baseURL: fault.url, apiToken: "token")
        let task = Task { try await reply(client) }
        try await fault.waitForPosts(1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await Task.sleep(for: .seconds(3))
        #expect(try await fault.counts().posts == 1)
    }

    @Test func manyCancelledAtRandomMomentsNeverSendTwice() async throws {
        try await fault.script([])
        let client = try Client(baseURL: fault.url, apiToken: "token")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let task = Task { try await reply(client) }
                    try await Task.sleep(for: .microseconds(number * 20))
                    task.cancel()
                    do { try await task.value } catch is CancellationError {}
                }
            }
            try await group.waitForAll()
        }
        await client.close()
        #expect(try await fault.counts().posts <= 200)
    }
}
