package dev.backchat

import dev.backchat.ffi.Mask
import dev.backchat.internal.masked
import kotlin.time.Instant

/** What the API answers to a message that it took: [ReplyResponse] or [SendResponse]. */
public sealed interface Answer {
    /** The message's id, `tx_…`: delivery events name it. */
    public val id: String

    /** The receiver. */
    public val to: String

    /** When the API made the message. */
    public val createdAt: Instant?

    /** [createdAt] exactly as it came. */
    public val createdAtRaw: String?

    /** Where delivery events go. */
    public val callbackUrl: String?

    /** The correlation id of the message: in every delivery event. */
    public val correlationId: String?

    /** The id of the request, for Prelude's support. */
    public val requestId: String?

    /** The exact answer, for fields that have no name here yet. */
    public val raw: String
}

/**
 * The API's answer to a reply.
 *
 * @property text what the user reads.
 * @property replyTo the message that was answered, `im_…`.
 */
public data class ReplyResponse(
    override val id: String,
    override val to: String,
    val text: String,
    val replyTo: String,
    override val createdAt: Instant?,
    override val createdAtRaw: String?,
    override val callbackUrl: String?,
    override val correlationId: String?,
    override val requestId: String?,
    override val raw: String,
) : Answer {
    /** Without the text, and with the receiver masked. */
    override fun toString(): String =
        "ReplyResponse(id=${id.masked(Mask.WORD)}, to=${to.masked(Mask.ADDRESS)}, " +
            "text=${text.masked(Mask.TEXT)}, replyTo=${replyTo.masked(Mask.WORD)}, " +
            "createdAt=$createdAt, correlationId=${correlationId.masked(Mask.WORD)}, " +
            "requestId=${requestId.masked(Mask.WORD)})"
}

/**
 * The API's answer to a template.
 *
 * @property templateId the template that was sent.
 * @property variables its variables.
 * @property expiresAt until when Prelude tries to deliver it.
 * @property from the sender.
 * @property scheduleAt when it will be sent.
 * @property encoding `GSM-7` or `UCS-2`, for SMS.
 * @property estimatedSegmentCount how many SMS it would take.
 */
public data class SendResponse(
    override val id: String,
    override val to: String,
    val templateId: String,
    val variables: Map<String, String>,
    override val createdAt: Instant?,
    override val createdAtRaw: String?,
    val expiresAt: Instant?,
    val expiresAtRaw: String?,
    val from: String?,
    override val callbackUrl: String?,
    override val correlationId: String?,
    val scheduleAt: Instant?,
    val scheduleAtRaw: String?,
    val encoding: String?,
    val estimatedSegmentCount: Long?,
    override val requestId: String?,
    override val raw: String,
) : Answer {
    /** Without the variables' values, and with the receiver masked. */
    override fun toString(): String =
        "SendResponse(id=${id.masked(Mask.WORD)}, to=${to.masked(Mask.ADDRESS)}, " +
            "templateId=${templateId.masked(Mask.WORD)}, variables=${variables.keys.masked()}, " +
            "createdAt=$createdAt, correlationId=${correlationId.masked(Mask.WORD)}, " +
            "requestId=${requestId.masked(Mask.WORD)})"
}
