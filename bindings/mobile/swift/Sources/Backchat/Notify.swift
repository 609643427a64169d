internal import BackchatNative
import Foundation

/// The calls as Prelude's documentation groups them: `client.notify`.
public struct Notify: Sendable {
    let client: Client

    /// `POST /v2/notify/reply`: answers an inbound message.
    ///
    /// - Parameters:
    ///   - to: The sender of the inbound message, byte for byte as its event wrote it.
    ///   - text: What the user reads.
    ///   - replyTo: The inbound message's id, `im_…`.
    ///   - callbackURL: Where Prelude posts the delivery events. Default: the client's.
    ///   - correlationID: Comes back in every delivery event. Default: `<replyTo>.<12 characters>`.
    /// - Throws: ``BackchatError``; `CancellationError` when the task is cancelled.
    @discardableResult
    public func reply(
        to: String,
        text: String,
        replyTo: String,
        callbackURL: URL? = nil,
        correlationID: String? = nil,
        options: CallOptions = CallOptions()
    ) async throws -> ReplyResponse {
        let request = ReplyRequest(
            to: to,
            text: text,
            replyTo: replyTo,
            callbackUrl: callbackURL?.absoluteString,
            correlationId: correlationID,
            options: options.native
        )
        return try await Waiting<ReplyResponse>().wait { [native = client.native] listener in
            try native.startReply(request: request, listener: listener)
        }
    }

    /// `POST /v2/notify`: sends a template, the way out when the window has closed.
    ///
    /// - Parameters:
    ///   - templateID: The template's id, `template_…`.
    ///   - to: The receiver, in E.164 format.
    ///   - variables: Exactly the variables that the template has.
    /// - Throws: ``BackchatError``; `CancellationError` when the task is cancelled.
    @discardableResult
    public func send(
        templateID: String,
        to: String,
        variables: [String: String] = [:],
        from: String? = nil,
        locale: String? = nil,
        expiresAt: Date? = nil,
        scheduleAt: Date? = nil,
        callbackURL: URL? = nil,
        correlationID: String? = nil,
        preferredChannel: Channel? = nil,
        maxAutoRetries: Int? = nil,
        document: Template.Document? = nil,
        options: CallOptions = CallOptions()
    ) async throws -> SendResponse {
        let template = Template(
            templateID: templateID,
            variables: variables,
            from: from,
            locale: locale,
            expiresAt: expiresAt,
            scheduleAt: scheduleAt,
            callbackURL: callbackURL,
            correlationID: correlationID,
            preferredChannel: preferredChannel,
            maxAutoRetries: maxAutoRetries,
            document: document
        )
        return try await send(template, to: to, options: options)
    }

    /// The same with a ``Template``.
    @discardableResult
    public func send(
        _ template: Template,
        to: String,
        options: CallOptions = CallOptions()
    ) async throws -> SendResponse {
        let request = SendRequest(to: to, template: template.native, options: options.native)
        return try await Waiting<SendResponse>().wait { [native = client.native] listener in
            try native.startSend(request: request, listener: listener)
        }
    }

    /// `GET /v2/notify/inbound/{message_id}/media`: fetches the file that a user sent. A GET has no
    /// effect on anybody's phone: it is repeated after failures, and never ends as `maybeSent`.
    ///
    /// - Parameters:
    ///   - messageID: The message's id, `im_…`.
    ///   - options: Its timeout is 30 s by default, or the client's when that is longer.
    /// - Throws: ``BackchatError``: ``BackchatError/Code/httpError`` for a file of more than 5 MiB;
    ///   `CancellationError` when the task is cancelled.
    public func inboundMedia(
        messageID: String,
        options: CallOptions = CallOptions()
    ) async throws -> InboundMedia {
        try await Waiting<InboundMedia>().wait { [native = client.native] listener in
            try native.startInboundMedia(
                messageId: messageID, options: options.native, listener: listener)
        }
    }
}
