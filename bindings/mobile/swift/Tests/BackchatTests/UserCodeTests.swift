import Backchat
import Dispatch
import Foundation
import Testing

/// Code of the user that blocks for ever holds up no other call, and no deadline.
@Suite(.serialized) struct UserCodeTests {
    let fault: FaultServer

    init() throws {
        fault = try FaultServer()
    }

    private func client(
        timeout: Duration? = nil,
        log: (@Sendable (Attempt) -> Void)? = nil
    ) throws -> Client {
        try Client(
            baseURL: fault.url, apiToken: "token", options: Client.Options(timeout: timeout), log: log)
    }

    @discardableResult
    private static func reply(_ client: Client) async throws -> String {
        try await client.notify.reply(to: "+33612345678", text: "On it!", replyTo: "im_1").id
    }

    /// Other calls end in time, each by its own outcome: an answer, and a server that gives none. The
    /// counts begin anew.
    private func othersGoOn(_ client: Client) async throws {
        try await fault.script([["status": 200], ["pace": ["before_head_ms": 20_000]]])
        let clock = ContinuousClock()
        let took = try await clock.measure {
            try await Self.reply(client)
            let silent = try self.client(timeout: .milliseconds(300))
            let error = try await failure { try await Self.reply(silent) }
            #expect(error.outcome == .maybeSent)
        }
        #expect(took < .seconds(5))
        try await fault.waitForPosts(2)
        #expect(try await fault.counts().posts == 2)
    }

    @Test func blockingInTheLog() async throws {
        let trap = Trap()
        defer { trap.open() }
        let logging = try (0..<many).map { _ in try client(log: { _ in trap.block() }) }
        for client in logging { try await Self.reply(client) }
        try await trap.waitForAll()
        #expect(try await fault.counts().posts == many)
        try await othersGoOn(logging[0])
        try await othersGoOn(client())
    }

    @Test func blockingInTheTokenProvider() async throws {
        let trap = Trap()
        defer { trap.open() }
        let asking = try Client(
            baseURL: fault.url,
            token: {
                trap.block()
                return "late"
            },
            options: Client.Options(timeout: .seconds(2))
        )
        try await withThrowingTaskGroup(of: BackchatError.self) { group in
            for _ in 0..<many {
                group.addTask { try await failure { try await Self.reply(asking) } }
            }
            try await trap.waitForAll()
            try await othersGoOn(client())
            for try await error in group {
                #expect(error.code == .timedOut && error.outcome == .notSent)
            }
        }
        #expect(try await fault.counts().posts == 2)
    }

    @Test func blockingInATokenProviderThatIsCancelled() async throws {
        let trap = Trap()
        defer { trap.open() }
        let asking = try Client(
            baseURL: fault.url,
            token: {
                try await withTaskCancellationHandler {
                    try await Task.sleep(for: .seconds(60))
                    return "late"
                } onCancel: {
                    trap.block()
                }
            },
            options: Client.Options(timeout: .milliseconds(200))
        )
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<many {
                group.addTask { _ = try? await Self.reply(asking) }
            }
        }
        try await trap.waitForAll()
        try await othersGoOn(client())
        await asking.close()
    }

    /// Its enqueuing is code of the user: it runs jobs where it is called.
    private final class InPlace: TaskExecutor {
        func enqueue(_ job: consuming ExecutorJob) {
            UnownedJob(job).runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    @Test func blockingAfterAReplyOnAnExecutorOfOnesOwn() async throws {
        let trap = Trap()
        defer { trap.open() }
        let (client, executor) = (try client(), InPlace())
        for _ in 0..<many {
            // Elsewhere: it goes on there when an answer comes before the task is suspended.
            Thread.detachNewThread {
                Task(executorPreference: executor) {
                    try await Self.reply(client)
                    trap.block()
                }
            }
        }
        try await trap.waitForAll()
        #expect(try await fault.counts().posts == many)
        try await othersGoOn(client)
    }

    private final class Held: Sendable {
        let trap: Trap

        init(_ trap: Trap) {
            self.trap = trap
        }

        func touch() {}

        deinit { trap.block() }
    }

    @Test func blockingWhenWhatAClosureHoldsIsReleased() async throws {
        let trap = Trap(2)
        defer { trap.open() }
        try await startAndForget(trap)
        try await trap.waitForAll()
        try await othersGoOn(client())
    }

    /// Nobody but the library holds these clients in the end: it lets go of them when their POSTs have
    /// ended.
    private func startAndForget(_ trap: Trap) async throws {
        let clients = try clients(holding: trap)
        let slow: JSON = ["pace": ["before_head_ms": 3000]]
        try await fault.script([slow, slow])
        let calls = clients.map { client in Task { try await Self.reply(client) } }
        try await fault.waitForPosts(2)
        for call in calls {
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
        }
    }

    private func clients(holding trap: Trap) throws -> [Client] {
        let (logged, asked) = (Held(trap), Held(trap))
        return [
            try client(log: { [logged] _ in logged.touch() }),
            try Client(baseURL: fault.url, token: { [asked] in asked.touch(); return "token" }),
        ]
    }

    @Test func theLogHearsOfEveryAttemptInItsOrder() async throws {
        let heard = Heard()
        let client = try client(log: { heard.attempt($0) })
        var ids: [String] = []
        for _ in 0..<50 { ids.append(try await Self.reply(client)) }
        #expect(try await heard.wait(for: 50).map(\.sentID) == ids)
    }

    @Test func aLogThatDoesNotReturnIsDroppedFrom() async throws {
        let (trap, heard) = (Trap(1), Heard())
        let client = try client(log: {
            trap.block()
            heard.attempt($0)
        })
        var ids: [String] = []
        for _ in 0..<1010 { ids.append(try await Self.reply(client)) }
        #expect(heard.attempts.isEmpty)
        trap.open()
        #expect(try await heard.wait(for: 1000).map(\.sentID) == Array(ids.prefix(1000)))
        let next = try await Self.reply(client)
        #expect(try await heard.wait(for: 1001).last?.sentID == next)
    }
}
