//! Between the library's types and Swift's.

internal import BackchatNative
import Foundation

/// Runs a call into the library, and throws what it raises as a ``BackchatError``.
func raising<T>(_ call: () throws -> T) throws -> T {
    do {
        return try call()
    } catch Failed.Because(let failure) {
        throw BackchatError(failure)
    }
}

extension BackchatError {
    init(_ found: Failure) {
        let failure = found.option == nil ? found : spelled(failure: found, language: .swift)
        code = Code(rawValue: failure.code)
        kind = Kind(failure.class)
        outcome = failure.outcome.map(Outcome.init)
        safeToRetry = failure.safeToRetry
        retryAfter = failure.retryAfterNanoseconds.map { .nanoseconds($0) }
        status = failure.status.map(Int.init)
        requestID = failure.requestId
        correlationID = failure.correlationId
        messageID = failure.messageId
        advice = failure.advice
        webhookStatus = Int(failure.webhookStatus)
        isArgument = failure.isArgument
        attempts = failure.attempts.map(Int.init)
        elapsed = failure.elapsedNanoseconds.map { .nanoseconds($0) }
        phase = failure.phase.map(Phase.init)
        serverCode = failure.serverCode.map(Code.init)
        serverMessage = failure.serverMessage
        reason = failure.reason
        option = failure.option
        verified = failure.verified
        raw = failure.raw
        text = failure.text
    }
}

extension BackchatError.Code {
    /// Every code that the library knows.
    static var native: [String] { errorCodes() }
}

extension BackchatError.Kind {
    init(_ native: ErrorClass) {
        self =
            switch native {
            case .windowExpired: .windowExpired
            case .invalidReplyContext: .invalidReplyContext
            case .phoneNumberMismatch: .phoneNumberMismatch
            case .missingText: .missingText
            case .invalidPhoneNumber: .invalidPhoneNumber
            case .insufficientBalance: .insufficientBalance
            case .authentication: .authentication
            case .rateLimit: .rateLimit
            case .api: .api
            case .notSent: .notSent
            case .maybeSent: .maybeSent
            case .sentUnconfirmed: .sentUnconfirmed
            case .signatureVerification: .signatureVerification
            case .unreadableEvent: .unreadableEvent
            case .configuration: .configuration
            case .store: .store
            }
    }
}

extension Outcome {
    init(_ native: BackchatNative.Outcome) {
        self =
            switch native {
            case .notSent: .notSent
            case .rejected: .rejected
            case .sent: .sent
            case .maybeSent: .maybeSent
            }
    }
}

extension Duration {
    /// 292 years at most.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : whole &+ attoseconds / 1_000_000_000
    }
}

extension WireMoment {
    /// A `Date` is coarser than nanoseconds: it holds about a tenth of a microsecond.
    var date: Date? {
        instant.map {
            Date(timeIntervalSince1970: Double($0.seconds) + Double($0.nanoseconds) / 1_000_000_000)
        }
    }
}

extension Date {
    /// The last nanosecond up to this moment.
    var instant: Instant {
        let seconds = timeIntervalSince1970.rounded(.down)
        let nanoseconds = ((timeIntervalSince1970 - seconds) * 1_000_000_000).rounded(.down)
        return Instant(
            seconds: Int64(exactly: seconds) ?? (seconds < 0 ? .min : .max),
            nanoseconds: Int32(clamping: Int64(exactly: nanoseconds) ?? 0)
        )
    }

    /// As the API writes a moment.
    var wire: String { momentOf(instant: instant).wire }

    init?(wire: String) {
        guard let date = momentRead(wire: wire).date else { return nil }
        self = date
    }
}

/// What may be printed of a private value.
func shown(_ value: String?, _ mask: Mask = .word) -> String {
    value.map { masked(value: $0, mask: mask) } ?? "nil"
}

func shown(_ value: (some CustomStringConvertible)?) -> String {
    value?.description ?? "nil"
}

/// What may be printed of names.
func shown(_ names: some Sequence<String>) -> String {
    "[\(names.sorted().map { shown($0) }.joined(separator: ", "))]"
}
