package dev.backchat

import kotlin.time.Duration

/**
 * Everything that is known about an error, side by side. A test of your own code makes one:
 * `MaybeSentException(ErrorDetails(code = "maybe_sent", outcome = Outcome.MAYBE_SENT))`.
 */
public class ErrorDetails(
    public val code: String,
    public val text: String = code,
    public val outcome: Outcome? = null,
    public val safeToRetry: Boolean = false,
    public val retryAfter: Duration? = null,
    public val status: Int? = null,
    public val requestId: String? = null,
    public val correlationId: String? = null,
    public val messageId: String? = null,
    public val advice: String = "",
    public val webhookStatus: Int = 200,
    public val isArgument: Boolean = false,
    public val attempts: Int? = null,
    public val elapsed: Duration? = null,
    public val phase: String? = null,
    public val serverCode: String? = null,
    public val serverMessage: String? = null,
    public val reason: String? = null,
    public val option: String? = null,
    public val verified: Boolean? = null,
    public val raw: ByteArray? = null,
) {
    override fun toString(): String = text
}
