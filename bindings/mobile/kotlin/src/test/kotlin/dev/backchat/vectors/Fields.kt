package dev.backchat.vectors

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.TextNode
import dev.backchat.Answer
import dev.backchat.Event
import dev.backchat.JSON
import dev.backchat.ReplyResponse
import dev.backchat.SendResponse

/** The fields of an event by their names on the wire. */
fun fields(event: Event): Map<String, Any?> = mapOf(
    "id" to event.id,
    "type" to event.type,
    "created_at" to event.createdAtRaw,
    "verified" to event.verified,
) + when (event) {
    is Event.InboundMessage -> mapOf(
        "message_id" to event.messageId,
        "channel" to event.channel,
        "from" to event.from,
        "to" to event.to,
        "text" to event.text,
        "content" to paired(JSON.readTree(event.content)),
        "reply_window" to mapOf("expires_at" to event.replyWindow.expiresAtRaw),
    )
    is Event.Delivery -> mapOf(
        "status" to event.status.name.lowercase(),
        "message_id" to event.messageId,
        "correlation_id" to event.correlationId,
        "reason" to event.reason,
        "final_status" to event.finalStatus,
        "to" to event.to,
        "channel" to event.channel,
        "attempt_id" to event.attemptId,
        "template_id" to event.templateId,
        "customer_uuid" to event.customerUuid,
        "message_created_at" to event.messageCreatedAtRaw,
        "expires_at" to event.expiresAtRaw,
        "fee" to event.fee?.let { mapOf("amount" to it.amount, "currency" to it.currency) },
    )
    is Event.OptOut -> mapOf(
        "kind" to event.kind.name.lowercase(),
        "action" to event.action,
        "from" to event.from,
        "to" to event.to,
        "received_at" to event.receivedAtRaw,
    )
    is Event.Unknown -> mapOf("payload" to paired(JSON.readTree(event.payload)))
}

/** The fields of an answer by their names on the wire. */
fun fields(answer: Answer): Map<String, Any?> = mapOf(
    "id" to answer.id,
    "to" to answer.to,
    "created_at" to answer.createdAtRaw,
    "callback_url" to answer.callbackUrl,
    "correlation_id" to answer.correlationId,
    "request_id" to answer.requestId,
) + when (answer) {
    is ReplyResponse -> mapOf(
        "sent" to "reply",
        "text" to answer.text,
        "reply_to" to answer.replyTo,
    )
    is SendResponse -> mapOf(
        "sent" to "template",
        "template_id" to answer.templateId,
        "variables" to answer.variables,
        "expires_at" to answer.expiresAtRaw,
        "from" to answer.from,
        "schedule_at" to answer.scheduleAtRaw,
        "encoding" to answer.encoding,
        "estimated_segment_count" to answer.estimatedSegmentCount,
    )
}

/** Jackson keeps half a surrogate pair, which no text in UTF-8 can hold: U+FFFD stands for it. */
private fun paired(json: JsonNode): Any? = when {
    json is TextNode -> json.asText().replace(Regex("[\\uD800-\\uDFFF]"), "\uFFFD")
    json.isObject -> json.properties().associate { (name, value) -> name to paired(value) }
    json.isArray -> json.map(::paired)
    else -> json
}
