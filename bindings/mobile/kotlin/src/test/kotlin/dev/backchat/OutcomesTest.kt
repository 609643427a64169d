package dev.backchat

import com.fasterxml.jackson.databind.JsonNode
import dev.backchat.vectors.FOLDER
import dev.backchat.vectors.Mismatch
import dev.backchat.vectors.className
import dev.backchat.vectors.same
import dev.backchat.vectors.text
import java.io.File
import java.util.Collections
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import java.util.concurrent.LinkedBlockingQueue
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

private const val AT_ONCE = 6

/**
 * Every row of the table of outcomes that the network can show, over real sockets. What counts is what
 * the server received. `tests/tests/outcomes.rs` is the same in Rust.
 */
class OutcomesTest {
    @Test
    fun `every row of the table`() {
        val cases = JSON.readTree(File(FOLDER, "outcomes.json"))["cases"].toList()
        val free = LinkedBlockingQueue(List(AT_ONCE) { FaultServer() })
        val pool = Executors.newFixedThreadPool(AT_ONCE)
        val ends = pool.invokeAll(cases.map { case ->
            Callable {
                val server = free.take()
                try {
                    Row(case, server).use(Row::run)
                    null
                } catch (why: Exception) { // Whatever it is, the other rows run too.
                    "${case["name"].asText()}: ${if (why is Mismatch) why.message else why}"
                } finally {
                    free.put(server)
                }
            }
        }).mapNotNull { it.get() }
        pool.shutdown()
        free.forEach(FaultServer::close)
        println("outcomes: ${cases.size - ends.size}")
        assertTrue(ends.isEmpty(), ends.joinToString("\n", "${ends.size} failed:\n"))
        assertTrue(cases.isNotEmpty(), "no row ran")
    }
}

private class Row(private val case: JsonNode, private val server: FaultServer) : AutoCloseable {
    private val expect = case["expect"]
    private val warmUp = case["warm_up"]?.asInt() ?: 0
    private val attempts: MutableList<Attempt> = Collections.synchronizedList(ArrayList())
    private var listens = true
    private val client: Client

    init {
        val baseUrl = stage(case.text("server") ?: "plain")
        val tokens = case["tokens"]?.map(JsonNode::asText)?.toMutableList()
        client = Client(
            apiToken = "token",
            token = tokens?.let { { if (it.size > 1) it.removeAt(0) else it[0] } },
            baseUrl = baseUrl,
            timeout = case["timeout_ms"]?.asLong()?.milliseconds,
            connectTimeout = case["connect_timeout_ms"]?.asLong()?.milliseconds,
            maxRetries = case["max_retries"]?.asInt(),
            caCertificates = if (listens) listOf(server.tls("valid").second) else emptyList(),
            allowInsecureHttp = true,
            log = attempts::add,
        )
    }

    /** Where the client is pointed. */
    private fun stage(kind: String): String {
        server.reset()
        server.script(case["script"] ?: emptyList<Any>())
        listens = kind !in setOf("refused", "black_hole", "unknown_host")
        return when (kind) {
            "plain" -> server.url
            "refused", "black_hole" -> server.unreachable(kind)
            "unknown_host" -> "http://backchat.invalid"
            else -> server.tls(kind).first
        }
    }

    private fun reply() = runBlocking {
        client.notify.reply(to = "+33612345678", text = "On it!", replyTo = REPLY_TO)
    }

    fun run() {
        repeat(warmUp) { reply() }
        Thread.sleep(case["pause_ms"]?.asLong() ?: 0)
        val started = System.nanoTime()
        val error = try {
            reply()
            null
        } catch (end: BackchatException) {
            end
        }
        val elapsed = (System.nanoTime() - started) / 1_000_000
        // A second POST that is sent late must be seen too.
        Thread.sleep(20)
        check(error, elapsed)
    }

    private fun check(error: BackchatException?, elapsed: Long) {
        val outcome = error?.let { it.outcome!! } ?: Outcome.SENT
        same("outcome", expect["outcome"].asText(), outcome.name.lowercase())
        if (error != null) {
            checkError(error)
        } else if (expect.has("code")) {
            throw Mismatch("expected ${expect["code"]}, got no error")
        }
        val least = expect["elapsed_at_least_ms"]?.asLong() ?: 0
        if (elapsed < least) throw Mismatch("waited only $elapsed ms")
        val seen = attempts(error?.attempts ?: expect["attempts"]?.asInt() ?: 1)
        expected("attempts", seen.size)
        if (error != null) same("error.attempts", seen.size, error.attempts)
        same("the last outcome in the log", outcome, seen.last().outcome)
        checkServer()
    }

    private fun checkError(error: BackchatException) {
        val codes = expect["code"] ?: throw Mismatch("expected no error, got $error")
        val right = if (codes.isArray) codes.map(JsonNode::asText) else listOf(codes.asText())
        if (error.code !in right) throw Mismatch("code: expected $right, got $error")
        expected("class", className(error))
        expected("phase", (error as? MaybeSentException)?.phase)
        expected("status", error.status)
        expected("server_code", (error as? MaybeSentException)?.serverCode)
        expected("safe_to_retry", error.safeToRetry)
        expected("webhook_status", error.webhookStatus)
        expected("retry_after_ms", error.retryAfter?.inWholeMilliseconds)
        same("message_id", REPLY_TO, error.messageId)
        same("the correlation id names the message", true, error.correlationId!!.startsWith("$REPLY_TO."))
    }

    private fun checkServer() {
        val counts = server.counts()
        same("posts", expect["posts"].asInt(), counts["posts"].asInt())
        if (listens) expected("connections", counts["connections"].asInt())
        val tokens = server.requests().map { it.header("authorization").orEmpty().removePrefix("Bearer ") }
        expected("tokens", tokens)
    }

    /** Those after the warm-up. The log hears of them on a thread of its own, soon. */
    private fun attempts(count: Int): List<Attempt> {
        val end = System.nanoTime() + 2_000_000_000
        while (attempts.size < warmUp + count && System.nanoTime() < end) Thread.sleep(5)
        return synchronized(attempts) { attempts.drop(warmUp) }
    }

    /** What the row does not name may be anything. */
    private fun expected(what: String, got: Any?) {
        if (expect.has(what)) same(what, expect[what].toString(), JSON.writeValueAsString(got))
    }

    override fun close() = client.close()

    private companion object {
        const val REPLY_TO = "im_01k8aq2zggeyssvt53zgvpx63a"
    }
}
