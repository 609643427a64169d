package dev.backchat.internal

import dev.backchat.ApiException
import dev.backchat.AuthenticationException
import dev.backchat.BackchatException
import dev.backchat.ConfigurationException
import dev.backchat.ErrorDetails
import dev.backchat.InsufficientBalanceException
import dev.backchat.InvalidPhoneNumberException
import dev.backchat.InvalidReplyContextException
import dev.backchat.MaybeSentException
import dev.backchat.MissingTextException
import dev.backchat.NotSentException
import dev.backchat.PhoneNumberMismatchException
import dev.backchat.RateLimitException
import dev.backchat.SentUnconfirmedException
import dev.backchat.SignatureVerificationException
import dev.backchat.StoreException
import dev.backchat.UnreadableEventException
import dev.backchat.WindowExpiredException
import dev.backchat.ffi.Failed
import dev.backchat.ffi.Failure
import dev.backchat.ffi.Language
import dev.backchat.ffi.core.ErrorClass
import dev.backchat.ffi.spelled
import kotlin.time.Duration.Companion.nanoseconds

/** Runs [work]; what the native library throws becomes an exception of ours. */
internal inline fun <T> translated(work: () -> T): T = try {
    work()
} catch (failed: Failed.Because) {
    throw failed.failure.toException()
}

internal fun Failure.toException(): BackchatException {
    val details = (if (option == null) this else spelled(this, Language.KOTLIN)).details()
    return when (`class`) {
        ErrorClass.WINDOW_EXPIRED -> WindowExpiredException(details)
        ErrorClass.INVALID_REPLY_CONTEXT -> InvalidReplyContextException(details)
        ErrorClass.PHONE_NUMBER_MISMATCH -> PhoneNumberMismatchException(details)
        ErrorClass.MISSING_TEXT -> MissingTextException(details)
        ErrorClass.INVALID_PHONE_NUMBER -> InvalidPhoneNumberException(details)
        ErrorClass.INSUFFICIENT_BALANCE -> InsufficientBalanceException(details)
        ErrorClass.AUTHENTICATION -> AuthenticationException(details)
        ErrorClass.RATE_LIMIT -> RateLimitException(details)
        ErrorClass.API -> ApiException(details)
        ErrorClass.NOT_SENT -> NotSentException(details)
        ErrorClass.MAYBE_SENT -> MaybeSentException(details)
        ErrorClass.SENT_UNCONFIRMED -> SentUnconfirmedException(details)
        ErrorClass.SIGNATURE_VERIFICATION -> SignatureVerificationException(details)
        ErrorClass.UNREADABLE_EVENT -> UnreadableEventException(details)
        ErrorClass.CONFIGURATION -> ConfigurationException(details)
        ErrorClass.STORE -> StoreException(details)
    }
}

private fun Failure.details() = ErrorDetails(
    code = code,
    text = text,
    outcome = outcome?.toPublic(),
    safeToRetry = safeToRetry,
    retryAfter = retryAfterNanoseconds?.nanoseconds,
    status = status?.toInt(),
    requestId = requestId,
    correlationId = correlationId,
    messageId = messageId,
    advice = advice,
    webhookStatus = webhookStatus.toInt(),
    isArgument = isArgument,
    attempts = attempts?.toInt(),
    elapsed = elapsedNanoseconds?.nanoseconds,
    phase = phase,
    serverCode = serverCode,
    serverMessage = serverMessage,
    reason = reason,
    option = option,
    verified = verified,
    raw = raw,
)
