import Backchat
import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

private let warmUp = 200
private let replies = 10_000

private let to = "+33612345678"
private let text = "Thanks for reaching out! We'll look into your request."
private let replyTo = "im_01k8aq2zggeyssvt53zgvpx63a"

/// The CPU time of many replies through one client, `backchat` or `urlsession`.
func measureReplies(_ who: String, _ url: URL, _ inFlight: Int) async throws -> [String: Double] {
    let one = who == "backchat" ? try backchat(url) : urlSession(url, inFlight)
    try await send(warmUp, inFlight, one)
    let before = cpuMicroseconds()
    try await send(replies, inFlight, one)
    return ["microseconds": (cpuMicroseconds() - before) / Double(replies)]
}

/// Sends one reply and gives its id.
private typealias One = @Sendable () async throws -> String

private func send(_ count: Int, _ inFlight: Int, _ one: @escaping One) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<inFlight {
            group.addTask {
                for _ in stride(from: worker, to: count, by: inFlight) {
                    guard try await one().hasPrefix("tx_") else { throw Unusable() }
                }
            }
        }
        try await group.waitForAll()
    }
}

private func backchat(_ url: URL) throws -> One {
    let client = try Client(baseURL: url, apiToken: "token")
    return { try await client.notify.reply(to: to, text: text, replyTo: replyTo).id }
}

private struct PlainRequest: Encodable {
    let to: String
    let text: String
    let reply_to: String
}

private struct PlainAnswer: Decodable {
    let id: String
    let to: String
    let text: String
    let reply_to: String
    let created_at: String
    let correlation_id: String?
}

private func urlSession(_ url: URL, _ inFlight: Int) -> One {
    let settings = URLSessionConfiguration.ephemeral
    settings.httpMaximumConnectionsPerHost = inFlight
    let session = URLSession(configuration: settings)
    let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
    let url = url.appendingPathComponent("v2/notify/reply")
    return {
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "content-type")
        request.setValue("Bearer token", forHTTPHeaderField: "authorization")
        request.httpBody = try encoder.encode(PlainRequest(to: to, text: text, reply_to: replyTo))
        let (body, response) = try await session.data(for: request)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else { throw Unusable() }
        return try decoder.decode(PlainAnswer.self, from: body).id
    }
}
