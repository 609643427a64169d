/// The channel of a message. More may come.
public struct Channel: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The word on the wire.
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// WhatsApp: replies within 24 hours of the user's latest message.
    public static let whatsapp = Channel(rawValue: "whatsapp")
    /// RCS: no window, replies at any time.
    public static let rcs = Channel(rawValue: "rcs")
    /// SMS: templates may fall back to it.
    public static let sms = Channel(rawValue: "sms")

    public var description: String { shown(rawValue) }
}

extension Channel: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: []) }
}
