package dev.backchat

import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit.SECONDS
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

/** A word of the wire that is none: private, and with what breaks a line of a log or hides it. */
private const val CANARY = "canary\nline\u001b[2J\u2028+33612345678"

/** Nothing that a server or a forged event wrote is printed whole, whatever field it stands in. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ForeignTest {
    private val fault = FaultServer()

    @AfterAll
    fun end() = fault.close()

    private fun assertClean(what: Any?) {
        for (shown in listOf("$what", "${listOf(what)}", "${mapOf("it" to what)}")) {
            assertFalse("canary" in shown || "612345" in shown, shown)
            assertFalse(shown.any { it.isISOControl() || it == '\u2028' }, shown)
        }
    }

    private fun event(type: String, payload: Map<String, Any?>): Event = Event.fromJson(
        JSON.writeValueAsString(
            mapOf("id" to CANARY, "type" to type, "created_at" to CANARY, "payload" to payload),
        ),
    )

    @Test
    fun `events`() {
        val content = mapOf("text" to CANARY)
        val inbound = event(
            "inbound.message.received",
            mapOf(
                "message_id" to CANARY, "channel" to CANARY, "from" to CANARY, "to" to CANARY,
                "content" to content, "conversation" to mapOf("window_expires_at" to CANARY),
            ),
        ) as Event.InboundMessage
        assertClean(inbound)
        assertClean(inbound.replyWindow)
        val delivery = event(
            "transactional.message.failed",
            mapOf(
                "message_id" to CANARY, "correlation_id" to CANARY, "reason" to CANARY, "status" to CANARY,
                "to" to CANARY, "channel" to CANARY, "created_at" to CANARY, "expires_at" to CANARY,
                "fee" to mapOf("amount" to CANARY, "currency" to CANARY),
            ),
        ) as Event.Delivery
        assertClean(delivery)
        assertClean(delivery.fee)
        assertEquals(CANARY, delivery.fee?.currency)
        val optOut = mapOf("action" to CANARY, "from" to CANARY, "to" to CANARY, "received_at" to CANARY)
        assertClean(event("marketing.subscription.stop", optOut))
        assertClean(event(CANARY, mapOf("anything" to CANARY)))
    }

    @Test
    fun `events that cannot be read`() {
        val unreadable = listOf(
            CANARY, "\"$CANARY", "{\"$CANARY", "{\"id\": {\"$CANARY", "[\"canary\"]", "{\"canary\": canary}",
            """{"id": 1, "type": "canary", "created_at": "canary", "payload": "canary"}""",
            """{"id": "evt_1", "type": "inbound.message.received", "created_at": "x", "payload": "canary"}""",
            """{"id": "evt_1", "type": "inbound.message.received", "created_at": "x",
                "payload": {"message_id": {"canary": 1}, "from": ["canary"]}}""",
        )
        for (json in unreadable) assertClean(runCatching { Event.fromJson(json) }.exceptionOrNull()!!)
    }

    /** What is printed of a reply that is answered so: its response or error, and its attempts. */
    private fun assertAnswerIsClean(step: Map<String, Any>) {
        fault.reset()
        fault.script(listOf(step))
        val attempts = LinkedBlockingQueue<Attempt>()
        Client(apiToken = "canary", baseUrl = fault.url, maxRetries = 0, log = attempts::add).use { client ->
            val end = runCatching {
                runBlocking { client.notify.reply("+33612345678", "canary", "im_1", correlationId = "own") }
            }
            end.onSuccess { assertClean(it) }.onFailure {
                assertClean(it.toString())
                assertClean(it.message)
                assertClean((it as BackchatException).details)
                assertFalse("canary" in it.stackTraceToString())
            }
        }
        assertClean(attempts.poll(5, SECONDS)!!)
        assertEquals(1, fault.counts()["posts"].asInt())
    }

    @Test
    fun `answers and refusals`() {
        val answer = mapOf(
            "id" to CANARY, "to" to CANARY, "text" to CANARY, "reply_to" to "im_1", "created_at" to CANARY,
            "callback_url" to "https://user:canary@host/canary?token=canary", "correlation_id" to "own",
        )
        assertAnswerIsClean(mapOf("status" to 200, "body" to mapOf("json" to answer)))
        val refusal = mapOf("code" to CANARY, "message" to CANARY, "type" to CANARY, "request_id" to CANARY)
        for (status in listOf(400, 401, 403, 404, 409, 422, 429, 500, 503, 307)) {
            assertAnswerIsClean(mapOf("status" to status, "body" to mapOf("json" to refusal)))
            assertAnswerIsClean(mapOf("status" to status, "body" to mapOf("text" to "<p>canary\n")))
        }
        assertAnswerIsClean(mapOf("status" to 200, "body" to mapOf("text" to "canary\n")))
    }

    @Test
    fun `what a caller gives`() {
        val template = Template(
            CANARY, mapOf(CANARY to CANARY), CANARY, CANARY, CANARY, CANARY, CANARY, CANARY, CANARY,
            document = Document("https://user:canary@h/canary?canary", CANARY),
        )
        assertClean(template)
        assertClean(template.document)
        val proxy = "http://user:canary@127.0.0.1:9"
        val callback = "https://user:canary@host/canary?canary=1"
        assertClean(Client(apiToken = "canary", proxy = proxy, callbackUrl = callback))
        val wrong = listOf<() -> Any>(
            { Client(apiToken = "t", baseUrl = "https://user:canary@host") },
            { Client(apiToken = "t", baseUrl = "canary\n://") },
            { Client(apiToken = "t", baseUrl = "ftp://canary") },
            { Client(apiToken = "t", proxy = "ftp://user:canary@host") },
            { Client(apiToken = "t", callbackUrl = "canary\n") },
            { Client(apiToken = "t", userAgent = "canary\n") },
            { Client(apiToken = "t", caCertificates = listOf("canary\n")) },
            { Client(apiToken = "canary\n") },
            { Webhook("canary\n") },
            { Webhook("-----BEGIN PUBLIC KEY-----\ncanary\n-----END PUBLIC KEY-----") },
            { Webhook("""{"keys": [{"canary": "canary"}]}""") },
        )
        for (make in wrong) assertClean(runCatching(make).exceptionOrNull() as BackchatException)
        Client(apiToken = "t", baseUrl = "http://127.0.0.1:9").use { client ->
            val calls = listOf<suspend () -> Any>(
                { client.notify.reply(CANARY, "Hi", "im_1") },
                { client.notify.reply("+33612345678", "Hi", CANARY) },
                { client.notify.reply("+33612345678", "Hi", "im_1", callbackUrl = CANARY) },
                { client.notify.reply("+33612345678", "Hi", "im_1", correlationId = CANARY) },
                { client.notify.reply("+33612345678", "Hi", "im_1", headers = mapOf(CANARY to "x")) },
                { client.notify.reply("+33612345678", "Hi", "im_1", headers = mapOf("x" to CANARY)) },
                { client.notify.send(CANARY, "+33612345678") },
                { client.notify.send("template_1", "+33612345678", from = CANARY) },
                { client.notify.send("template_1", "+33612345678", locale = CANARY) },
                { client.notify.send("template_1", "+33612345678", expiresAt = CANARY) },
                { client.notify.send("template_1", "+33612345678", document = Document(CANARY)) },
            )
            for (call in calls) {
                assertClean(runCatching { runBlocking { call() } }.exceptionOrNull() as BackchatException)
            }
        }
    }
}
