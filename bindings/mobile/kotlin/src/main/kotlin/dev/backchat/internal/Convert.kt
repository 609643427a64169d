package dev.backchat.internal

import dev.backchat.Attempt
import dev.backchat.DeliveryStatus
import dev.backchat.Event
import dev.backchat.Fee
import dev.backchat.InboundMedia
import dev.backchat.OptOutKind
import dev.backchat.Outcome
import dev.backchat.ReplyResponse
import dev.backchat.ReplyWindow
import dev.backchat.SendResponse
import dev.backchat.Template
import dev.backchat.WindowState
import dev.backchat.ffi.AttemptReport
import dev.backchat.ffi.DocumentRequest
import dev.backchat.ffi.FetchedMedia
import dev.backchat.ffi.MadeMessage
import dev.backchat.ffi.Mask
import dev.backchat.ffi.ReadEvent
import dev.backchat.ffi.TemplateRequest
import dev.backchat.ffi.core.WireMoment
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Instant
import dev.backchat.ffi.core.DeliveryStatus as NativeDeliveryStatus
import dev.backchat.ffi.core.Event as NativeEvent
import dev.backchat.ffi.core.InboundMessage as NativeInboundMessage
import dev.backchat.ffi.core.Instant as NativeInstant
import dev.backchat.ffi.core.OptOutKind as NativeOptOutKind
import dev.backchat.ffi.core.Outcome as NativeOutcome
import dev.backchat.ffi.core.ReplyResponse as NativeReplyResponse
import dev.backchat.ffi.core.ReplyWindow as NativeReplyWindow
import dev.backchat.ffi.core.SendResponse as NativeSendResponse
import dev.backchat.ffi.core.WindowState as NativeWindowState

/** What may be printed of it. */
internal fun String?.masked(mask: Mask): String? = this?.let { dev.backchat.ffi.masked(it, mask) }

/** What may be printed of names. */
internal fun Iterable<String>.masked(): List<String?> = map { it.masked(Mask.WORD) }

internal fun ReadEvent.toPublic(): Event = when (val event = event) {
    is NativeEvent.InboundMessage -> event.v1.toPublic(eventType)
    is NativeEvent.Delivery -> event.v1.let {
        Event.Delivery(
            it.id, eventType, it.createdAt.moment(), it.createdAt.wire, it.raw, it.verified,
            it.status.toPublic(), it.messageId, it.correlationId, it.reason, it.finalStatus, it.to,
            it.channel, it.attemptId, it.templateId, it.customerUuid,
            it.messageCreatedAt?.moment(), it.messageCreatedAt?.wire,
            it.expiresAt?.moment(), it.expiresAt?.wire,
            it.fee?.let { fee -> Fee(fee.amount, fee.currency) },
        )
    }
    is NativeEvent.OptOut -> event.v1.let {
        Event.OptOut(
            it.id, eventType, it.createdAt.moment(), it.createdAt.wire, it.raw, it.verified,
            it.kind.toPublic(), it.action, it.from, it.to,
            it.receivedAt?.moment(), it.receivedAt?.wire,
        )
    }
    is NativeEvent.Unknown -> event.v1.let {
        Event.Unknown(
            it.id, eventType, it.createdAt.moment(), it.createdAt.wire, it.raw, it.verified,
            it.payload,
        )
    }
}

internal fun MadeMessage.toPublic(): Event.InboundMessage = message.toPublic(eventType)

private fun NativeInboundMessage.toPublic(type: String) = Event.InboundMessage(
    id, type, createdAt.moment(), createdAt.wire, raw, verified,
    messageId, channel, from, to, text, content, replyWindow.toPublic(),
)

internal fun NativeReplyResponse.toPublic() = ReplyResponse(
    id, to, text, replyTo, createdAt?.moment(), createdAt?.wire, callbackUrl, correlationId, requestId, raw,
)

internal fun NativeSendResponse.toPublic() = SendResponse(
    id, to, templateId, variables, createdAt?.moment(), createdAt?.wire, expiresAt?.moment(),
    expiresAt?.wire, from, callbackUrl, correlationId, scheduleAt?.moment(), scheduleAt?.wire, encoding,
    estimatedSegmentCount?.toLong(), requestId, raw,
)

internal fun FetchedMedia.toPublic() = InboundMedia(contentType, filename, bytes)

internal fun AttemptReport.toPublic() = Attempt(
    operation, number.toInt(), messageId, correlationId, sentId, requestId, status?.toInt(),
    outcome.toPublic(), code, elapsedNanoseconds.nanoseconds, detached,
)

internal fun Template.toNative() = TemplateRequest(
    templateId, variables, from, locale, expiresAt, scheduleAt, callbackUrl, correlationId,
    preferredChannel, maxAutoRetries, document?.let { DocumentRequest(it.url, it.filename) },
)

internal fun ReplyWindow.toNative() =
    NativeReplyWindow(expiresAtRaw?.let { WireMoment(it, null) }, unlimited)

internal fun Instant.toNative() = NativeInstant(epochSeconds, nanosecondsOfSecond)

internal fun NativeOutcome.toPublic(): Outcome = when (this) {
    NativeOutcome.NOT_SENT -> Outcome.NOT_SENT
    NativeOutcome.REJECTED -> Outcome.REJECTED
    NativeOutcome.SENT -> Outcome.SENT
    NativeOutcome.MAYBE_SENT -> Outcome.MAYBE_SENT
}

internal fun NativeWindowState.toPublic(): WindowState = when (this) {
    NativeWindowState.OPEN -> WindowState.OPEN
    NativeWindowState.CLOSED -> WindowState.CLOSED
    NativeWindowState.NONE -> WindowState.NONE
    NativeWindowState.UNKNOWN -> WindowState.UNKNOWN
}

private fun NativeReplyWindow.toPublic() =
    ReplyWindow(expiresAt?.moment(), expiresAt?.wire, unlimited)

private fun NativeDeliveryStatus.toPublic(): DeliveryStatus = when (this) {
    NativeDeliveryStatus.CREATED -> DeliveryStatus.CREATED
    NativeDeliveryStatus.SUBMITTED -> DeliveryStatus.SUBMITTED
    NativeDeliveryStatus.PENDING_DELIVERY -> DeliveryStatus.PENDING_DELIVERY
    NativeDeliveryStatus.DELIVERED -> DeliveryStatus.DELIVERED
    NativeDeliveryStatus.FAILED -> DeliveryStatus.FAILED
    NativeDeliveryStatus.UNKNOWN -> DeliveryStatus.UNKNOWN
}

private fun NativeOptOutKind.toPublic(): OptOutKind = when (this) {
    NativeOptOutKind.STOP -> OptOutKind.STOP
    NativeOptOutKind.START -> OptOutKind.START
    NativeOptOutKind.HELP -> OptOutKind.HELP
    NativeOptOutKind.CARRIER_DISCONNECT -> OptOutKind.CARRIER_DISCONNECT
}

private fun WireMoment.moment(): Instant? =
    instant?.let { Instant.fromEpochSeconds(it.seconds, it.nanoseconds) }
