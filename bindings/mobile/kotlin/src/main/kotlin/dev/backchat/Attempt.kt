package dev.backchat

import dev.backchat.ffi.Mask
import dev.backchat.internal.masked
import kotlin.time.Duration

/**
 * Tells how one request ended: ids, a status, an outcome and a time. Never a text, a number or a
 * token.
 *
 * @property operation `reply`, `send`, or `inbound_media` for a file that was fetched (`SENT` when it came).
 * @property number 1 for the first attempt of a call.
 * @property messageId the inbound message that is answered.
 * @property correlationId the correlation id that was sent along.
 * @property sentId the id of the message that was sent, `tx_…`.
 * @property requestId the id that the API gave to the request.
 * @property status the HTTP status of the answer.
 * @property outcome what is known about the message.
 * @property code the error's code, when it is not simply sent.
 * @property elapsed from the attempt's start to its end.
 * @property detached whether the caller had cancelled and nobody waits for this outcome.
 */
public data class Attempt(
    val operation: String,
    val number: Int,
    val messageId: String?,
    val correlationId: String?,
    val sentId: String?,
    val requestId: String?,
    val status: Int?,
    val outcome: Outcome,
    val code: String?,
    val elapsed: Duration,
    val detached: Boolean,
) {
    /** An id or a code of the server's is shown if it looks like one: what else came must not reach a log. */
    override fun toString(): String =
        "Attempt(operation=$operation, number=$number, messageId=${messageId.masked(Mask.WORD)}, " +
            "correlationId=${correlationId.masked(Mask.WORD)}, sentId=${sentId.masked(Mask.WORD)}, " +
            "requestId=${requestId.masked(Mask.WORD)}, status=$status, outcome=$outcome, " +
            "code=${code.masked(Mask.WORD)}, elapsed=$elapsed, detached=$detached)"
}

/** What is known about a message. */
public enum class Outcome {
    /** Provably without effect: nothing left, or the server said that it did not look. */
    NOT_SENT,

    /** The API refused it. */
    REJECTED,

    /** The API accepted it. */
    SENT,

    /** Bytes left and no answer tells what became of them. Do not send it again. */
    MAYBE_SENT,
}
