internal import BackchatNative

/// Tells how one request ended: ids, a status, an outcome and a time; never a text, a number or a token.
///
/// A client's `log` hears of each, also of those that nobody waits for any more: one after the other, on
/// a thread of its own, and often a moment after the call has returned. It may block: no call waits for
/// it. Of the reports that wait for it the client keeps 1,000, and drops the rest.
public struct Attempt: Sendable, Hashable {
    /// `reply`, `send`, or `inbound_media` for a file that was fetched (`sent` when it came).
    public let operation: String
    /// 1 for the first attempt of a call.
    public let number: Int
    /// The inbound message that is answered.
    public let messageID: String?
    /// The correlation id that was sent along.
    public let correlationID: String?
    /// The id of the message that was sent, `tx_…`.
    public let sentID: String?
    /// The id that the API gave to the request.
    public let requestID: String?
    /// The HTTP status of the answer.
    public let status: Int?
    /// What is known about the message.
    public let outcome: Outcome
    /// The error's code, when it was not simply sent.
    public let code: BackchatError.Code?
    /// From the attempt's start to its end.
    public let elapsed: Duration
    /// Whether the task had been cancelled, and nobody waits for this outcome.
    public let detached: Bool

    init(_ report: AttemptReport) {
        operation = report.operation
        number = Int(report.number)
        messageID = report.messageId
        correlationID = report.correlationId
        sentID = report.sentId
        requestID = report.requestId
        status = report.status.map(Int.init)
        outcome = Outcome(report.outcome)
        code = report.code.map(BackchatError.Code.init)
        elapsed = .nanoseconds(report.elapsedNanoseconds)
        detached = report.detached
    }
}

/// An id or a code of the server's is shown if it looks like one: what else came must not reach a log.
extension Attempt: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "Attempt(operation: \(operation), number: \(number), messageID: \(shown(messageID)), "
            + "correlationID: \(shown(correlationID)), sentID: \(shown(sentID)), "
            + "requestID: \(shown(requestID)), status: \(shown(status)), outcome: \(outcome), "
            + "code: \(shown(code)), elapsed: \(elapsed), detached: \(detached))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
