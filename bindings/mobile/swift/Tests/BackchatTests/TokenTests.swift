import Backchat
import Foundation
import Testing

/// Whatever a token provider does ends its own call at once, by an error of ours that does not quote it.
@Suite struct TokenTests {
    private struct Canary: Error, CustomStringConvertible, LocalizedError {
        let description = "canary"
        var errorDescription: String? { description }
    }

    private struct Thrown: Error {
        let text: String
    }

    @Test func aWrongTokenEndsTheCall() async throws {
        let fault = try FaultServer()
        let cases: [(BackchatError.Code, @Sendable () async throws -> String)] = [
            (.missingAPIToken, { throw Canary() }),
            (.missingAPIToken, { throw CancellationError() }),
            (.missingAPIToken, { throw Thrown(text: "canary") }),
            (.missingAPIToken, { "" }),
            (.invalidAPIToken, { "canary\n" }),
            (.invalidAPIToken, { "canary canary" }),
            (.invalidAPIToken, { "canaryä" }),
        ]
        for (code, token) in cases {
            let options = Client.Options(timeout: .seconds(60))
            let client = try Client(baseURL: fault.url, token: token, options: options)
            let error = try await failure {
                try await client.notify.reply(to: "+33612345678", text: "Hi", replyTo: "im_1")
            }
            #expect(error.code == code && error.outcome == .notSent, "\(error)")
            for text in ["\(error)", String(reflecting: error), error.localizedDescription, error.advice] {
                #expect(!text.contains("canary"), "\(text)")
            }
        }
        #expect(try await fault.counts().posts == 0)
    }
}
