import Backchat
import Foundation

extension Agent {
    /// What to do with each end of a reply.
    func answerCarefully(_ message: InboundMessage, with text: String) async -> String {
        do {
            return "sent \(try await client.reply(message, text: text).id)"
        } catch BackchatError.Code.windowExpired {
            // The 24 hours are over: only a template reaches this user now.
            return "too late: ask for a template"
        } catch let error as BackchatError where error.outcome == .maybeSent || error.outcome == .sent {
            // A second call may be a second message. A delivery event with this id, if one comes, tells.
            return "do not send it again; watch for \(error.correlationID ?? "")"
        } catch let error as BackchatError {
            // A wrong number, token or id, no balance, no network: `advice` says what to do about it.
            return "\(error.code): \(error.safeToRetry ? "try again" : error.advice)"
        } catch {
            return "cancelled"
        }
    }
}
