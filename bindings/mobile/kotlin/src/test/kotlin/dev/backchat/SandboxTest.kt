package dev.backchat

import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

/** The whole way, against `backchat sandbox`. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SandboxTest {
    private val sandbox = Sandbox()

    @BeforeEach
    fun reset() {
        sandbox.ask("POST", "/reset")
    }

    @AfterAll
    fun end() = sandbox.close()

    private fun client(
        maxRetries: Int? = null,
        log: ((Attempt) -> Unit)? = null,
        token: (suspend () -> String)? = null,
    ) = Client(
        apiToken = sandbox.token, baseUrl = sandbox.url, token = token, maxRetries = maxRetries, log = log,
    )

    private fun fault(vararg fields: Pair<String, Any>) {
        sandbox.ask("POST", "/faults", mapOf(*fields))
    }

    private fun waitForMessages(count: Int) {
        val end = System.nanoTime() + 2_000_000_000
        while (sandbox.messages().size < count && System.nanoTime() < end) Thread.sleep(10)
    }

    @Test
    fun `a reply quotes its message`() = runBlocking {
        client().use { client ->
            val message = sandbox.inbound("When do you open?")
            assertEquals(WindowState.OPEN, message.replyWindow.state())
            assertTrue(message.replyWindow.remaining()!! > (23 * 3600).seconds)
            val response = client.reply(message, "At nine.")
            assertTrue(response.id.startsWith("tx_"))
            assertTrue(response.correlationId!!.startsWith("${message.messageId}."))
            val sent = sandbox.messages().single()
            assertEquals("At nine.", sent["text"].asText())
            assertEquals("When do you open?", sent["quoted_text"].asText())
            assertEquals(response.id, sent["id"].asText())
        }
    }

    @Test
    fun `the file of a user is fetched`() = runBlocking {
        val photo = ByteArray(300_000) { it.toByte() }
        val file = mapOf(
            "content_type" to "image/jpeg",
            "filename" to "été.jpg",
            "data" to java.util.Base64.getEncoder().encodeToString(photo),
        )
        val sent = sandbox.ask("POST", "/inbound", mapOf("from" to "+33612345678", "file" to file))!!
        val message = Event.fromJson(JSON.writeValueAsString(sent)) as Event.InboundMessage
        assertEquals("", message.text)
        assertTrue("image/jpeg" in message.content, message.content)
        client().use { client ->
            val media = client.notify.inboundMedia(message.messageId)
            assertEquals("image/jpeg", media.contentType)
            assertEquals("été.jpg", media.filename)
            assertTrue(photo.contentEquals(media.bytes))
            assertEquals("InboundMedia(contentType=[10 characters], filename=[7 characters], bytes=300000)", "$media")
            client.reply(message, "Nice!")
            assertEquals("Nice!", sandbox.messages().single()["text"].asText())
            val none = assertThrows(BackchatException::class.java) {
                runBlocking { client.notify.inboundMedia(sandbox.inbound("no file").messageId) }
            }
            assertEquals(404, none.status)
            val wrong = assertThrows(InvalidReplyContextException::class.java) {
                runBlocking { client.notify.inboundMedia("../im_1") }
            }
            assertEquals("invalid_reply_context", wrong.code)
        }
    }

    @Test
    fun `a template is sent once the window has closed`() = runBlocking {
        sandbox.ask("POST", "/templates", mapOf("id" to "template_order", "text" to "Order {{order}}"))
        client().use { client ->
            val template = Template("template_order", variables = mapOf("order" to "7"))
            val message = sandbox.inbound()
            assertTrue(client.replyOrTemplate(message, "Hello", template) is ReplyResponse)
            sandbox.ask("POST", "/clock/advance", mapOf("seconds" to 86_400))
            val error = assertThrows(WindowExpiredException::class.java) {
                runBlocking { client.reply(message, "Hello") }
            }
            assertEquals(Outcome.REJECTED, error.outcome)
            val answer = client.replyOrTemplate(message, "Hello", template) as SendResponse
            assertEquals(mapOf("order" to "7"), answer.variables)
            assertEquals("Order 7", sandbox.messages().last()["text"].asText())
        }
    }

    @Test
    fun `maybe sent says so, and is not repeated`() = runBlocking {
        client().use { client ->
            fault("kind" to "reset", "after" to "request", "processed" to true)
            val message = sandbox.inbound()
            val error = assertThrows(MaybeSentException::class.java) {
                runBlocking { client.reply(message, "On it!") }
            }
            assertEquals(Outcome.MAYBE_SENT, error.outcome)
            assertFalse(error.safeToRetry)
            assertEquals(1, error.attempts)
            assertEquals(message.messageId, error.messageId)
            assertEquals(error.correlationId, sandbox.messages().single()["correlation_id"].asText())
        }
    }

    @Test
    fun `an answer that is cut is sent but unconfirmed`() = runBlocking {
        client().use { client ->
            fault("kind" to "cut_body", "processed" to true)
            val error = assertThrows(SentUnconfirmedException::class.java) {
                runBlocking { client.reply(sandbox.inbound(), "On it!") }
            }
            assertEquals(Outcome.SENT, error.outcome)
            assertEquals(1, sandbox.messages().size)
        }
    }

    @Test
    fun `a 429 waits as asked`() = runBlocking {
        client().use { client ->
            fault("kind" to "status", "status" to 429, "retry_after" to 1)
            val started = System.nanoTime()
            client.reply(sandbox.inbound(), "On it!")
            assertTrue(System.nanoTime() - started >= 1_000_000_000)
        }
        client(maxRetries = 0).use { client ->
            fault("kind" to "status", "status" to 429, "retry_after" to 7)
            val error = assertThrows(RateLimitException::class.java) {
                runBlocking { client.reply(sandbox.inbound(), "On it!") }
            }
            assertEquals(7.seconds, error.retryAfter)
            assertTrue(error.safeToRetry)
        }
    }

    @Test
    fun `a 401 asks for a new token once`() = runBlocking {
        val asked = AtomicInteger()
        val token: suspend () -> String = {
            delay(1)
            if (asked.incrementAndGet() == 1) "expired" else sandbox.token
        }
        client(token = token).use { it.reply(sandbox.inbound(), "On it!") }
        assertEquals(2, asked.get())
        assertEquals(1, sandbox.messages().size)
    }

    @Test
    fun `a token that cannot be had is no secret's leak`() = runBlocking {
        client(token = { error("canary") }).use { client ->
            val error = assertThrows(AuthenticationException::class.java) {
                runBlocking { client.reply(sandbox.inbound(), "On it!") }
            }
            assertEquals("missing_api_token", error.code)
            assertEquals(Outcome.NOT_SENT, error.outcome)
            assertFalse("canary" in error.stackTraceToString())
        }
    }

    @Test
    fun `cancelled before its POST began a reply never leaves`() = runBlocking {
        val (asked, tokenCancelled) = CompletableDeferred<Unit>() to CompletableDeferred<Unit>()
        val token: suspend () -> String = {
            asked.complete(Unit)
            try {
                delay(60.seconds)
            } catch (cancelled: CancellationException) {
                tokenCancelled.complete(Unit)
                throw cancelled
            }
            "never"
        }
        client(token = token).use { client ->
            val message = sandbox.inbound()
            val thrown = CompletableDeferred<Throwable>()
            val job = launch(Dispatchers.Default) {
                try {
                    client.reply(message, "On it!")
                } catch (why: Throwable) {
                    thrown.complete(why)
                    throw why
                }
            }
            asked.await()
            job.cancel()
            assertTrue(withTimeout(1.seconds) { thrown.await() } is CancellationException)
            withTimeout(1.seconds) { tokenCancelled.await() }
            job.join()
            assertEquals(emptyList<Any>(), sandbox.messages())
        }
    }

    @Test
    fun `cancelled after its POST began it is finished in the background, once`() = runBlocking {
        val attempts = java.util.concurrent.LinkedBlockingQueue<Attempt>()
        client(log = attempts::add).use { client ->
            fault("kind" to "delay", "milliseconds" to 600, "processed" to true)
            val message = sandbox.inbound()
            val started = System.nanoTime()
            val answer = withTimeoutOrNull(0.3.seconds) { client.reply(message, "On it!") }
            assertEquals(null, answer)
            assertTrue(System.nanoTime() - started < 550_000_000, "the wait ends at once")
            val attempt = attempts.poll(3, java.util.concurrent.TimeUnit.SECONDS)!!
            assertTrue(attempt.detached)
            assertEquals(Outcome.SENT, attempt.outcome)
            waitForMessages(1)
            assertEquals("On it!", sandbox.messages().single()["text"].asText())
        }
    }

    @Test
    fun `closing lets a begun POST end`() = runBlocking {
        val client = client()
        fault("kind" to "delay", "milliseconds" to 300, "processed" to false)
        val message = sandbox.inbound()
        val reply = async(Dispatchers.Default) { client.reply(message, "On it!") }
        delay(0.1.seconds)
        client.closeAndWait()
        assertTrue(reply.isCompleted || withTimeout(1.seconds) { reply.await().id.isNotEmpty() })
        assertEquals(1, sandbox.messages().size)
        val error = assertThrows(NotSentException::class.java) {
            runBlocking { client.reply(message, "Again") }
        }
        assertEquals("cancelled", error.code)
    }

    @Test
    fun `many coroutines share one client`() = runBlocking {
        client().use { client ->
            val messages = List(40) { sandbox.inbound("Hi $it", "+336123456${10 + it}") }
            val ids = messages.map { async(Dispatchers.Default) { client.reply(it, "On it!").id } }.awaitAll()
            assertEquals(40, ids.toSet().size)
            assertEquals(ids.toSet(), sandbox.messages().map { it["id"].asText() }.toSet())
        }
    }

    @Test
    fun `the log holds ids, a status, an outcome and a time`() = runBlocking {
        val attempts = java.util.concurrent.LinkedBlockingQueue<Attempt>()
        client(log = attempts::add).use { client ->
            val message = sandbox.inbound("canary-text")
            val response = client.reply(message, "canary-answer")
            val attempt = attempts.poll(3, java.util.concurrent.TimeUnit.SECONDS)!!
            assertEquals("reply", attempt.operation)
            assertEquals(message.messageId, attempt.messageId)
            assertEquals(response.id, attempt.sentId)
            assertEquals(response.correlationId, attempt.correlationId)
            assertEquals(200, attempt.status)
            assertEquals(Outcome.SENT, attempt.outcome)
            assertTrue(attempt.elapsed.isPositive())
            for (secret in listOf("canary", message.from, sandbox.token)) {
                assertFalse(secret in attempt.toString(), secret)
            }
        }
    }

    @Test
    fun `a log that throws does not end the call`() = runBlocking {
        client(log = { error("a full disk") }).use { it.reply(sandbox.inbound(), "On it!") }
        assertEquals(1, sandbox.messages().size)
    }

    @Test
    fun `a server verifies webhooks`() {
        val received = java.util.concurrent.LinkedBlockingQueue<Pair<ByteArray, Map<String, String>>>()
        val server = com.sun.net.httpserver.HttpServer.create(java.net.InetSocketAddress("127.0.0.1", 0), 0)
        server.createContext("/") {
            val headers = it.requestHeaders.mapValues { (_, values) -> values.first() }
            received.add(it.requestBody.readBytes() to headers)
            it.sendResponseHeaders(200, -1)
            it.close()
        }
        server.start()
        try {
            sandbox.ask("PUT", "/webhook", mapOf("url" to "http://127.0.0.1:${server.address.port}/"))
            val written = sandbox.inbound("Hi")
            val (body, headers) = received.take()
            val event = Webhook(sandbox.publicKey).verify(body, headers) as Event.InboundMessage
            assertEquals(written.copy(verified = true, raw = event.raw), event)
            val forged = assertThrows(SignatureVerificationException::class.java) {
                Webhook(sandbox.publicKey).verify(body + 32, headers)
            }
            assertEquals("no_key_matches", forged.reason)
            assertEquals(401, forged.webhookStatus)
        } finally {
            server.stop(0)
        }
    }
}
