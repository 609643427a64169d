internal import BackchatNative
import Foundation

/// A message from a user.
public struct InboundMessage: Sendable, Hashable, Identifiable {
    let native: BackchatNative.InboundMessage

    /// The event's id, `evt_…`.
    public var id: String { native.id }
    /// The event's type, such as `inbound.message.received`.
    public let type: String
    /// When the event was made; `nil` when that is not a moment in RFC 3339.
    public var createdAt: Date? { native.createdAt.date }
    /// The same exactly as it came.
    public var createdAtRaw: String { native.createdAt.wire }
    /// The exact bytes of the event.
    public var raw: Data { Data(native.raw.utf8) }
    /// Whether Prelude's signature was checked.
    public var verified: Bool { native.verified }
    /// The message's id, `im_…`: the `replyTo` of an answer. The same on every redelivery.
    public var messageID: String { native.messageId }
    /// The channel, mostly ``Channel/whatsapp``.
    public var channel: Channel { Channel(rawValue: native.channel) }
    /// Who wrote, a phone number.
    public var from: String { native.from }
    /// The business number that received it; for RCS an agent.
    public var to: String { native.to }
    /// The text, or the caption of a file; empty when there is none.
    public var text: String { native.text }
    /// All that the event's content holds, also what has no name here, as JSON that every reader takes:
    /// ``raw`` has it as it came. ``Notify/inboundMedia(messageID:options:)`` fetches a file.
    public var content: Data { Data(native.content.utf8) }
    /// Until when the user may be answered, as far as this event knows.
    public var replyWindow: ReplyWindow { ReplyWindow(native: native.replyWindow) }

    init(native: BackchatNative.InboundMessage, type: String) {
        self.native = native
        self.type = type
    }

    /// A WhatsApp message as a test of your own code needs it: unverified, and without a window.
    public init(messageID: String, from: String, text: String) {
        let made = madeMessage(messageId: messageID, from: from, text: text)
        self.init(native: made.message, type: made.eventType)
    }
}

/// Without the text, and with masked numbers.
extension InboundMessage: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "InboundMessage(messageID: \(shown(messageID)), channel: \(channel), "
            + "from: \(masked(value: from, mask: .address)), to: \(masked(value: to, mask: .address)), "
            + "text: \(masked(value: text, mask: .text)), replyWindow: \(replyWindow))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
