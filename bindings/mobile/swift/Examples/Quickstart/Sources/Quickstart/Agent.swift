import Backchat
import Foundation

/// An agent's app: shows what a user wrote, and answers through the company's backend.
struct Agent {
    let client: Client

    init(backend: URL, session: Session) throws {
        client = try Client(baseURL: backend, token: { try await session.token() })
    }

    /// `pushed` is the event's JSON, as the backend pushed it.
    func answer(_ pushed: Data, with text: String) async throws {
        let event = try Event.fromJSON(pushed)
        if case .inboundMessage(let message) = event, message.replyWindow.state() == .open {
            let reply = try await client.reply(message, text: text)
            print("sent \(reply.id)")
        }
    }
}

/// The app's own login.
struct Session {
    let secret: String

    func token() async throws -> String { secret }
}
