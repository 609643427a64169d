package dev.backchat

import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.concurrent.thread
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource

/** Seconds, on a busy machine. What is held up never ends. */
private const val IN_TIME = 20L

/** More than any pool of a core has threads for. */
private val MANY = 2 * Runtime.getRuntime().availableProcessors() + 6

/** Code of the user that blocks for ever holds up no other call, and no deadline. */
class UserCodeTest {
    private val fault = FaultServer()
    private val never = CountDownLatch(1)

    @AfterEach
    fun end() {
        never.countDown()
        fault.close()
    }

    private fun client(
        token: (suspend () -> String)? = null,
        timeout: Duration? = null,
        log: ((Attempt) -> Unit)? = null,
    ) = Client(apiToken = "token", baseUrl = fault.url, token = token, timeout = timeout, log = log)

    private suspend fun Client.reply() =
        notify.reply(to = "+33612345678", text = "On it!", replyTo = "im_01k8aq2zggeyssvt53zgvpx63a")

    /**
     * Starts [work] as `suspend fun main` is started, on a thread of its own: it goes on there when an
     * answer comes before the coroutine is suspended.
     */
    private fun <T> start(context: CoroutineContext = EmptyCoroutineContext, work: suspend () -> T) =
        CompletableFuture<T>().also { end ->
            val then = Continuation<T>(context) { it.fold(end::complete, end::completeExceptionally) }
            thread(isDaemon = true) { work.startCoroutine(then) }
        }

    /** A place where many are to block for ever. */
    private inner class Trap(count: Int = MANY) {
        private val caught = CountDownLatch(count)

        fun block() {
            caught.countDown()
            never.await()
        }

        fun awaitAll() = assertTrue(caught.await(IN_TIME, SECONDS), "${caught.count} never got there")
    }

    /** Other calls end in time, each by its own outcome: an answer, and a server that gives none. */
    private fun assertOthersGoOn(client: Client, postsBefore: Int) {
        assertEquals(postsBefore, fault.counts()["posts"].asInt())
        runBlocking { withTimeout(IN_TIME.seconds) { client.reply() } }
        assertTrue(start { client.reply() }.get(IN_TIME, SECONDS).id.startsWith("tx_"))
        fault.script(listOf(mapOf("pace" to mapOf("before_head_ms" to 20_000))))
        val started = System.nanoTime()
        val silent = client(timeout = 300.milliseconds)
        val end = runCatching { start { silent.reply() }.get(IN_TIME, SECONDS) }.exceptionOrNull()
        assertEquals(Outcome.MAYBE_SENT, (end?.cause as? BackchatException)?.outcome, "$end")
        assertTrue(System.nanoTime() - started < 10_000_000_000)
        assertEquals(postsBefore + 3, fault.waitForPosts(postsBefore + 3))
    }

    @Test
    fun `runBlocking after a reply in suspend main`() {
        val client = client()
        val second = start {
            client.reply()
            runBlocking { client.reply().id }
        }
        assertTrue(second.get(IN_TIME, SECONDS).startsWith("tx_"))
        assertEquals(2, fault.waitForPosts(2))
    }

    /** Each may run a coroutine on the thread that resumes it, or has few threads. */
    enum class Where { NO_DISPATCHER, UNCONFINED, DIRECT_EXECUTOR, IO }

    private fun context(where: Where): CoroutineContext = when (where) {
        Where.NO_DISPATCHER -> EmptyCoroutineContext
        Where.UNCONFINED -> Dispatchers.Unconfined
        Where.DIRECT_EXECUTOR -> Executor(Runnable::run).asCoroutineDispatcher()
        Where.IO -> Dispatchers.IO
    }

    @ParameterizedTest
    @EnumSource
    fun `blocking after a reply`(where: Where) {
        val (client, context) = client() to context(where)
        val trap = Trap()
        repeat(MANY) {
            start(context) {
                client.reply()
                trap.block()
            }
        }
        trap.awaitAll()
        assertOthersGoOn(client, MANY)
    }

    @Test
    fun `blocking after a reply that failed`() {
        fault.script(List(MANY) { mapOf("status" to 400, "body" to mapOf("text" to "no")) })
        val client = client()
        val trap = Trap()
        repeat(MANY) {
            start {
                runCatching { client.reply() }
                trap.block()
            }
        }
        trap.awaitAll()
        assertOthersGoOn(client, MANY)
    }

    @Test
    fun `blocking on threads of the caller's own`() {
        val client = client()
        val trap = Trap()
        repeat(MANY) {
            thread(isDaemon = true) {
                runBlocking { client.reply() }
                trap.block()
            }
        }
        trap.awaitAll()
        assertOthersGoOn(client, MANY)
    }

    @Test
    fun `blocking after a client was closed`() {
        val trap = Trap()
        repeat(MANY) {
            start {
                client().closeAndWait()
                trap.block()
            }
        }
        trap.awaitAll()
        assertOthersGoOn(client(), 0)
    }

    @Test
    fun `blocking in the log`() {
        val trap = Trap()
        val logging = List(MANY) { client(log = { trap.block() }) }
        logging.forEach { client -> runBlocking { withTimeout(IN_TIME.seconds) { client.reply() } } }
        trap.awaitAll()
        assertOthersGoOn(logging[0], MANY)
        assertOthersGoOn(client(), MANY + 3)
    }

    @Test
    fun `blocking in the token provider`() {
        val trap = Trap()
        val asking = client(token = { trap.block(); "late" }, timeout = 1.seconds)
        val calls = List(MANY) { start { asking.reply() } }
        trap.awaitAll()
        assertOthersGoOn(client(), 0)
        for (call in calls) {
            val end = runCatching { call.get(IN_TIME, SECONDS) }.exceptionOrNull()?.cause as NotSentException
            assertEquals("timed_out", end.code)
        }
        assertEquals(3, fault.counts()["posts"].asInt())
    }

    @Test
    fun `blocking in a token provider that is cancelled`() {
        val trap = Trap(2 * MANY)
        val catches: suspend () -> String = {
            withContext(Dispatchers.Unconfined) {
                try {
                    awaitCancellation()
                } finally {
                    trap.block()
                }
            }
        }
        val listens: suspend () -> String = {
            suspendCancellableCoroutine { it.invokeOnCancellation { trap.block() } }
        }
        for (token in listOf(catches, listens)) {
            val asking = client(token = token, timeout = 200.milliseconds)
            repeat(MANY) { start { asking.reply() } }
        }
        trap.awaitAll()
        assertOthersGoOn(client(), 0)
    }

    @Test
    fun `the log hears of every attempt in its order`() {
        val heard = LinkedBlockingQueue<Pair<Attempt, Thread>>()
        val client = client(log = { heard.add(it to Thread.currentThread()) })
        val ids = runBlocking { List(50) { client.reply().id } }
        val attempts = List(50) { heard.poll(IN_TIME, SECONDS)!! }
        assertEquals(ids, attempts.map { it.first.sentId })
        assertFalse(attempts.any { it.second.name == "backchat" })
        assertTrue(attempts.all { it.second.isDaemon })
    }

    @Test
    fun `a log that does not return is dropped from, and says so once`() {
        val printed = ByteArrayOutputStream()
        val before = System.err
        System.setErr(PrintStream(printed))
        try {
            val heard = LinkedBlockingQueue<Attempt>()
            val client = client(log = { never.await(); heard.add(it) })
            val ids = runBlocking { List(1_010) { client.reply().id } }
            val end = System.nanoTime() + 20_000_000_000
            while (printed.size() == 0 && System.nanoTime() < end) Thread.sleep(5)
            never.countDown()
            assertEquals(ids.take(1_000), List(1_000) { heard.poll(IN_TIME, SECONDS)?.sentId })
            assertEquals("backchat: the log does not return: reports are dropped\n", "$printed")
            val next = runBlocking { client.reply().id }
            assertEquals(next, heard.poll(IN_TIME, SECONDS)?.sentId)
        } finally {
            System.setErr(before)
        }
    }

    @Test
    fun `a log may throw anything`() {
        val client = client(log = { throw StackOverflowError("canary") })
        runBlocking { repeat(3) { client.reply() } }
        assertEquals(3, fault.counts()["posts"].asInt())
    }

    @Test
    fun `a coroutine that is cancelled beside blocked ones ends at once`() {
        val client = client()
        val trap = Trap()
        repeat(MANY) { start { client.reply(); trap.block() } }
        trap.awaitAll()
        fault.script(listOf(mapOf("pace" to mapOf("before_head_ms" to 20_000))))
        val none = runBlocking { withTimeoutOrNull(300.milliseconds) { client.reply() } }
        assertEquals(null, none)
        assertEquals(MANY + 1, fault.waitForPosts(MANY + 1))
    }

    /** A process of its own, which must end although its code blocks. */
    private fun run(program: String, vararg arguments: String): List<String> {
        val java = "${System.getProperty("java.home")}/bin/java"
        val process = ProcessBuilder(
            java, "-cp", System.getProperty("java.class.path"), "dev.backchat.programs.$program", *arguments,
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val printed = CompletableFuture.supplyAsync { process.inputReader().readLines() }
        try {
            assertTrue(process.waitFor(60, SECONDS), "the process does not end")
            assertEquals(0, process.exitValue())
            return printed.get(IN_TIME, SECONDS)
        } finally {
            process.destroyForcibly()
        }
    }

    @Test
    fun `a suspend main that blocks ends by itself`() {
        assertEquals(2, run("SuspendMainKt", fault.url).size)
        assertEquals(2, fault.counts()["posts"].asInt())
    }

    @Test
    fun `a process whose code blocks everywhere ends`() {
        val printed = run("BlockedKt", fault.url)
        assertEquals("SENT", printed.single())
        assertEquals(3, fault.counts()["posts"].asInt())
    }

    @Test
    fun `a process that ends lets its log hear of the last reply`() {
        assertEquals(listOf("heard of SENT"), run("LastWordKt", fault.url))
        assertEquals(1, fault.counts()["posts"].asInt())
    }
}
