@testable import Backchat
import Foundation
import Testing

@Suite struct ErrorTests {
    /// Every code of the core is one of ours, and arrives as itself.
    @Test func everyCodeHasItsName() {
        #expect(Set(BackchatError.Code.allCases.map(\.rawValue)) == Set(BackchatError.Code.native))
        #expect(BackchatError.Code.allCases.count == BackchatError.Code.native.count)
    }

    /// Every code that a server can send comes back as the same code, of its kind.
    @Test func everyCodeOfAServerArrives() async throws {
        let fault = try FaultServer()
        let client = try Client(
            baseURL: fault.url, apiToken: "token", options: Client.Options(maxRetries: 0))
        var arrived: Set<BackchatError.Code> = []
        for code in BackchatError.Code.allCases + [BackchatError.Code(rawValue: "moon_phase")] {
            try await fault.script([
                ["status": 400, "body": ["json": ["code": .string(code.rawValue)]]]
            ])
            let error = try await failure {
                try await client.notify.reply(to: "+33612345678", text: "Hi", replyTo: "im_1")
            }
            #expect(error.outcome == .rejected)
            // A server cannot speak for the library.
            #expect(error.code == code || error.code == .httpError)
            #expect(BackchatError.Kind.allCases.contains(error.kind))
            arrived.insert(error.code)
        }
        #expect(arrived.count >= 33)
        #expect(arrived.contains(BackchatError.Code(rawValue: "moon_phase")))
    }

    @Test func aCodeCanBeCaught() async throws {
        do {
            _ = try Event.fromJSON("{}")
            Issue.record("it was read")
        } catch BackchatError.Code.eventUnreadable {
        }
        do {
            _ = try Webhook(publicKey: "")
            Issue.record("it was taken")
        } catch let error as BackchatError {
            #expect(error.code == .configuration && error.option == "publicKey" && error.isArgument)
            #expect(error.errorDescription == "\(error)" && error.recoverySuggestion == error.advice)
        }
    }

    @Test func aWrongOptionIsNamedAsItIsWrittenHere() async throws {
        func client(_ options: Client.Options = .init(), _ url: String? = nil) throws {
            _ = try Client(baseURL: url.flatMap(URL.init(string:)), apiToken: "t", options: options)
        }
        let there = try Client(baseURL: URL(string: "http://127.0.0.1:9"), apiToken: "t")
        func call(_ options: CallOptions) async throws {
            try await there.notify.reply(to: "+33612345678", text: "Hi", replyTo: "im_1", options: options)
        }
        let wrong: [(String, () async throws -> Void)] = [
            ("timeout", { try client(.init(timeout: .zero)) }),
            ("timeout", { try client(.init(timeout: .milliseconds(-1))) }),
            ("connectTimeout", { try client(.init(connectTimeout: .zero)) }),
            ("connectTimeout", { try client(.init(connectTimeout: .seconds(Int64.min))) }),
            ("maxRetries", { try client(.init(maxRetries: -1)) }),
            ("maxRetries", { try client(.init(maxRetries: .min)) }),
            ("maxConnections", { try client(.init(maxConnections: 0)) }),
            ("maxConnections", { try client(.init(maxConnections: -1)) }),
            ("baseURL", { try client(.init(), "http://example.com") }),
            ("baseURL", { try client(.init(), "example.com") }),
            ("proxy", { try client(.init(proxy: URL(string: "socks://here"))) }),
            ("caCertificates", { try client(.init(caCertificates: ["no"])) }),
            ("userAgent", { try client(.init(userAgent: "a\nb")) }),
            ("publicKey", { _ = try Webhook(publicKeys: []) }),
            ("publicKey", { _ = try Webhook.fromEnvironment() }),
            ("timeout", { try await call(.init(timeout: .zero)) }),
            ("timeout", { try await call(.init(timeout: .seconds(-1))) }),
            ("maxRetries", { try await call(.init(maxRetries: -1)) }),
            ("headers", { try await call(.init(headers: ["host": "h"])) }),
            (
                "maxAutoRetries",
                {
                    try await there.notify.send(
                        templateID: "template_1", to: "+33612345678", maxAutoRetries: -1)
                }
            ),
        ]
        for (option, work) in wrong {
            let error = try await failure(work)
            #expect(error.code == .configuration && error.option == option && error.isArgument, "\(error)")
            let inRust = "\(error)".range(of: "[a-z]_[a-z]", options: .regularExpression)
            #expect("\(error)".contains("`\(option)`") && inRust == nil, "\(error)")
        }
    }

    @Test func nothingPrivateIsPrinted() throws {
        let message = InboundMessage(messageID: "im_1", from: "+33612345678", text: "canary")
        let template = Template(templateID: "template_1", variables: ["name": "canary"])
        let client = try Client(
            apiToken: "canary",
            options: Client.Options(callbackURL: URL(string: "https://h/?key=canary")))
        let options = CallOptions(headers: ["x-key": "canary"])
        let event = Event.inboundMessage(message)
        for value in [message, template, client, options, event] as [any Sendable] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] {
                #expect(!text.contains("canary"), "\(text)")
                #expect(!text.contains("612345"), "\(text)")
            }
        }
    }

    @Test func aDateIsSentAsTheApiWritesIt() {
        var template = Template(templateID: "template_1")
        template.scheduleAt = Date(timeIntervalSince1970: 1_761_296_350.5)
        #expect(template.scheduleAtRaw == "2025-10-24T08:59:10.500000000Z")
        #expect(template.scheduleAt == Date(timeIntervalSince1970: 1_761_296_350.5))
        template.expiresAtRaw = "tomorrow"
        #expect(template.expiresAt == nil)
    }

    @Test func aMessageForTestsIsAMessage() throws {
        let message = InboundMessage(messageID: "im_1", from: "+33612345678", text: "Hi")
        #expect(message.text == "Hi" && message.replyWindow.state() == .unknown && !message.verified)
        #expect(try Event.fromJSON(message.raw) == .inboundMessage(message))
    }
}
