import Backchat
// Not a product of the package: what stands between its public face and the library is measured too.
import BackchatFFI
import BackchatNative
import Foundation

private let times = 20_000

private struct PlainEvent: Decodable {
    let id: String
    let type: String
    let payload: Payload
    let created_at: String

    struct Payload: Decodable {
        let message_id: String
        let channel: String
        let from: String
        let to: String
        let content: Content
        let conversation: Conversation?
    }

    struct Content: Decodable {
        let text: String
    }

    struct Conversation: Decodable {
        let window_expires_at: String?
    }
}

/// An event from its JSON, in microseconds: ours, `JSONDecoder`'s, and parts of ours.
func measureParsing(_ json: Data) throws -> [String: Double] {
    let decoder = JSONDecoder()
    return [
        "backchat": try microseconds { try Backchat.Event.fromJSON(json) },
        "codable": try microseconds { try decoder.decode(PlainEvent.self, from: json) },
        "generated": try microseconds { try readEvent(json: json) },
        "crossing": microseconds { ffi_backchat_mobile_uniffi_contract_version() },
        "string": microseconds { BackchatNative.version() },
    ]
}

/// The best of several means.
private func microseconds<T>(_ work: () throws -> T) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<10 {
        let before = cpuMicroseconds()
        for _ in 0..<times { _ = try work() }
        best = min(best, (cpuMicroseconds() - before) / Double(times))
    }
    return best
}
