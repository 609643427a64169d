import Backchat
import Foundation
import Testing

/// End to end: an app, and Prelude as the sandbox plays it.
@Suite struct SandboxTests {
    let sandbox: Sandbox

    init() async throws {
        sandbox = try await Sandbox()
    }

    @Test func aMessageIsAnswered() async throws {
        let message = try await sandbox.say("Hi")
        #expect(message.replyWindow.state() == .open)
        let client = try sandbox.client()
        let reply = try await client.reply(message, text: "On it!")
        #expect(reply.id.hasPrefix("tx_"))
        #expect(reply.correlationID?.hasPrefix("\(message.messageID).") == true)
        #expect(try await sandbox.texts() == ["On it!"])
        await client.close()
        #expect(try await failure { try await client.reply(message, text: "Late") }.code == .cancelled)
    }

    @Test func theTemplateGoesOutOnlyWhenTheWindowHasClosed() async throws {
        try await sandbox.template("template_later", "Hello {{name}}")
        let template = Template(templateID: "template_later", variables: ["name": "Ada"])
        let client = try sandbox.client()
        let message = try await sandbox.say("Hi")
        guard case .reply = try await client.replyOrTemplate(message, text: "Now", template: template)
        else { throw Mismatch("the template was sent") }
        try await sandbox.advance(hours: 25)
        let error = try await failure { try await client.reply(message, text: "Too late") }
        #expect(error.code == .windowExpired && error.kind == .windowExpired)
        #expect(error.outcome == .rejected)
        guard case .template = try await client.replyOrTemplate(message, text: "No", template: template)
        else { throw Mismatch("the reply was sent") }
        #expect(try await sandbox.texts() == ["Now", "Hello Ada"])
    }

    @Test func theFileOfAUserIsFetched() async throws {
        let photo = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0) })
        let message = try await sandbox.show(photo, type: "image/jpeg", filename: "été.jpg")
        #expect(message.text == "")
        #expect(String(decoding: message.content, as: UTF8.self).contains("image/jpeg"))
        let client = try sandbox.client()
        let media = try await client.notify.inboundMedia(messageID: message.messageID)
        #expect(media.contentType == "image/jpeg" && media.filename == "été.jpg")
        #expect(media.bytes == photo)
        #expect(!"\(media)".contains("jp"))
        try await client.reply(message, text: "Nice!")
        #expect(try await sandbox.texts() == ["Nice!"])
        let without = try await sandbox.say("no file")
        let none = try await failure {
            _ = try await client.notify.inboundMedia(messageID: without.messageID)
        }
        #expect(none.status == 404)
        let wrong = try await failure { _ = try await client.notify.inboundMedia(messageID: "../im_1") }
        #expect(wrong.code == .invalidReplyContext)
    }

    @Test func aResetAfterTheRequestIsMaybeSent() async throws {
        let message = try await sandbox.say("Hi")
        try await sandbox.fault(["kind": "reset", "after": "request", "processed": true])
        let client = try sandbox.client()
        let error = try await failure { try await client.reply(message, text: "On it!") }
        #expect(error.code == .maybeSent && error.outcome == .maybeSent)
        #expect(error.phase == .awaitingAnswer && error.attempts == 1 && !error.safeToRetry)
        #expect(error.messageID == message.messageID && error.correlationID != nil)
        #expect(try await sandbox.texts() == ["On it!"])
    }

    @Test func aCutAnswerIsSentUnconfirmed() async throws {
        let message = try await sandbox.say("Hi")
        try await sandbox.fault(["kind": "cut_body", "processed": true])
        let error = try await failure {
            try await sandbox.client().reply(message, text: "On it!")
        }
        #expect(error.code == .sentUnconfirmed && error.outcome == .sent && !error.safeToRetry)
        #expect(try await sandbox.texts() == ["On it!"])
    }

    @Test func tooManyRequestsSayHowLongToWait() async throws {
        let message = try await sandbox.say("Hi")
        try await sandbox.fault(["kind": "status", "status": 429, "retry_after": 30])
        let error = try await failure {
            try await sandbox.client().reply(message, text: "On it!")
        }
        #expect(error.code == .rateLimited && error.kind == .rateLimit)
        #expect(error.outcome == .notSent && error.safeToRetry)
        #expect(error.retryAfter == .seconds(30))
        #expect(try await sandbox.texts() == [])
    }

    @Test func anOldTokenIsReplacedOnce() async throws {
        let message = try await sandbox.say("Hi")
        let heard = Heard()
        let client = try sandbox.client(tokens: ["old", "secret"], log: { heard.attempt($0) })
        try await client.reply(message, text: "On it!")
        let attempts = try await heard.wait(for: 2)
        #expect(attempts.map(\.status) == [401, 200])
        #expect(attempts.map(\.outcome) == [.rejected, .sent])
        #expect(try await sandbox.texts() == ["On it!"])
        let stubborn = try sandbox.client(tokens: ["old"])
        let error = try await failure { try await stubborn.reply(message, text: "Again") }
        #expect(error.kind == .authentication && error.status == 401)
    }

    @Test func aProviderThatFailsIsNotQuoted() async throws {
        struct Canary: Error {}
        let message = try await sandbox.say("Hi")
        let client = try Client(baseURL: sandbox.url, token: { throw Canary() })
        let error = try await failure { try await client.reply(message, text: "On it!") }
        #expect(error.code == .missingAPIToken && error.outcome == .notSent && error.safeToRetry)
        #expect(!"\(error)".contains("Canary"))
    }

    @Test func theDocumentedCallRuns() async throws {
        let message = try await sandbox.say("Hi")
        let client = try Client(baseURL: sandbox.url, apiToken: "secret")
        let response = try await client.notify.reply(
            to: message.from,
            text: "Thanks for reaching out! We'll look into your request.",
            replyTo: message.messageID
        )
        #expect(response.text == "Thanks for reaching out! We'll look into your request.")
    }
}
