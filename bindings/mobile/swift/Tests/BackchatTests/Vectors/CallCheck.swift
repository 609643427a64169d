import Backchat
import Foundation

/// `outgoing.json`, `error_bodies.json`, `retry_after.json`: one call, and what becomes of it.
struct CallCheck {
    /// A port that nothing listens on: a case by the interface alone must never get there.
    static let nowhere = "http://127.0.0.1:9"

    let testCase: JSON
    let args: JSON
    let options: JSON
    let client: JSON
    let expect: JSON

    init(_ testCase: JSON, defaults: JSON) {
        func field(_ name: String) -> JSON {
            testCase.has(name) ? testCase[name] : defaults[name]
        }
        self.testCase = testCase
        (args, options, client) = (field("args"), field("options"), field("client"))
        expect = testCase["expect"]
        call = field("call").text ?? ""
        server = field("server")
        answers = field("answers")
    }

    private let call: String
    private let server: JSON
    private let answers: JSON

    private enum End {
        case nothing
        case answered([String: JSON])
        case failed(BackchatError)
        /// Swift's own type cannot hold this value, so it is refused before there is a call.
        case unsayable(BackchatError.Code)
    }

    func check(_ fault: FaultServer?) async throws {
        guard testCase["via"].text == "http" else {
            try checkEnd(await run(CallCheck.nowhere))
            return
        }
        guard let fault else { throw Mismatch("there is no fault server") }
        try await fault.script(answers.isNull ? [] : answers)
        let end = try await run(url(fault).absoluteString)
        if case .failed(let error) = end { try checkCall(error) }
        try checkEnd(end)
        try await checkRequests(fault)
    }

    private func url(_ fault: FaultServer) async throws -> URL {
        if let kind = server["tls"].text { return try await fault.tls(kind).url }
        switch server.text ?? "scripted" {
        case "scripted": return fault.url
        case let kind: return try await fault.unreachable(kind)
        }
    }

    // MARK: The call

    private struct Unsayable: Error {
        let code: BackchatError.Code
    }

    /// A URL from exactly these characters, if Swift has one.
    private func url(_ text: String?, _ code: BackchatError.Code) throws -> URL? {
        guard let text else { return nil }
        guard let url = URL(string: text, encodingInvalidCharacters: false), url.absoluteString == text
        else { throw Unsayable(code: code) }
        return url
    }

    private func run(_ baseURL: String) async throws -> End {
        do {
            return try await answer(baseURL)
        } catch let error as BackchatError {
            return .failed(error)
        } catch let error as Unsayable {
            return .unsayable(error.code)
        }
    }

    private func answer(_ baseURL: String) async throws -> End {
        let unknown = Set(client.fields.keys).subtracting([
            "api_token", "base_url", "timeout", "connect_timeout", "max_retries", "max_connections",
            "callback_url", "proxy", "ca_certificate", "allow_insecure_http", "user_agent",
        ])
        guard unknown.isEmpty else { throw Mismatch("options that nobody reads: \(unknown)") }
        var settings = Client.Options()
        settings.timeout = client["timeout"].seconds.map { .seconds($0) }
        settings.connectTimeout = client["connect_timeout"].seconds.map { .seconds($0) }
        settings.maxRetries = client["max_retries"].number
        settings.maxConnections = client["max_connections"].number
        settings.callbackURL = try url(client["callback_url"].text, .invalidCallbackURL)
        settings.proxy = try url(client["proxy"].text, .configuration)
        settings.caCertificates = client["ca_certificate"].text.map { [$0] } ?? []
        settings.allowInsecureHTTP = client["allow_insecure_http"].flag ?? false
        settings.userAgent = client["user_agent"].text
        let client = try Client(
            baseURL: url(self.client["base_url"].text ?? baseURL, .configuration),
            apiToken: self.client["api_token"].text ?? "vector-token",
            options: settings
        )
        let end = try await call(client)
        await client.close()
        return end
    }

    private func call(_ client: Client) async throws -> End {
        let options = CallOptions(
            timeout: options["timeout"].seconds.map { .seconds($0) },
            maxRetries: options["max_retries"].number,
            headers: options["headers"].fields.compactMapValues(\.text)
        )
        switch call {
        case "client":
            return .nothing
        case "notify.reply":
            return .answered(flat(try await client.notify.reply(
                to: args["to"].text!,
                text: args["text"].text!,
                replyTo: args["reply_to"].text!,
                callbackURL: url(args["callback_url"].text, .invalidCallbackURL),
                correlationID: args["correlation_id"].text,
                options: options
            )))
        case "notify.send":
            let template = try template(args)
            return .answered(flat(
                try await client.notify.send(template, to: args["to"].text!, options: options)
            ))
        case "reply":
            return .answered(flat(
                try await client.reply(try message(), text: args["text"].text!, options: options)
            ))
        case "reply_or_template":
            let answered = try await client.replyOrTemplate(
                try message(),
                text: args["text"].text!,
                template: try template(args["template"]),
                options: options
            )
            switch answered {
            case .reply(let response):
                return .answered(flat(response).merging(["sent": "reply"]) { $1 })
            case .template(let response):
                return .answered(flat(response).merging(["sent": "template"]) { $1 })
            }
        case let other:
            throw Mismatch("no call is called \(other)")
        }
    }

    private func message() throws -> InboundMessage {
        guard case .inboundMessage(let message) = try Event.fromJSON(args["event"].data()) else {
            throw Mismatch("not an inbound message")
        }
        return message
    }

    private func template(_ args: JSON) throws -> Template {
        var template = Template(
            templateID: args["template_id"].text!,
            variables: args["variables"].fields.compactMapValues(\.text),
            from: args["from"].text,
            locale: args["locale"].text,
            callbackURL: try url(args["callback_url"].text, .invalidCallbackURL),
            correlationID: args["correlation_id"].text,
            preferredChannel: args["preferred_channel"].text.map(Channel.init),
            maxAutoRetries: args["max_auto_retries"].number
        )
        template.expiresAtRaw = args["expires_at"].text
        template.scheduleAtRaw = args["schedule_at"].text
        if let document = try url(args["document"]["url"].text, .invalidRequest) {
            template.document = .init(url: document, filename: args["document"]["filename"].text)
        }
        return template
    }

    private func flat(_ response: ReplyResponse) -> [String: JSON] {
        [
            "id": .string(response.id),
            "to": .string(response.to),
            "text": .string(response.text),
            "reply_to": .string(response.replyTo),
            "created_at": .of(response.createdAtRaw),
            "callback_url": .of(response.callbackURLRaw),
            "correlation_id": .of(response.correlationID),
            "request_id": .of(response.requestID),
        ]
    }

    private func flat(_ response: SendResponse) -> [String: JSON] {
        [
            "id": .string(response.id),
            "to": .string(response.to),
            "template_id": .string(response.templateID),
            "variables": .of(response.variables),
            "created_at": .of(response.createdAtRaw),
            "expires_at": .of(response.expiresAtRaw),
            "from": .of(response.from),
            "callback_url": .of(response.callbackURLRaw),
            "correlation_id": .of(response.correlationID),
            "schedule_at": .of(response.scheduleAtRaw),
            "encoding": .of(response.encoding),
            "estimated_segment_count": .of(response.estimatedSegmentCount),
            "request_id": .of(response.requestID),
        ]
    }

    // MARK: What came of it

    /// An error of a call names the message and the correlation id, so that a delivery event can be
    /// told to belong to it.
    private func checkCall(_ error: BackchatError) throws {
        guard error.code != .configuration else { return }
        if let id = args["correlation_id"].text { try same("correlation_id", id, error.correlationID) }
        if let id = args["reply_to"].text { try same("message_id", id, error.messageID) }
    }

    private func checkEnd(_ end: End) throws {
        guard expect.has("ok") != expect.has("error") else {
            throw Mismatch("the case must expect either `ok` or `error`")
        }
        switch end {
        case .failed(let error):
            guard expect.has("error") else { throw Mismatch("expected no error, got \(error)") }
            try ErrorCheck.check(expect["error"], error)
        case .unsayable(let code):
            try same("code", expect["error"]["code"], .string(code.rawValue))
        case .nothing:
            guard expect.has("ok") else { throw Mismatch("expected \(expect["error"]), got no error") }
            try same("fields of a client", [:], expect["ok"].fields)
        case .answered(let got):
            guard expect.has("ok") else { throw Mismatch("expected \(expect["error"]), got \(got)") }
            for (name, value) in expect["ok"].fields {
                try same(name, value, got[name] ?? "no such field")
            }
        }
    }

    private func checkRequests(_ fault: FaultServer) async throws {
        guard let posts = expect["posts"].number else { throw Mismatch("the case counts no posts") }
        try await fault.waitForPosts(posts)
        let received = try await fault.requests().filter(\.complete)
        try same("posts", posts, received.count)
        guard expect.has("requests") else { return }
        let expected = expect["requests"].items
        try same("requests", expected.count, received.count)
        for (expected, got) in zip(expected, received) { try check(expected, got) }
    }

    private func check(_ expected: JSON, _ got: Received) throws {
        try same("method", "POST", got.method)
        try same("path", expected["path"].text!, got.path)
        for (name, value) in expected["headers"].fields {
            try same(name, value, .of(got.header(name)))
        }
        let body = try JSON.read(Data(got.body.utf8))
        var wanted = expected["body"].fields
        if let head = wanted["correlation_id"]?["generated_for"].text {
            let echoed = body["correlation_id"].text ?? ""
            let random = echoed.dropFirst(head.count + 1)
            let alphabet = Set("0123456789abcdefghjkmnpqrstvwxyz")
            guard echoed.hasPrefix("\(head)."), random.count == 12, alphabet.isSuperset(of: random) else {
                throw Mismatch("correlation_id: expected one for \(head), got \(echoed)")
            }
            wanted["correlation_id"] = .string(echoed)
        }
        try same("the body", .object(wanted), body)
    }
}
