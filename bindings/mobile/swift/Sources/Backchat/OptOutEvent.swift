internal import BackchatNative
import Foundation

/// A user opted out of marketing messages, in again, or asked for help.
public struct OptOutEvent: Sendable, Hashable, Identifiable {
    let native: BackchatNative.OptOutEvent

    /// The event's id, `evt_…`.
    public var id: String { native.id }
    /// The event's type, such as `marketing.subscription.stop`.
    public let type: String
    /// When the event was made; `nil` when that is not a moment in RFC 3339.
    public var createdAt: Date? { native.createdAt.date }
    /// The same exactly as it came.
    public var createdAtRaw: String { native.createdAt.wire }
    /// The exact bytes of the event.
    public var raw: Data { Data(native.raw.utf8) }
    /// Whether Prelude's signature was checked.
    public var verified: Bool { native.verified }
    /// What happened, from the event's type.
    public var kind: Kind { Kind(native.kind) }
    /// The word that the user sent: `STOP`, `START`, `HELP`.
    public var action: String? { native.action }
    /// Who sent it.
    public var from: String? { native.from }
    /// What they wrote to; sometimes a short code.
    public var to: String? { native.to }
    /// When it was received.
    public var receivedAt: Date? { native.receivedAt?.date }
    /// The same exactly as it came.
    public var receivedAtRaw: String? { native.receivedAt?.wire }

    init(native: BackchatNative.OptOutEvent, type: String) {
        self.native = native
        self.type = type
    }

    /// What a user, or their carrier, asked for.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// No more marketing messages.
        case stop
        /// Marketing messages again.
        case start
        /// Help.
        case help
        /// The carrier cut the number off.
        case carrierDisconnect = "carrier_disconnect"

        init(_ native: OptOutKind) {
            self =
                switch native {
                case .stop: .stop
                case .start: .start
                case .help: .help
                case .carrierDisconnect: .carrierDisconnect
                }
        }
    }
}

/// With masked numbers.
extension OptOutEvent: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "OptOutEvent(kind: \(kind), from: \(shown(from, .address)), to: \(shown(to, .address)))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
