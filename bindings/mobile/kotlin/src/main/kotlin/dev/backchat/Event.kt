package dev.backchat

import dev.backchat.ffi.Mask
import dev.backchat.ffi.madeMessage
import dev.backchat.ffi.readEvent
import dev.backchat.internal.masked
import dev.backchat.internal.toPublic
import dev.backchat.internal.translated
import kotlin.time.Instant

/**
 * One event of Prelude. Events compare by what Prelude wrote, and print without texts and whole
 * numbers. [Prelude's page](https://docs.prelude.so/notify/v2/documentation/webhook)
 */
public sealed class Event {
    /** The event's id, `evt_…`. */
    public abstract val id: String

    /** The event's type, such as `inbound.message.received`. */
    public abstract val type: String

    /** When the event was made; null when the string that came is not RFC 3339. */
    public abstract val createdAt: Instant?

    /** [createdAt] exactly as it came, mostly with nanoseconds. */
    public abstract val createdAtRaw: String

    /** The exact JSON of the event: keep it, and [fromJson] reads it again. */
    public abstract val raw: String

    /** Whether Prelude's signature was checked. */
    public abstract val verified: Boolean

    /**
     * `inbound.message.received`: a user wrote.
     *
     * @property messageId the message's id, `im_…`. The same on every redelivery.
     * @property channel mostly `whatsapp`.
     * @property from who wrote, a phone number.
     * @property to the business number that received it; for RCS an agent.
     * @property text the text, or the caption of a file; empty when there is none.
     * @property content all that the event's content holds, also what has no name here, as JSON that every
     *   reader takes ([raw] has it as it came). [Notify.inboundMedia] fetches a file.
     * @property replyWindow until when the user may be answered, as far as this event knows.
     */
    public data class InboundMessage(
        override val id: String,
        override val type: String,
        override val createdAt: Instant?,
        override val createdAtRaw: String,
        override val raw: String,
        override val verified: Boolean,
        val messageId: String,
        val channel: String,
        val from: String,
        val to: String,
        val text: String,
        val content: String,
        val replyWindow: ReplyWindow,
    ) : Event() {
        override fun toString(): String =
            "InboundMessage(messageId=${messageId.masked(Mask.WORD)}, " +
                "from=${from.masked(Mask.ADDRESS)}, text=${text.masked(Mask.TEXT)}, " +
                "channel=${channel.masked(Mask.WORD)}, to=${to.masked(Mask.ADDRESS)}, " +
                "id=${id.masked(Mask.WORD)}, createdAt=$createdAt, verified=$verified)"

        public companion object {
            /**
             * A WhatsApp message as a test of your own code needs it: unverified, without a window.
             * [copy] changes the rest.
             */
            public fun of(messageId: String, from: String, text: String): InboundMessage =
                madeMessage(messageId, from, text).toPublic()
        }
    }

    /**
     * `transactional.message.*`: what became of a reply or a template. All but the message's id may
     * be missing.
     *
     * @property status what happened, from the event's type.
     * @property messageId the message's id, `tx_…`: the one that the answer of the call gave.
     * @property correlationId the correlation id of the call that sent the message.
     * @property reason why it failed, such as `carrier_rejected`.
     * @property finalStatus the word of `failed` and `unknown` events: `failed` or `expired`.
     * @property to the receiver.
     * @property channel the channel that was used.
     * @property attemptId the attempt, `att_…`.
     * @property templateId the template, for templates.
     * @property customerUuid the account.
     * @property messageCreatedAt when the message was made.
     * @property expiresAt until when Prelude tries to deliver it.
     * @property fee what it cost.
     */
    public data class Delivery(
        override val id: String,
        override val type: String,
        override val createdAt: Instant?,
        override val createdAtRaw: String,
        override val raw: String,
        override val verified: Boolean,
        val status: DeliveryStatus,
        val messageId: String,
        val correlationId: String?,
        val reason: String?,
        val finalStatus: String?,
        val to: String?,
        val channel: String?,
        val attemptId: String?,
        val templateId: String?,
        val customerUuid: String?,
        val messageCreatedAt: Instant?,
        val messageCreatedAtRaw: String?,
        val expiresAt: Instant?,
        val expiresAtRaw: String?,
        val fee: Fee?,
    ) : Event() {
        override fun toString(): String =
            "Delivery(status=$status, messageId=${messageId.masked(Mask.WORD)}, " +
                "correlationId=${correlationId.masked(Mask.WORD)}, " +
                "reason=${reason.masked(Mask.WORD)}, to=${to.masked(Mask.ADDRESS)}, " +
                "id=${id.masked(Mask.WORD)}, createdAt=$createdAt, verified=$verified)"
    }

    /**
     * `marketing.subscription.*`: a user opted out of marketing messages, in again, or asked for help.
     *
     * @property kind what happened.
     * @property action the word that the user sent: `STOP`, `START`, `HELP`.
     * @property from who sent it.
     * @property to what they wrote to; sometimes a short code.
     * @property receivedAt when it was received.
     */
    public data class OptOut(
        override val id: String,
        override val type: String,
        override val createdAt: Instant?,
        override val createdAtRaw: String,
        override val raw: String,
        override val verified: Boolean,
        val kind: OptOutKind,
        val action: String?,
        val from: String?,
        val to: String?,
        val receivedAt: Instant?,
        val receivedAtRaw: String?,
    ) : Event() {
        override fun toString(): String =
            "OptOut(kind=$kind, from=${from.masked(Mask.ADDRESS)}, " +
                "to=${to.masked(Mask.ADDRESS)}, id=${id.masked(Mask.WORD)}, " +
                "createdAt=$createdAt, verified=$verified)"
    }

    /**
     * An event of a type that this version does not know.
     *
     * @property payload the exact payload, as JSON.
     */
    public data class Unknown(
        override val id: String,
        override val type: String,
        override val createdAt: Instant?,
        override val createdAtRaw: String,
        override val raw: String,
        override val verified: Boolean,
        val payload: String,
    ) : Event() {
        override fun toString(): String =
            "Unknown(type=${type.masked(Mask.WORD)}, id=${id.masked(Mask.WORD)}, " +
                "createdAt=$createdAt, verified=$verified)"
    }

    public companion object {
        /**
         * Reads an event from its JSON, as a push message or a queue carries it. **No signature is
         * checked**: `verified` is false. For webhooks use [Webhook.verify].
         *
         * @throws UnreadableEventException which keeps the bytes.
         */
        public fun fromJson(json: String): Event = fromJson(json.encodeToByteArray())

        /** The same from UTF-8. */
        public fun fromJson(json: ByteArray): Event = translated { readEvent(json).toPublic() }
    }
}

/** What happened to a message. */
public enum class DeliveryStatus {
    /** Prelude accepted it. */
    CREATED,

    /** Prelude handed it to the channel. */
    SUBMITTED,

    /** The channel is delivering it. */
    PENDING_DELIVERY,

    /** The user's device has it. */
    DELIVERED,

    /** It will not arrive. */
    FAILED,

    /** The channel never said. */
    UNKNOWN,
}

/** What a user, or their carrier, asked for. */
public enum class OptOutKind {
    /** No more marketing messages. */
    STOP,

    /** Marketing messages again. */
    START,

    /** Help. */
    HELP,

    /** The carrier cut the number off. */
    CARRIER_DISCONNECT,
}

/**
 * What a message cost, in the API's own strings.
 *
 * @property amount a decimal number, such as `0.05`.
 * @property currency ISO 4217, such as `EUR`.
 */
public data class Fee(val amount: String?, val currency: String?) {
    override fun toString(): String =
        "Fee(amount=${amount.masked(Mask.WORD)}, currency=${currency.masked(Mask.WORD)})"
}
