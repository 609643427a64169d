internal import BackchatNative
import Foundation

/// One event of Prelude. A type that this version does not know is ``unknown(_:)``.
///
/// ```swift
/// switch try Event.fromJSON(pushed) {
/// case .inboundMessage(let message): show(message.text, from: message.from)
/// case .delivery(let event) where event.status == .failed: warn(event.messageID)
/// default: break
/// }
/// ```
public enum Event: Sendable, Hashable {
    /// `inbound.message.received`: a user wrote.
    case inboundMessage(InboundMessage)
    /// `transactional.message.*`: what became of a message that was sent.
    case delivery(DeliveryEvent)
    /// `marketing.subscription.*`: a user opted out, in again, or asked for help.
    case optOut(OptOutEvent)
    /// Any other type.
    case unknown(UnknownEvent)

    /// Reads an event from its JSON, as a push message or a queue carries it. **No signature is
    /// checked**: on a server, what came from outside goes through ``Webhook``.
    ///
    /// - Throws: ``BackchatError`` `eventUnreadable`, which keeps the bytes.
    public static func fromJSON(_ json: Data) throws -> Event {
        try raising { Event(try readEvent(json: json)) }
    }

    /// The same from a string.
    public static func fromJSON(_ json: String) throws -> Event {
        try fromJSON(Data(json.utf8))
    }

    /// The event's id, `evt_…`.
    public var id: String { fields.id }
    /// The event's type, such as `inbound.message.received`.
    public var type: String {
        switch self {
        case .inboundMessage(let event): event.type
        case .delivery(let event): event.type
        case .optOut(let event): event.type
        case .unknown(let event): event.type
        }
    }
    /// When the event was made; `nil` when that is not a moment in RFC 3339.
    public var createdAt: Date? { fields.createdAt.date }
    /// The same exactly as it came.
    public var createdAtRaw: String { fields.createdAt.wire }
    /// The exact bytes of the event: keep them, and ``fromJSON(_:)-(Data)`` reads them again.
    public var raw: Data { Data(fields.raw.utf8) }
    /// Whether Prelude's signature was checked.
    public var verified: Bool { fields.verified }

    private var fields: (id: String, createdAt: WireMoment, raw: String, verified: Bool) {
        switch self {
        case .inboundMessage(let event):
            let event = event.native
            return (event.id, event.createdAt, event.raw, event.verified)
        case .delivery(let event):
            let event = event.native
            return (event.id, event.createdAt, event.raw, event.verified)
        case .optOut(let event):
            let event = event.native
            return (event.id, event.createdAt, event.raw, event.verified)
        case .unknown(let event):
            let event = event.native
            return (event.id, event.createdAt, event.raw, event.verified)
        }
    }

    init(_ read: ReadEvent) {
        switch read.event {
        case .inboundMessage(let event):
            self = .inboundMessage(InboundMessage(native: event, type: read.eventType))
        case .delivery(let event):
            self = .delivery(DeliveryEvent(native: event, type: read.eventType))
        case .optOut(let event):
            self = .optOut(OptOutEvent(native: event, type: read.eventType))
        case .unknown(let event):
            self = .unknown(UnknownEvent(native: event, type: read.eventType))
        }
    }
}
