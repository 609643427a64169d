import Backchat
import Foundation

/// What becomes of received bytes: an event, or an error that keeps them.
enum EventCheck {
    static func check(
        _ expect: JSON, body: Data, whole: Bool, receive: () throws -> Event
    ) throws {
        let event: Event
        do {
            event = try receive()
        } catch let error as BackchatError {
            guard expect.has("error") else { throw Mismatch("expected an event, got \(error)") }
            if error.code == .eventUnreadable { try same("raw", body, error.raw) }
            try ErrorCheck.check(expect["error"], error)
            return
        }
        guard expect.has("event") else { throw Mismatch("expected \(expect["error"]), got \(event)") }
        try same("raw", body, event.raw)
        let got = flat(event)
        for (name, value) in expect["event"].fields {
            switch (name, event) {
            case ("payload", .unknown(let event)):
                try same(name, value, try json(event.payload))
            case ("content", .inboundMessage(let message)):
                try same(name, value, try json(message.content))
            default:
                try same(name, value, got[name] ?? "no such field")
            }
        }
        if whole {
            try same("fields", expect["event"].fields.keys.sorted(), got.keys.sorted())
        }
    }

    /// Whatever JSON the wire has; null where it has none.
    private static func json(_ wire: Data) throws -> JSON {
        wire.isEmpty ? .null : try JSON.read(wire)
    }

    /// An event as the vectors write it, with the wire's names; what is any JSON is null here.
    static func flat(_ event: Event) -> [String: JSON] {
        var fields: [String: JSON] = [
            "type": .string(event.type),
            "id": .string(event.id),
            "created_at": .string(event.createdAtRaw),
            "verified": .bool(event.verified),
        ]
        let own: [String: JSON]
        switch event {
        case .inboundMessage(let message):
            own = [
                "message_id": .string(message.messageID),
                "channel": .string(message.channel.rawValue),
                "from": .string(message.from),
                "to": .string(message.to),
                "text": .string(message.text),
                "content": .null,
                "reply_window": ["expires_at": .of(message.replyWindow.expiresAtRaw)],
            ]
        case .delivery(let delivery):
            own = [
                "status": .string(delivery.status.rawValue),
                "message_id": .string(delivery.messageID),
                "correlation_id": .of(delivery.correlationID),
                "reason": .of(delivery.reason?.rawValue),
                "final_status": .of(delivery.finalStatus),
                "to": .of(delivery.to),
                "channel": .of(delivery.channel?.rawValue),
                "attempt_id": .of(delivery.attemptID),
                "template_id": .of(delivery.templateID),
                "customer_uuid": .of(delivery.customerUUID),
                "message_created_at": .of(delivery.messageCreatedAtRaw),
                "expires_at": .of(delivery.expiresAtRaw),
                "fee": delivery.fee.map {
                    ["amount": .of($0.amount), "currency": .of($0.currency)]
                } ?? .null,
            ]
        case .optOut(let optOut):
            own = [
                "kind": .string(optOut.kind.rawValue),
                "action": .of(optOut.action),
                "from": .of(optOut.from),
                "to": .of(optOut.to),
                "received_at": .of(optOut.receivedAtRaw),
            ]
        case .unknown:
            own = ["payload": .null]
        }
        fields.merge(own) { _, own in own }
        return fields
    }

    /// `events.json`
    static func events(_ testCase: JSON) throws {
        let body = try Document.body(testCase["body"])
        let calls = testCase["calls"].items.compactMap(\.text)
        guard !calls.isEmpty else { throw Mismatch("no call") }
        for call in calls {
            switch call {
            case "event.from_json":
                try check(testCase["expect"], body: body, whole: true) { try Event.fromJSON(body) }
                // The door for strings, where the bytes are one.
                let text = String(decoding: body, as: UTF8.self)
                if Data(text.utf8) == body {
                    try check(testCase["expect"], body: body, whole: true) { try Event.fromJSON(text) }
                }
            case "webhook.unverified":
                try check(testCase["expect"], body: body, whole: true) {
                    try Webhook.unverified().verify(body, headers: [:])
                }
            default: throw Mismatch("no such call: \(call)")
            }
        }
    }

    /// `signatures.json`
    static func signatures(_ testCase: JSON, _ document: Document) throws {
        let keys = testCase["keys"].items.map { document.keys[$0.text!].text! }
        let webhook = { try keys.count == 1 ? Webhook(publicKey: keys[0]) : Webhook(publicKeys: keys) }
        if testCase["call"].text == "webhook.new" {
            try check(testCase["expect"], body: Data(), whole: false) {
                throw Mismatch("the keys were taken: \(try webhook())")
            }
            return
        }
        let body = try Document.body(document.bodies[testCase["body"].text!])
        let pairs = testCase["headers"].items.map { ($0.items[0].text!, $0.items[1].text!) }
        let verifier = try webhook()
        try check(testCase["expect"], body: body, whole: false) {
            try verifier.verify(body, headers: pairs)
        }
        let headers = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        guard headers.count == pairs.count else { return }
        try check(testCase["expect"], body: body, whole: false) {
            try verifier.verify(body, headers: headers)
        }
    }

    /// `reply_windows.json`. A `Date` is coarser than `now`: the truth lies between the `Date`s around
    /// it.
    static func replyWindows(_ testCase: JSON) throws {
        guard case .inboundMessage(let message) = try Event.fromJSON(testCase["event"].data()) else {
            throw Mismatch("not an inbound message")
        }
        let (window, expect) = (message.replyWindow, testCase["expect"])
        try same("expires_at", expect["expires_at"], .of(window.expiresAtRaw))
        let nanosecond = try Nanoseconds(testCase["now"].text!)
        let (before, after) = nanosecond.around
        let states = [window.state(at: before), window.state(at: after)].map { JSON.string($0.rawValue) }
        guard states.contains(expect["state"]) else {
            throw Mismatch("state: expected \(expect["state"]), got \(states)")
        }
        let (most, least) = (window.remaining(at: before), window.remaining(at: after))
        guard case .object(let left) = expect["remaining"] else {
            guard most == nil, least == nil else {
                throw Mismatch("remaining: expected none, got \(String(describing: most))")
            }
            return
        }
        let remaining: Duration =
            .seconds(left["seconds"]!.number!) + .nanoseconds(left["nanoseconds"]!.number!)
        guard let most, let least, least <= remaining, remaining <= most else {
            throw Mismatch("remaining: expected \(remaining), got \(String(describing: most))")
        }
    }
}

/// A moment of the vectors, for the `Date`s around it.
private struct Nanoseconds {
    let seconds: Int
    let nanoseconds: Int

    init(_ text: String) throws {
        let parts = text.split(separator: ".")
        let fraction = String(parts.dropFirst().first?.prefix { $0.isNumber } ?? "")
        let whole = fraction.isEmpty ? text : text.replacingOccurrences(of: ".\(fraction)", with: "")
        guard let date = ISO8601DateFormatter().date(from: whole) else {
            throw Mismatch("not a moment: \(text)")
        }
        seconds = Int(date.timeIntervalSince1970)
        nanoseconds = Int(fraction.padding(toLength: 9, withPad: "0", startingAt: 0)) ?? 0
    }

    var around: (Date, Date) {
        // A quarter of a microsecond is what a `Date` of these years can tell.
        let now = Double(seconds) + Double(nanoseconds) / 1e9
        let exact = nanoseconds == 0
        return (
            Date(timeIntervalSince1970: exact ? now : now - 5e-7),
            Date(timeIntervalSince1970: exact ? now : now + 5e-7)
        )
    }
}
