package dev.backchat.vectors

import com.fasterxml.jackson.databind.JsonNode
import dev.backchat.BackchatException
import dev.backchat.Event
import dev.backchat.JSON
import dev.backchat.UnreadableEventException
import dev.backchat.Webhook
import dev.backchat.WindowState
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.Instant

/** `events.json`: from the bytes of a webhook to an event, or to the reason why there is none. */
fun checkEvent(case: JsonNode) {
    val body = bodyOf(case["body"])
    if (case["calls"].isEmpty) throw Mismatch("no call")
    for (call in case["calls"]) {
        when (call.asText()) {
            "event.from_json" -> {
                checkReceived(case["expect"], body) { Event.fromJson(body) }
                val text = body.decodeToString()
                if (text.encodeToByteArray().contentEquals(body)) {
                    checkReceived(case["expect"], body) { Event.fromJson(text) }
                }
            }
            "webhook.unverified" -> checkReceived(case["expect"], body) {
                Webhook.unverified().verify(body, emptyMap())
            }
            else -> throw Mismatch("no call is called $call")
        }
    }
}

/** `signatures.json`: whose bytes they are. */
fun checkSignature(case: JsonNode, document: Document) {
    val keys = case["keys"].map { document.keys!![it.asText()].asText() }
    val body = case["body"]?.let { bodyOf(document.bodies!![it.asText()]) } ?: ByteArray(0)
    val headers = case["headers"].orEmpty().map { it[0].asText() to it[1].asText() }
    fun webhook() = Webhook(*keys.toTypedArray())
    if (case["call"].asText() == "webhook.new") {
        checkReceived(case["expect"], body) { throw Mismatch("the keys were taken: ${webhook()}") }
        return
    }
    val webhook = webhook()
    checkReceived(case["expect"], body) { webhook.verify(body, headers) }
    if (headers.toMap().size == headers.size) {
        checkReceived(case["expect"], body) { webhook.verify(body, headers.toMap()) }
    }
}

/** `reply_windows.json`: until when a user may be answered, as the event said. */
fun checkWindow(case: JsonNode) {
    val event = Event.fromJson(JSON.writeValueAsString(case["event"]))
    val window = (event as Event.InboundMessage).replyWindow
    val (now, expect) = Instant.parse(case["now"].asText()) to case["expect"]
    same("expires_at", expect.text("expires_at"), window.expiresAtRaw)
    same("state", WindowState.valueOf(expect["state"].asText().uppercase()), window.state(now))
    val remaining = expect["remaining"].takeUnless(JsonNode::isNull)?.let {
        it["seconds"].asLong().seconds + it["nanoseconds"].asInt().nanoseconds
    }
    same("remaining", remaining, window.remaining(now))
}

private fun checkReceived(expect: JsonNode, body: ByteArray, receive: () -> Event) {
    val event = try {
        receive()
    } catch (end: BackchatException) {
        val expected = expect["error"] ?: throw Mismatch("expected an event, got $end")
        if (end is UnreadableEventException) same("raw", body.toList(), end.raw?.toList())
        return check(expected, end)
    }
    val expected = expect["event"] ?: throw Mismatch("expected ${expect["error"]}, got $event")
    same("raw", body.toList(), event.raw.encodeToByteArray().toList())
    includes(expected, fields(event))
}

private fun JsonNode?.orEmpty(): Iterable<JsonNode> = this ?: emptyList()
