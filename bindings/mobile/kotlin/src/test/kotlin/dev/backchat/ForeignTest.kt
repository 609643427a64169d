package dev.backchat

import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit.SECONDS
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

/** A word of the wire that is none: private, and with what breaks a line of a log or hides it. */
private const val CANARY = "canary\nline\u001b[2J\u2028+33612345678"

/** The same, but what an address shows of it is what breaks a line. */
private const val EDGES = "\n\u001b[31mcanary+33612345678\u2028\n"

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

    private fun all(word: String, vararg names: String) = names.associateWith { word }

    @ParameterizedTest(name = "{index}")
    @ValueSource(strings = [CANARY, EDGES])
    fun `events`(word: String) {
        val inbound = event(
            "inbound.message.received",
            all(word, "message_id", "channel", "from", "to") + mapOf(
                "content" to all(word, "text"), "conversation" to all(word, "window_expires_at"),
            ),
        ) as Event.InboundMessage
        assertClean(inbound)
        assertClean(inbound.replyWindow)
        val delivery = event(
            "transactional.message.failed",
            all(
                word, "message_id", "correlation_id", "reason", "status", "to", "channel", "created_at",
                "expires_at",
            ) + mapOf("fee" to all(word, "amount", "currency")),
        ) as Event.Delivery
        assertClean(delivery)
        assertClean(delivery.fee)
        assertEquals(word, delivery.fee?.currency)
        assertClean(event("marketing.subscription.stop", all(word, "action", "from", "to", "received_at")))
        assertClean(event(word, all(word, "anything")))
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
            "id" to CANARY, "to" to EDGES, "text" to CANARY, "reply_to" to "im_1", "created_at" to CANARY,
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
