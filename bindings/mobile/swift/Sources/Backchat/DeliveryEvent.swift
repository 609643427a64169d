internal import BackchatNative
import Foundation

/// What became of a reply or a template. All but the message's id may be missing.
public struct DeliveryEvent: Sendable, Hashable, Identifiable {
    let native: BackchatNative.DeliveryEvent

    /// The event's id, `evt_…`.
    public var id: String { native.id }
    /// The event's type, such as `transactional.message.delivered`.
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
    public var status: Status { Status(native.status) }
    /// The message's id, `tx_…`: the one that the reply's answer gave.
    public var messageID: String { native.messageId }
    /// The correlation id of the call that sent the message.
    public var correlationID: String? { native.correlationId }
    /// Why it failed.
    public var reason: Reason? { native.reason.map(Reason.init) }
    /// The word of `failed` and `unknown` events: `failed` or `expired`.
    public var finalStatus: String? { native.finalStatus }
    /// The receiver.
    public var to: String? { native.to }
    /// The channel that was used.
    public var channel: Channel? { native.channel.map(Channel.init) }
    /// The attempt, `att_…`.
    public var attemptID: String? { native.attemptId }
    /// The template, for templates.
    public var templateID: String? { native.templateId }
    /// The account.
    public var customerUUID: String? { native.customerUuid }
    /// When the message was made.
    public var messageCreatedAt: Date? { native.messageCreatedAt?.date }
    /// The same exactly as it came.
    public var messageCreatedAtRaw: String? { native.messageCreatedAt?.wire }
    /// Until when Prelude tries to deliver it.
    public var expiresAt: Date? { native.expiresAt?.date }
    /// The same exactly as it came.
    public var expiresAtRaw: String? { native.expiresAt?.wire }
    /// What it cost.
    public var fee: Fee? { native.fee.map { Fee(amount: $0.amount, currency: $0.currency) } }

    init(native: BackchatNative.DeliveryEvent, type: String) {
        self.native = native
        self.type = type
    }

    /// What happened to a message.
    public enum Status: String, Sendable, Hashable, CaseIterable {
        /// Prelude accepted it.
        case created
        /// Prelude handed it to the channel.
        case submitted
        /// The channel is delivering it.
        case pendingDelivery = "pending_delivery"
        /// The user's device has it.
        case delivered
        /// It will not arrive.
        case failed
        /// The channel never said.
        case unknown

        init(_ native: DeliveryStatus) {
            self =
                switch native {
                case .created: .created
                case .submitted: .submitted
                case .pendingDelivery: .pendingDelivery
                case .delivered: .delivered
                case .failed: .failed
                case .unknown: .unknown
                }
        }
    }

    /// What a message cost, in the API's own strings.
    public struct Fee: Sendable, Hashable {
        /// A decimal number, such as `0.05`.
        public let amount: String?
        /// ISO 4217, such as `EUR`.
        public let currency: String?
    }
}

extension DeliveryEvent {
    /// Why a message failed. More may come.
    public struct Reason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The word on the wire.
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The user cannot be reached now.
        public static let unavailable = Reason(rawValue: "unavailable")
        /// No closer reason is known.
        public static let generic = Reason(rawValue: "generic")
        /// A network on the way failed.
        public static let network = Reason(rawValue: "network")
        /// The number is not on the channel.
        public static let unknownRecipient = Reason(rawValue: "unknown_recipient")
        /// The account's balance is too low.
        public static let insufficientBalance = Reason(rawValue: "insufficient_balance")
        /// The carrier refused it.
        public static let carrierRejected = Reason(rawValue: "carrier_rejected")
        /// The channel gave no reason.
        public static let unknown = Reason(rawValue: "unknown")

        public var description: String { shown(rawValue) }
    }
}

extension DeliveryEvent.Reason: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The words, if they look like such.
extension DeliveryEvent.Fee: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "Fee(amount: \(shown(amount)), currency: \(shown(currency)))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Without the receiver.
extension DeliveryEvent: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "DeliveryEvent(status: \(status), messageID: \(shown(messageID)), "
            + "correlationID: \(shown(correlationID)), reason: \(shown(reason?.rawValue)))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
