internal import BackchatNative

/// The token provider of a client.
final class SessionToken: TokenSource {
    private let provide: Owned<@Sendable () async throws -> String>

    init(_ provide: @escaping @Sendable () async throws -> String) {
        self.provide = Owned(provide, releasedOn: UserCode.queue())
    }

    /// The library cancels it on the thread that drives all calls: what the provider does then is code
    /// of the user too.
    func token() async throws -> String {
        let asked = UserCode.task { [provide] in try await provide.closure() }
        do {
            return try await withTaskCancellationHandler {
                try await asked.value
            } onCancel: {
                UserCode.run { asked.cancel() }
            }
        } catch {
            // Why stays here: it may quote a token.
            throw NoToken.Unavailable
        }
    }
}
