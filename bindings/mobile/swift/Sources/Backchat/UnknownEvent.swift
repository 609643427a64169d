internal import BackchatNative
import Foundation

/// An event of a type that this version does not know.
public struct UnknownEvent: Sendable, Hashable, Identifiable {
    let native: BackchatNative.UnknownEvent

    /// The event's id, `evt_…`.
    public var id: String { native.id }
    /// The event's type, such as `verify.attempt.created`.
    public let type: String
    /// When the event was made; `nil` when that is not a moment in RFC 3339.
    public var createdAt: Date? { native.createdAt.date }
    /// The same exactly as it came.
    public var createdAtRaw: String { native.createdAt.wire }
    /// The exact bytes of the event.
    public var raw: Data { Data(native.raw.utf8) }
    /// Whether Prelude's signature was checked.
    public var verified: Bool { native.verified }
    /// The payload, as JSON that every reader takes: ``raw`` has it as it came.
    public var payload: Data { Data(readableJson(json: native.payload).utf8) }

    init(native: BackchatNative.UnknownEvent, type: String) {
        self.native = native
        self.type = type
    }
}

/// Without the payload.
extension UnknownEvent: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "UnknownEvent(type: \(shown(type)), id: \(shown(id)))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
