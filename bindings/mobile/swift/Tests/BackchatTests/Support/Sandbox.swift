import Backchat
import Foundation

/// `backchat sandbox`: Prelude with state, faults and a clock.
final class Sandbox: Sendable {
    let url: URL
    let publicKey: String
    private let program: Program
    private let controls: HTTP

    init() async throws {
        program = try await Program.start(
            "BACKCHAT_PROGRAM", ["--json", "sandbox", "--listen", "127.0.0.1:0", "--token", "secret"])
        let ready = try JSON.read(Data(program.firstLine.utf8))
        guard let url = ready["url"].text.flatMap(URL.init(string:)),
            let publicKey = ready["webhook_public_key"].text
        else { throw Mismatch("the sandbox said \(program.firstLine)") }
        (self.url, self.publicKey) = (url, publicKey)
        controls = HTTP(base: url)
    }

    /// A user writes: the event, as it would be pushed.
    func say(_ text: String, from: String = "+33612345678") async throws -> InboundMessage {
        let event = try await controls.ask(
            "POST", "/sandbox/inbound", ["from": .string(from), "text": .string(text), "wait": false])
        guard case .inboundMessage(let message) = try Event.fromJSON(event.data()) else {
            throw Mismatch("not an inbound message: \(event)")
        }
        return message
    }

    /// A user sends a photo.
    func show(_ photo: Data, type: String, filename: String) async throws -> InboundMessage {
        let file: JSON = [
            "content_type": .string(type), "filename": .string(filename),
            "data": .string(photo.base64EncodedString()),
        ]
        let event = try await controls.ask(
            "POST", "/sandbox/inbound", ["from": "+33612345678", "file": file, "wait": false])
        guard case .inboundMessage(let message) = try Event.fromJSON(event.data()) else {
            throw Mismatch("not an inbound message: \(event)")
        }
        return message
    }

    /// The texts that the user got.
    func texts() async throws -> [String] {
        try await controls.ask("GET", "/sandbox/messages").items.compactMap { $0["text"].text }
    }

    func fault(_ fault: JSON) async throws {
        try await controls.ask("POST", "/sandbox/faults", fault)
    }

    func advance(hours: Int) async throws {
        try await controls.ask("POST", "/sandbox/clock/advance", ["seconds": .int(hours * 3600)])
    }

    func template(_ id: String, _ text: String) async throws {
        try await controls.ask(
            "POST", "/sandbox/templates", ["id": .string(id), "text": .string(text)])
    }

    /// A client whose token comes from `tokens` in turn, the last again and again.
    func client(
        tokens: [String] = ["secret"],
        options: Client.Options = Client.Options(),
        log: (@Sendable (Attempt) -> Void)? = nil
    ) throws -> Client {
        let tokens = Tokens(tokens)
        return try Client(baseURL: url, token: { await tokens.next() }, options: options, log: log)
    }
}

actor Tokens {
    private var tokens: [String]

    init(_ tokens: [String]) {
        self.tokens = tokens
    }

    func next() -> String {
        tokens.count > 1 ? tokens.removeFirst() : tokens[0]
    }
}

/// What a client's log heard.
final class Heard: @unchecked Sendable {
    private let lock = NSLock()
    private var heard: [Attempt] = []

    func attempt(_ attempt: Attempt) {
        lock.withLock { heard.append(attempt) }
    }

    var attempts: [Attempt] {
        lock.withLock { heard }
    }

    /// As soon as there are so many, or twelve seconds are over.
    func wait(for count: Int) async throws -> [Attempt] {
        for _ in 0..<1200 where attempts.count < count {
            try await Task.sleep(for: .milliseconds(10))
        }
        return attempts
    }
}

/// The error that `work` throws.
func failure(_ work: () async throws -> Void) async throws -> BackchatError {
    do {
        try await work()
    } catch let error as BackchatError {
        return error
    }
    throw Mismatch("no error was thrown")
}
