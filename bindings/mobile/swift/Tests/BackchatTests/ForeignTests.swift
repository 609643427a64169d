import Backchat
import Foundation
import Testing

/// A word of the wire that is none: private, and with what breaks a line of a log or hides it.
private let canary = "canary\nline\u{1b}[2J\u{2028}+33612345678"
/// The same, but what an address shows of it is what breaks a line.
private let edges = "\n\u{1b}[31mcanary+33612345678\u{2028}\n"

/// Nothing that a server or a forged event wrote is printed whole, whatever field it stands in.
@Suite struct ForeignTests {
    private func clean(_ value: Any) {
        var dumped = ""
        dump(value, to: &dumped)
        for text in ["\(value)", String(reflecting: value), "\([value])", String(describing: Optional(value))] {
            #expect(text.allSatisfy { !$0.isNewline && $0 != "\u{1b}" }, "\(text)")
            #expect(!text.contains("canary") && !text.contains("612345"), "\(text)")
        }
        #expect(!dumped.contains("canary") && !dumped.contains("612345"), "\(dumped)")
    }

    private func event(_ type: String, _ payload: JSON) throws -> Event {
        let event: JSON = [
            "id": .string(canary), "type": .string(type), "created_at": .string(canary), "payload": payload,
        ]
        return try Event.fromJSON(event.data())
    }

    private func all(_ names: String..., are word: String = canary) -> JSON {
        .object(Dictionary(uniqueKeysWithValues: names.map { ($0, .string(word)) }))
    }

    @Test(arguments: [canary, edges]) func events(word: String) throws {
        var fields = all("message_id", "channel", "from", "to", are: word).fields
        fields["content"] = all("text", are: word)
        fields["conversation"] = all("window_expires_at", are: word)
        let inbound = try event("inbound.message.received", .object(fields))
        clean(inbound)
        guard case .inboundMessage(let message) = inbound else { throw Mismatch("not a message") }
        clean(message)
        clean(message.replyWindow)
        clean(message.channel)
        fields = all(
            "message_id", "correlation_id", "reason", "status", "to", "channel", "created_at", "expires_at",
            are: word
        ).fields
        fields["fee"] = all("amount", "currency", are: word)
        guard case .delivery(let delivery) = try event("transactional.message.failed", .object(fields))
        else { throw Mismatch("not a delivery") }
        for part in [delivery, delivery.fee!, delivery.reason!, delivery.channel!] as [Any] { clean(part) }
        clean(try event("marketing.subscription.stop", all("action", "from", "to", "received_at", are: word)))
        clean(try event(word, all("anything", are: word)))
    }

    @Test func eventsThatCannotBeRead() async throws {
        let unreadable = [
            canary, "\"\(canary)", "{\"\(canary)", "{\"id\": {\"\(canary)", "[\"canary\"]", "{\"canary\": canary}",
            #"{"id": 1, "type": "canary", "created_at": "canary", "payload": "canary"}"#,
            #"{"id": "evt_1", "type": "inbound.message.received", "created_at": "x", "payload": "canary"}"#,
            #"{"id": "evt_1", "type": "inbound.message.received", "created_at": "x", "payload": {"from": ["canary"]}}"#,
        ]
        for json in unreadable {
            clean(try await failure { _ = try Event.fromJSON(json) })
        }
    }

    /// What is printed of a reply that is answered so: its response or error, and its attempts.
    private func answerIsClean(_ fault: FaultServer, _ step: JSON) async throws {
        try await fault.script([step])
        let heard = Heard()
        let client = try Client(
            baseURL: fault.url, apiToken: "canary", options: Client.Options(maxRetries: 0),
            log: { heard.attempt($0) })
        do {
            clean(
                try await client.notify.reply(
                    to: "+33612345678", text: "canary", replyTo: "im_1", correlationID: "own"))
        } catch let error as BackchatError {
            clean(error)
            clean(error.code)
            clean(error.serverCode as Any)
            clean(error.localizedDescription)
        }
        let attempts = try await heard.wait(for: 1)
        #expect(attempts.count == 1)
        for attempt in attempts { clean(attempt) }
        #expect(try await fault.counts().posts == 1)
    }

    @Test func answersAndRefusals() async throws {
        let fault = try FaultServer()
        var answer = all("id", "to", "text", "created_at").fields
        answer["to"] = .string(edges)
        answer["reply_to"] = "im_1"
        answer["correlation_id"] = "own"
        answer["callback_url"] = "https://user:canary@host/canary?token=canary"
        try await answerIsClean(fault, ["status": 200, "body": ["json": .object(answer)]])
        let refusal = all("code", "message", "type", "request_id")
        for status in [400, 401, 403, 404, 409, 422, 429, 500, 503, 307] {
            try await answerIsClean(fault, ["status": .int(status), "body": ["json": refusal]])
            try await answerIsClean(fault, ["status": .int(status), "body": ["text": "<p>canary\n"]])
        }
        try await answerIsClean(fault, ["status": 200, "body": ["text": "canary\n"]])
    }

    @Test func whatACallerGives() throws {
        let secret = URL(string: "https://user:canary@host/canary?canary=1")!
        let document = Template.Document(url: secret, filename: canary)
        clean(document)
        clean(
            Template(
                templateID: canary, variables: [canary: canary], from: canary, locale: canary,
                callbackURL: secret, correlationID: canary, preferredChannel: Channel(rawValue: canary),
                document: document))
        let options = Client.Options(callbackURL: secret, proxy: URL(string: "http://u:canary@127.0.0.1:9"))
        clean(options)
        clean(try Client(apiToken: "canary", options: options))
        clean(try Client(apiToken: "canary", options: options).notify)
        clean(CallOptions(headers: [canary: canary]))
        let wrong: [() throws -> Any] = [
            { try Client(baseURL: URL(string: "https://user:canary@host"), apiToken: "t") },
            { try Client(baseURL: URL(string: "ftp://canary"), apiToken: "t") },
            { try Client(apiToken: "t", options: .init(proxy: URL(string: "ftp://u:canary@host"))) },
            { try Client(apiToken: "t", options: .init(caCertificates: [canary])) },
            { try Client(apiToken: "t", options: .init(userAgent: canary)) },
            { try Client(apiToken: canary) },
            { try Webhook(publicKey: canary) },
            { try Webhook(publicKey: #"{"keys": [{"canary": "canary"}]}"#) },
        ]
        for make in wrong {
            do {
                _ = try make()
                Issue.record("it was taken")
            } catch {
                clean(error)
            }
        }
    }
}
