package dev.backchat

import dev.backchat.vectors.Document as Vectors
import dev.backchat.vectors.className
import java.net.ServerSocket
import java.net.Socket
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.MethodSource

/** One list of errors for all languages, each raised through the real path. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ErrorsTest {
    private val fault = FaultServer()

    @AfterAll
    fun end() = fault.close()

    private fun client(url: String = "http://127.0.0.1:9") =
        Client(apiToken = "token", baseUrl = url, maxRetries = 0, connectTimeout = 200.milliseconds)

    private fun reply(client: Client, text: String = "Hi") = client.use {
        runBlocking { it.notify.reply(to = "+33612345678", text = text, replyTo = "im_1") }
    }

    private fun answering(step: Map<String, Any>): ReplyResponse {
        fault.reset()
        fault.script(listOf(step))
        return reply(client(fault.url))
    }

    private fun refusing(code: String): ReplyResponse {
        val status = mapOf("unauthorized" to 401, "rate_limited" to 429)[code] ?: 400
        return answering(mapOf("status" to status, "body" to mapOf("json" to mapOf("code" to code))))
    }

    private fun raise(code: String): Any = when (code) {
        "redirected" -> answering(mapOf("status" to 307))
        "http_error" -> answering(mapOf("status" to 400, "body" to mapOf("text" to "no")))
        "connection_failed" -> reply(client(fault.unreachable("refused")))
        "tls_failed" -> reply(client(fault.tls("self_signed").first))
        "timed_out" -> neverAccepted()
        "cancelled" -> client().let { it.close(); reply(it) }
        "maybe_sent" -> answering(mapOf("status" to 502, "body" to mapOf("text" to "")))
        "sent_unconfirmed" -> answering(mapOf("status" to 200, "body" to mapOf("text" to "<html>")))
        "signature_missing" -> Webhook(KEY).verify("{}".encodeToByteArray(), emptyMap())
        "signature_invalid" ->
            Webhook(KEY).verify("{}".encodeToByteArray(), mapOf("X-Webhook-Signature" to "no"))
        "event_unreadable" -> Event.fromJson("{}")
        "configuration" -> client("ftp://here")
        else -> refusing(code)
    }

    /** A queue of pending connections that is full: nobody accepts, and nothing is sent. */
    private fun neverAccepted(): ReplyResponse = ServerSocket(0, 1).use { server ->
        val waiting = List(8) {
            Socket().also { socket ->
                runCatching { socket.connect(server.localSocketAddress, 20) }
            }
        }
        try {
            reply(client("http://127.0.0.1:${server.localPort}"))
        } finally {
            waiting.forEach(Socket::close)
        }
    }

    /** All but the inbox's: there is no inbox here. */
    fun codes(): List<String> = BackchatException.CODES - "store_unavailable"

    @ParameterizedTest
    @MethodSource("codes")
    fun `every code is raised as its class`(code: String) {
        val error = assertThrows(BackchatException::class.java) { raise(code) }
        assertEquals(code, error.code)
        assertTrue(error.advice.isNotEmpty())
        assertTrue(error.message!!.startsWith(code), error.message)
        val generic = error::class == ApiException::class
        assertEquals(CLASSES[code] ?: ApiException::class, error::class, code)
        assertEquals(!CLASSES.containsKey(code), generic)
    }

    @Test
    fun `there are as many codes as in Rust`() {
        assertEquals(49, BackchatException.CODES.size)
        assertTrue("store_unavailable" in BackchatException.CODES)
    }

    @Test
    fun `a wrong argument is told from a refusal`() {
        val wrong = assertThrows(MissingTextException::class.java) { reply(client(), text = "") }
        assertEquals(Outcome.NOT_SENT, wrong.outcome)
        assertTrue(wrong.isArgument)
        val refused = assertThrows(MissingTextException::class.java) { refusing("missing_text") }
        assertEquals(Outcome.REJECTED, refused.outcome)
        assertFalse(refused.isArgument)
    }

    @Test
    fun `a new code keeps its string`() {
        val error = assertThrows(ApiException::class.java) { refusing("moon_phase") }
        assertEquals("moon_phase", error.code)
        assertEquals("ApiError", className(error))
    }

    @Test
    fun `a wrong option is named as it is written here`() {
        val wrong = listOf<Pair<String, () -> Any>>(
            "timeout" to { Client(apiToken = "t", timeout = Duration.ZERO) },
            "timeout" to { Client(apiToken = "t", timeout = (-1).milliseconds) },
            "timeout" to { Client(apiToken = "t", timeout = -Duration.INFINITE) },
            "connectTimeout" to { Client(apiToken = "t", connectTimeout = Duration.ZERO) },
            "connectTimeout" to { Client(apiToken = "t", connectTimeout = (-1).milliseconds) },
            "maxRetries" to { Client(apiToken = "t", maxRetries = -1) },
            "maxRetries" to { Client(apiToken = "t", maxRetries = Int.MIN_VALUE) },
            "maxConnections" to { Client(apiToken = "t", maxConnections = 0) },
            "maxConnections" to { Client(apiToken = "t", maxConnections = -1) },
            "baseUrl" to { Client(apiToken = "t", baseUrl = "http://example.com") },
            "baseUrl" to { Client(apiToken = "t", baseUrl = "") },
            "proxy" to { Client(apiToken = "t", proxy = "socks://here") },
            "caCertificates" to { Client(apiToken = "t", caCertificates = listOf("no")) },
            "userAgent" to { Client(apiToken = "t", userAgent = "a\nb") },
            "publicKeys" to { Webhook() },
            "publicKeys" to { Webhook("no") },
            "publicKeys" to { Webhook.fromEnvironment() },
            "timeout" to { call { notify.reply(TO, "Hi", "im_1", timeout = Duration.ZERO) } },
            "timeout" to { call { notify.send("template_1", TO, timeout = (-1).milliseconds) } },
            "maxRetries" to { call { notify.reply(TO, "Hi", "im_1", maxRetries = -1) } },
            "headers" to { call { notify.reply(TO, "Hi", "im_1", headers = mapOf("host" to "h")) } },
            "maxAutoRetries" to { call { notify.send("template_1", TO, maxAutoRetries = -1) } },
        )
        for ((option, make) in wrong) {
            val error = assertThrows(ConfigurationException::class.java, { make() }, option)
            assertEquals(option, error.option)
            assertTrue("`$option`" in error.message!!, error.message)
            assertTrue(error.isArgument)
            assertFalse(Regex("`[a-z]+_[a-z_]+`").containsMatchIn(error.message!!), error.message)
        }
        assertInstanceOf(AuthenticationException::class.java, runCatching { Client() }.exceptionOrNull())
    }

    private fun call(work: suspend Client.() -> Any) = client().use { runBlocking { it.work() } }

    @Test
    fun `a time-out without end is one`() {
        fault.reset()
        val client = Client(apiToken = "t", baseUrl = fault.url, timeout = Duration.INFINITE)
        assertTrue(reply(client).id.startsWith("tx_"))
    }

    @Test
    fun `half of an emoji is sent as a replacement character`() {
        fault.reset()
        reply(client(fault.url), "Hi \uD83D")
        assertEquals("Hi \uFFFD", fault.requests().single().body()["text"].asText())
        assertEquals("Hi \uFFFD!", Event.InboundMessage.of("im_1", TO, "Hi \uDE00!").text)
    }

    private companion object {
        const val TO = "+33612345678"

        /** The codes that have a class of their own. */
        val CLASSES = mapOf(
            "window_expired" to WindowExpiredException::class,
            "invalid_reply_context" to InvalidReplyContextException::class,
            "phone_number_mismatch" to PhoneNumberMismatchException::class,
            "missing_text" to MissingTextException::class,
            "invalid_phone_number" to InvalidPhoneNumberException::class,
            "insufficient_balance" to InsufficientBalanceException::class,
            "missing_api_token" to AuthenticationException::class,
            "invalid_api_token" to AuthenticationException::class,
            "invalid_api_key" to AuthenticationException::class,
            "unauthorized" to AuthenticationException::class,
            "rate_limited" to RateLimitException::class,
            "connection_failed" to NotSentException::class,
            "tls_failed" to NotSentException::class,
            "timed_out" to NotSentException::class,
            "cancelled" to NotSentException::class,
            "maybe_sent" to MaybeSentException::class,
            "sent_unconfirmed" to SentUnconfirmedException::class,
            "signature_missing" to SignatureVerificationException::class,
            "signature_invalid" to SignatureVerificationException::class,
            "event_unreadable" to UnreadableEventException::class,
            "configuration" to ConfigurationException::class,
        )

        val KEY: String = Vectors("signatures").keys!!["rsa-2048-a"].asText()
    }
}
