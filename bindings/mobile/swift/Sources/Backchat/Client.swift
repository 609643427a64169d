internal import BackchatNative
import Foundation

/// Sends replies and templates: through a backend of yours, or straight to the API from a server.
///
/// One call sends at most one message. One client serves any number of tasks and reuses its
/// connections: make it once.
///
/// ```swift
/// let client = try Client(baseURL: backend, token: { try await session.token() })
/// try await client.reply(message, text: "On it!")
/// ```
///
/// A call goes on where Swift lets its task go on: never on a thread of the library.
///
/// **Cancelling.** When the task is cancelled, a call throws `CancellationError` at once. A POST that
/// had not begun then never leaves; one that had begun is finished in the background, is never
/// repeated, and its outcome goes to the log.
public final class Client: Sendable {
    let native: ReplyClient

    /// A client whose token comes from your session: for apps, which must not carry the account's.
    ///
    /// - Parameters:
    ///   - baseURL: Your backend, which takes the API's paths. Default: `PRELUDE_BASE_URL`, then
    ///     `https://api.prelude.dev`.
    ///   - token: Asked before each call, and once more after a 401. It starts on a thread of its own
    ///     (before iOS 18 and macOS 15 as every task does) and may block: only its own call waits, not
    ///     longer than its timeout. What it throws is not shown; the call then throws `missingAPIToken`.
    ///   - options: Everything else.
    ///   - log: Hears of every POST; see ``Attempt``.
    /// - Throws: ``BackchatError`` `configuration` with the option's name, `invalidCallbackURL`.
    public convenience init(
        baseURL: URL? = nil,
        token: @escaping @Sendable () async throws -> String,
        options: Options = Options(),
        log: (@Sendable (Attempt) -> Void)? = nil
    ) throws {
        try self.init(baseURL, nil, SessionToken(token), options, log)
    }

    /// A client with the account's token: for servers.
    ///
    /// - Parameters:
    ///   - baseURL: The API's address. Default: `PRELUDE_BASE_URL`, then `https://api.prelude.dev`.
    ///   - apiToken: Default: `PRELUDE_API_TOKEN`, then `API_TOKEN`.
    ///   - options: Everything else.
    ///   - log: Hears of every POST; see ``Attempt``.
    /// - Throws: ``BackchatError`` `configuration` with the option's name, `missingAPIToken`,
    ///   `invalidAPIToken`, `invalidCallbackURL`.
    public convenience init(
        baseURL: URL? = nil,
        apiToken: String? = nil,
        options: Options = Options(),
        log: (@Sendable (Attempt) -> Void)? = nil
    ) throws {
        try self.init(baseURL, apiToken, nil, options, log)
    }

    private init(
        _ baseURL: URL?,
        _ apiToken: String?,
        _ token: SessionToken?,
        _ options: Options,
        _ log: (@Sendable (Attempt) -> Void)?
    ) throws {
        AtExit.registered
        native = try raising {
            try ReplyClient(
                options: options.native(baseURL: baseURL, apiToken: apiToken),
                token: token,
                attempts: log.map(AttemptLog.init)
            )
        }
    }

    /// The calls as Prelude's documentation groups them.
    public var notify: Notify { Notify(client: self) }

    /// Answers `message` with `text`, as a quoted reply.
    ///
    /// - Returns: What the API answered. Its `id` is the one that delivery events name.
    /// - Throws: ``BackchatError``; `CancellationError` when the task is cancelled.
    @discardableResult
    public func reply(
        _ message: InboundMessage,
        text: String,
        callbackURL: URL? = nil,
        correlationID: String? = nil,
        options: CallOptions = CallOptions()
    ) async throws -> ReplyResponse {
        try await notify.reply(
            to: message.from,
            text: text,
            replyTo: message.messageID,
            callbackURL: callbackURL,
            correlationID: correlationID,
            options: options
        )
    }

    /// Answers `message` with `text`, or with `template` when the server says that the window has
    /// closed. Never sends the template after a `maybeSent`.
    ///
    /// The template's preferred channel is the message's when it names none; Prelude may fall back to
    /// SMS. The callback URL and the correlation id of both are the template's.
    ///
    /// - Returns: Which of the two was sent.
    /// - Throws: ``BackchatError``; `CancellationError` when the task is cancelled.
    @discardableResult
    public func replyOrTemplate(
        _ message: InboundMessage,
        text: String,
        template: Template,
        options: CallOptions = CallOptions()
    ) async throws -> Answered {
        let request = ReplyRequest(
            to: message.from,
            text: text,
            replyTo: message.messageID,
            callbackUrl: nil,
            correlationId: nil,
            options: options.native
        )
        return try await Waiting<Answered>().wait { [native] listener in
            try native.startReplyOrTemplate(
                request: request,
                channel: message.channel.rawValue,
                template: template.native,
                listener: listener
            )
        }
    }

    /// Ends the client: no POST begins any more, and those that have begun get 2 s to end. Calls made
    /// later throw `cancelled`.
    public func close() async {
        await withCheckedContinuation { continuation in
            do {
                try native.startClosing(listener: Closing(continuation: continuation))
            } catch {
                // Without a runtime nothing runs that could be waited for.
                continuation.resume()
            }
        }
    }
}

extension Client: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the token.
    public var description: String { native.printed() }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What ``Client/replyOrTemplate(_:text:template:options:)`` sent.
public enum Answered: Sendable, Hashable {
    /// The window was open.
    case reply(ReplyResponse)
    /// The window had closed.
    case template(SendResponse)

    /// The message's id, `tx_…`.
    public var id: String {
        switch self {
        case .reply(let response): response.id
        case .template(let response): response.id
        }
    }
}

private final class Closing: ClosingListener {
    private let continuation: CheckedContinuation<Void, Never>

    init(continuation: CheckedContinuation<Void, Never>) {
        self.continuation = continuation
    }

    /// Called by the library, on the thread that drives all calls.
    func closed() {
        UserCode.run { [continuation] in continuation.resume() }
    }
}

/// When the process exits, POSTs that have begun and that nobody waits for any more, and the logs that
/// are to hear of them, get 2 s together.
private enum AtExit {
    static let registered: Void = {
        atexit {
            let end = DispatchTime.now() + .seconds(2)
            drain(limitNanoseconds: 2_000_000_000)
            AttemptLog.finish(until: end)
        }
    }()
}
