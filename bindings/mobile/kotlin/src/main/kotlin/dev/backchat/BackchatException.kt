package dev.backchat

import kotlin.time.Duration

/**
 * Every error of Backchat. [outcome] says what is known about the message, [code] why, [advice] what
 * to do. [message] shows no token, no text and no whole number.
 *
 * @property details everything that is known, side by side.
 */
public sealed class BackchatException(public val details: ErrorDetails) : Exception(details.text) {
    /** Why: stable, and the same in every language, such as `window_expired`. */
    public val code: String get() = details.code

    /** What is known about the message; null for errors that are not about sending. */
    public val outcome: Outcome? get() = details.outcome

    /** Whether the same call may be made again: nothing was sent, and it may go better then. */
    public val safeToRetry: Boolean get() = details.safeToRetry

    /** How long the server asked to wait. */
    public val retryAfter: Duration? get() = details.retryAfter

    /** The HTTP status of the answer, when there was one. */
    public val status: Int? get() = details.status

    /** The id that the API gave to the request, for Prelude's support. */
    public val requestId: String? get() = details.requestId

    /** The correlation id of the call: delivery events carry the same. */
    public val correlationId: String? get() = details.correlationId

    /** The inbound message that the call answered, `im_…`. */
    public val messageId: String? get() = details.messageId

    /** What to do, in one sentence. */
    public val advice: String get() = details.advice

    /** What to answer Prelude when this ends a webhook. */
    public val webhookStatus: Int get() = details.webhookStatus

    /** Whether it was found in the caller's own arguments, before anything was sent. */
    public val isArgument: Boolean get() = details.isArgument

    /** How many POSTs the call tried. */
    public val attempts: Int? get() = details.attempts

    /** From the call to its end. */
    public val elapsed: Duration? get() = details.elapsed

    public companion object {
        /** Every code that this version knows. */
        public val CODES: List<String> by lazy { dev.backchat.ffi.errorCodes() }
    }
}

/**
 * The API refused the request ([Outcome.REJECTED]), or a local check found what it would have refused
 * ([Outcome.NOT_SENT]). The [code] is the API's own, or `redirected` or `http_error` where it named
 * none.
 */
public open class ApiException(details: ErrorDetails) : BackchatException(details) {
    /** The API's own sentence. It may quote numbers and texts: keep it out of logs. */
    public val serverMessage: String? get() = details.serverMessage
}

/** `window_expired`: the 24-hour window has closed. Send a template instead. */
public class WindowExpiredException(details: ErrorDetails) : ApiException(details)

/** `invalid_reply_context`: `replyTo` is not the `messageId` of an inbound message. */
public class InvalidReplyContextException(details: ErrorDetails) : ApiException(details)

/** `phone_number_mismatch`: `to` is not the sender of that inbound message. */
public class PhoneNumberMismatchException(details: ErrorDetails) : ApiException(details)

/** `missing_text`: the text is empty. */
public class MissingTextException(details: ErrorDetails) : ApiException(details)

/** `invalid_phone_number`: `to` is not in E.164 format. */
public class InvalidPhoneNumberException(details: ErrorDetails) : ApiException(details)

/** `insufficient_balance`: the account's balance is too low. */
public class InsufficientBalanceException(details: ErrorDetails) : ApiException(details)

/** A token that is missing, wrong, or not allowed: any 401. */
public class AuthenticationException(details: ErrorDetails) : ApiException(details)

/** Any 429: wait for [retryAfter], then call again. */
public class RateLimitException(details: ErrorDetails) : ApiException(details)

/** Provably nothing was sent: `connection_failed`, `tls_failed`, `timed_out`, `cancelled`. */
public class NotSentException(details: ErrorDetails) : BackchatException(details)

/** `maybe_sent`: nobody can know whether the message was sent. **Do not send it again.** */
public class MaybeSentException(details: ErrorDetails) : BackchatException(details) {
    /** How far the POST had come: `awaiting_answer` or `answered`. */
    public val phase: String? get() = details.phase

    /** The code in the answer's body, such as `internal`. It does not tell either. */
    public val serverCode: String? get() = details.serverCode
}

/** `sent_unconfirmed`: the API accepted the message, but its answer could not be read. */
public class SentUnconfirmedException(details: ErrorDetails) : BackchatException(details)

/** A webhook is not from Prelude, or cannot be shown to be. */
public class SignatureVerificationException(details: ErrorDetails) : BackchatException(details) {
    /** What was wrong, such as `no_key_matches`. */
    public val reason: String? get() = details.reason
}

/** `event_unreadable`: a webhook's body is not an event. The bytes are kept. */
public class UnreadableEventException(details: ErrorDetails) : BackchatException(details) {
    /** The body, byte for byte. */
    public val raw: ByteArray? get() = details.raw

    /** Whether Prelude's signature over it is good. */
    public val verified: Boolean? get() = details.verified
}

/** `configuration`: an option is wrong. */
public class ConfigurationException(details: ErrorDetails) : BackchatException(details) {
    /** The option's name, as [Client] or [Webhook] has it: `baseUrl`. */
    public val option: String? get() = details.option
}

/** `store_unavailable`: an inbox's store cannot be reached. (This library has no inbox.) */
public class StoreException(details: ErrorDetails) : BackchatException(details)
