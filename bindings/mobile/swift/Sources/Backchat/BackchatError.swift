import Foundation

/// Why something failed, and what is known about the message then.
///
/// ```swift
/// do {
///     try await client.reply(message, text: "On it!")
/// } catch BackchatError.Code.windowExpired {
///     // The 24 hours are over: only a template reaches this user now.
/// } catch let error as BackchatError where error.outcome == .maybeSent {
///     // Nobody can know. Do not send it again.
/// }
/// ```
public struct BackchatError: Error, Sendable, Hashable {
    /// The stable name of the error, the same in every language.
    public let code: Code
    /// What errors of this kind have in common: `code` says it exactly.
    public let kind: Kind
    /// What is known about the message; `nil` when the error is not about sending.
    public let outcome: Outcome?
    /// Whether the same call may be made again without sending twice, and may then succeed.
    public let safeToRetry: Bool
    /// How long the server asks to wait.
    public let retryAfter: Duration?
    /// The HTTP status of the answer.
    public let status: Int?
    /// The id of the request, for Prelude's support.
    public let requestID: String?
    /// The correlation id that was sent along: a delivery event with it tells what became of the message.
    public let correlationID: String?
    /// The inbound message that was to be answered.
    public let messageID: String?
    /// What to do about it, in one sentence.
    public let advice: String
    /// What to answer Prelude when this ends a webhook.
    public let webhookStatus: Int
    /// Whether it was found in the caller's own arguments, before anything was sent.
    public let isArgument: Bool
    /// How many POSTs the call tried.
    public let attempts: Int?
    /// From the call to its end.
    public let elapsed: Duration?
    /// How far a `maybeSent` had come.
    public let phase: Phase?
    /// The code in the answer of a `maybeSent`. It does not tell either.
    public let serverCode: Code?
    /// The API's own sentence. It may quote numbers and texts: keep it out of logs.
    public let serverMessage: String?
    /// What was wrong with a signature, such as `no_key_matches`.
    public let reason: String?
    /// The wrong option of a `configuration`, such as `baseURL`.
    public let option: String?
    /// Whether the signature over an `eventUnreadable` is good.
    public let verified: Bool?
    /// The body of an `eventUnreadable`, byte for byte.
    public let raw: Data?

    let text: String
}

extension BackchatError {
    /// How far a POST had come when it became a ``Outcome/maybeSent``. More may come.
    public struct Phase: RawRepresentable, Hashable, Sendable {
        /// As every language writes it.
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The request was on its way, or had arrived, and no status line came back.
        public static let awaitingAnswer = Phase(rawValue: "awaiting_answer")
        /// A status line came back that does not tell.
        public static let answered = Phase(rawValue: "answered")
    }
}

/// What is known about a message.
public enum Outcome: String, Sendable, Hashable, CaseIterable {
    /// Provably without effect.
    case notSent = "not_sent"
    /// The API refused it.
    case rejected
    /// The API accepted it.
    case sent
    /// Bytes left and no answer tells what became of them: **never** send it again by yourself.
    case maybeSent = "maybe_sent"
}

extension BackchatError: LocalizedError {
    /// The error in a sentence. Nothing private is in it.
    public var errorDescription: String? { text }
    public var recoverySuggestion: String? { advice }
}

/// Without what the server wrote, and without the bytes of an event: both may be private.
extension BackchatError: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { text }
    public var debugDescription: String { "BackchatError(\(text))" }
    public var customMirror: Mirror {
        Mirror(self, children: ["code": code, "outcome": outcome?.rawValue as Any])
    }
}
