import Backchat
import Foundation

/// An error as every language shows it. A field that is left out is null.
enum ErrorCheck {
    static func check(_ expected: JSON, _ error: BackchatError) throws {
        guard !error.advice.isEmpty else { throw Mismatch("\(error.code) has no advice") }
        var got: [String: JSON] = [
            "code": .string(error.code.rawValue),
            "class": .string(error.kind.rawValue),
            "outcome": .of(error.outcome?.rawValue),
            "safe_to_retry": .bool(error.safeToRetry),
            "webhook_status": .int(error.webhookStatus),
            "status": .of(error.status),
            "request_id": .of(error.requestID),
            "server_code": .of(error.serverCode?.rawValue),
            "phase": .of(error.phase?.rawValue),
            "reason": .of(error.reason),
            "option": .of(error.option),
            "verified": .of(error.verified),
        ]
        var wanted = expected.fields
        let within = wanted.removeValue(forKey: "retry_after_within")?.seconds ?? 0
        let wait = wanted.removeValue(forKey: "retry_after")?.seconds
        guard wanted.keys.allSatisfy({ got[$0] != nil }) else {
            throw Mismatch("fields of the case that nobody reads: \(wanted.keys)")
        }
        got = got.filter { !($0.value.isNull && wanted[$0.key] == nil) }
        wanted = wanted.filter { !$0.value.isNull }
        if let option = wanted["option"]?.text { wanted["option"] = .string(spelled(option)) }
        try same("error", wanted.sorted, got.sorted)
        try checkWait(expected: wait, within: within, got: error.retryAfter)
    }

    /// An option's name in Swift.
    private static func spelled(_ name: String) -> String {
        if name == "ca_certificate" { return "caCertificates" }
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(String(words[0])) {
            $0 + (["url", "http"].contains($1) ? $1.uppercased() : $1.capitalized)
        }
    }

    private static func checkWait(expected: Double?, within: Double, got: Duration?) throws {
        switch (expected, got) {
        case (nil, nil): return
        case (let expected?, let got?):
            let seconds = Double(got.components.seconds) + Double(got.components.attoseconds) / 1e18
            // Nine digits after the point are a nanosecond.
            if abs(expected - seconds) <= within + 1e-9 { return }
            fallthrough
        default:
            throw Mismatch("retry_after: expected \(String(describing: expected)), got \(String(describing: got))")
        }
    }
}

extension [String: JSON] {
    /// In an order, so that a difference can be seen.
    fileprivate var sorted: [String] {
        self.map { "\($0.key): \($0.value)" }.sorted()
    }
}
