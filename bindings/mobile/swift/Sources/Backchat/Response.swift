internal import BackchatNative
import Foundation

/// The API's answer to a reply.
public struct ReplyResponse: Sendable, Hashable, Identifiable {
    private let native: BackchatNative.ReplyResponse

    /// The message's id, `tx_…`: delivery events name it.
    public var id: String { native.id }
    /// The receiver.
    public var to: String { native.to }
    /// What the user reads.
    public var text: String { native.text }
    /// The message that was answered.
    public var replyTo: String { native.replyTo }
    /// When the API made the message.
    public var createdAt: Date? { native.createdAt?.date }
    /// The same exactly as it came.
    public var createdAtRaw: String? { native.createdAt?.wire }
    /// Where delivery events go.
    public var callbackURL: URL? { native.callbackUrl.flatMap(URL.init(string:)) }
    /// The same exactly as it came.
    public var callbackURLRaw: String? { native.callbackUrl }
    /// The correlation id of the message.
    public var correlationID: String? { native.correlationId }
    /// The id of the request, for Prelude's support.
    public var requestID: String? { native.requestId }
    /// The exact answer.
    public var raw: Data { Data(native.raw.utf8) }

    init(native: BackchatNative.ReplyResponse) {
        self.native = native
    }
}

/// Without the text, and with a masked number.
extension ReplyResponse: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "ReplyResponse(id: \(shown(id)), to: \(shown(to, .address)), text: \(shown(text, .text)), "
            + "replyTo: \(shown(replyTo)), correlationID: \(shown(correlationID)))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The API's answer to a template.
public struct SendResponse: Sendable, Hashable, Identifiable {
    private let native: BackchatNative.SendResponse

    /// The message's id, `tx_…`: delivery events name it.
    public var id: String { native.id }
    /// The receiver.
    public var to: String { native.to }
    /// The template that was sent.
    public var templateID: String { native.templateId }
    /// Its variables.
    public var variables: [String: String] { native.variables }
    /// When the API made the message.
    public var createdAt: Date? { native.createdAt?.date }
    /// The same exactly as it came.
    public var createdAtRaw: String? { native.createdAt?.wire }
    /// Until when Prelude tries to deliver it.
    public var expiresAt: Date? { native.expiresAt?.date }
    /// The same exactly as it came.
    public var expiresAtRaw: String? { native.expiresAt?.wire }
    /// The sender.
    public var from: String? { native.from }
    /// Where delivery events go.
    public var callbackURL: URL? { native.callbackUrl.flatMap(URL.init(string:)) }
    /// The same exactly as it came.
    public var callbackURLRaw: String? { native.callbackUrl }
    /// The correlation id of the message.
    public var correlationID: String? { native.correlationId }
    /// When it will be sent.
    public var scheduleAt: Date? { native.scheduleAt?.date }
    /// The same exactly as it came.
    public var scheduleAtRaw: String? { native.scheduleAt?.wire }
    /// `GSM-7` or `UCS-2`, for SMS.
    public var encoding: String? { native.encoding }
    /// How many SMS it would take.
    public var estimatedSegmentCount: Int? { native.estimatedSegmentCount.map(Int.init(clamping:)) }
    /// The id of the request, for Prelude's support.
    public var requestID: String? { native.requestId }
    /// The exact answer.
    public var raw: Data { Data(native.raw.utf8) }

    init(native: BackchatNative.SendResponse) {
        self.native = native
    }
}

/// Without the variables' values, and with a masked number.
extension SendResponse: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "SendResponse(id: \(shown(id)), to: \(shown(to, .address)), "
            + "templateID: \(shown(templateID)), variables: \(shown(variables.keys)), "
            + "correlationID: \(shown(correlationID)))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
