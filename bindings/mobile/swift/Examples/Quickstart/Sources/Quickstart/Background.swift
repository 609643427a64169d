#if canImport(UIKit)
import Backchat
import UIKit

extension Agent {
    /// Asks iOS for the seconds that a reply takes when the user leaves the app. The correlation id is
    /// kept first: when the app is suspended or killed all the same, nothing is finished, and the
    /// backend can ask what became of the message with this id.
    @MainActor
    func answerInBackground(_ message: InboundMessage, with text: String) async throws {
        let correlationID = UUID().uuidString
        UserDefaults.standard.set(correlationID, forKey: message.messageID)
        let sending = Task {
            try await client.reply(message, text: text, correlationID: correlationID)
        }
        let background = UIApplication.shared.beginBackgroundTask { sending.cancel() }
        defer { UIApplication.shared.endBackgroundTask(background) }
        _ = try await sending.value
        UserDefaults.standard.removeObject(forKey: message.messageID)
    }
}
#endif
