package dev.backchat

import dev.backchat.ffi.ReplyClient
import dev.backchat.ffi.ReplyRequest
import dev.backchat.ffi.SendRequest
import dev.backchat.internal.WaitingForEither
import dev.backchat.internal.WaitingForMedia
import dev.backchat.internal.WaitingForReply
import dev.backchat.internal.WaitingForTemplate
import dev.backchat.internal.await
import dev.backchat.internal.callOptions
import dev.backchat.internal.toNative
import kotlin.time.Duration

/** The `notify` group of the API: [Client.notify]. */
public class Notify internal constructor(private val native: ReplyClient) {
    /**
     * `POST /v2/notify/reply`: answers an inbound message.
     * [Prelude's page](https://docs.prelude.so/notify/v2/api-reference/send-a-reply)
     *
     * @param to the sender of the inbound message, in E.164, byte for byte as the event wrote it.
     * @param text what the user reads.
     * @param replyTo the message's id, `im_…`. The other parameters are those of [Client.reply].
     */
    public suspend fun reply(
        to: String,
        text: String,
        replyTo: String,
        callbackUrl: String? = null,
        correlationId: String? = null,
        timeout: Duration? = null,
        maxRetries: Int? = null,
        headers: Map<String, String> = emptyMap(),
    ): ReplyResponse {
        val options = callOptions(timeout, maxRetries, headers)
        val request = ReplyRequest(to, text, replyTo, callbackUrl, correlationId, options)
        return await(::WaitingForReply) { native.startReply(request, it) }
    }

    /**
     * `POST /v2/notify`: sends a template.
     * [Prelude's page](https://docs.prelude.so/notify/v2/api-reference/send-a-message)
     *
     * @param to the receiver, in E.164. The other parameters are those of [Template], then those of
     *   [Client.reply].
     */
    public suspend fun send(
        templateId: String,
        to: String,
        variables: Map<String, String> = emptyMap(),
        from: String? = null,
        locale: String? = null,
        expiresAt: String? = null,
        scheduleAt: String? = null,
        callbackUrl: String? = null,
        correlationId: String? = null,
        preferredChannel: String? = null,
        maxAutoRetries: Int? = null,
        document: Document? = null,
        timeout: Duration? = null,
        maxRetries: Int? = null,
        headers: Map<String, String> = emptyMap(),
    ): SendResponse {
        val template = Template(
            templateId, variables, from, locale, expiresAt, scheduleAt, callbackUrl, correlationId,
            preferredChannel, maxAutoRetries, document,
        )
        return send(template, to, timeout, maxRetries, headers)
    }

    /** `POST /v2/notify`: sends [template] to the number [to]. */
    public suspend fun send(
        template: Template,
        to: String,
        timeout: Duration? = null,
        maxRetries: Int? = null,
        headers: Map<String, String> = emptyMap(),
    ): SendResponse {
        val options = callOptions(timeout, maxRetries, headers)
        val request = SendRequest(to, template.toNative(), options)
        return await(::WaitingForTemplate) { native.startSend(request, it) }
    }

    /**
     * `GET /v2/notify/inbound/{message_id}/media`: fetches the file that a user sent. A GET has no effect
     * on anybody's phone: it is repeated after failures, and never ends as `maybe_sent`.
     *
     * @param messageId the message's id, `im_…`.
     * @param timeout for this call in all (30 s, or the client's when that is longer).
     * @throws BackchatException [InvalidReplyContextException] for an id that is none, `http_error` for a
     *   file of more than 5 MiB, then what the API refuses, and [NotSentException].
     */
    public suspend fun inboundMedia(
        messageId: String,
        timeout: Duration? = null,
        maxRetries: Int? = null,
        headers: Map<String, String> = emptyMap(),
    ): InboundMedia {
        val options = callOptions(timeout, maxRetries, headers)
        return await(::WaitingForMedia) { native.startInboundMedia(messageId, options, it) }
    }

    internal suspend fun replyOrTemplate(
        message: Event.InboundMessage,
        text: String,
        template: Template,
        timeout: Duration?,
        maxRetries: Int?,
        headers: Map<String, String>,
    ): Answer {
        val options = callOptions(timeout, maxRetries, headers)
        val request = ReplyRequest(message.from, text, message.messageId, null, null, options)
        return await(::WaitingForEither) {
            native.startReplyOrTemplate(request, message.channel, template.toNative(), it)
        }
    }
}
