package dev.backchat

import java.io.ByteArrayOutputStream
import java.io.PrintStream
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.MethodSource

/** Whatever a token provider does ends its own call at once, by an error of ours that does not quote it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenTest {
    private val fault = FaultServer()

    @AfterAll
    fun end() = fault.close()

    /** A provider, and the code of the error that it ends in. */
    class Case(private val name: String, val code: String, val token: suspend () -> String) {
        override fun toString() = name
    }

    @Suppress("UNCHECKED_CAST")
    fun cases() = listOf(
        Case("exception", "missing_api_token") { error("canary") },
        Case("error", "missing_api_token") { throw AssertionError("canary") },
        Case("not implemented", "missing_api_token") { TODO("canary") },
        Case("cancellation of its own", "missing_api_token") { throw CancellationException("canary") },
        Case("time-out of its own", "missing_api_token") { withTimeout(1.milliseconds) { awaitCancellation() } },
        Case("null", "missing_api_token", (suspend { null }) as suspend () -> String),
        Case("number", "missing_api_token", (suspend { 7 }) as suspend () -> String),
        Case("nothing", "missing_api_token") { "" },
        Case("line break", "invalid_api_token") { "canary\n" },
        Case("blank", "invalid_api_token") { "canary canary" },
        Case("half of an emoji", "invalid_api_token") { "canary\uD83D" },
        Case("umlaut", "invalid_api_token") { "canaryä" },
    )

    @ParameterizedTest
    @MethodSource("cases")
    fun `a wrong token ends the call`(case: Case) {
        fault.reset()
        val printed = ByteArrayOutputStream()
        val (out, err) = System.out to System.err
        System.setOut(PrintStream(printed))
        System.setErr(PrintStream(printed))
        val thrown = try {
            Client(token = case.token, baseUrl = fault.url, timeout = 60.seconds).use { client ->
                assertThrows(AuthenticationException::class.java) {
                    runBlocking { withTimeout(20.seconds) { client.notify.reply("+33612345678", "Hi", "im_1") } }
                }
            }
        } finally {
            System.setOut(out)
            System.setErr(err)
        }
        assertEquals(case.code, thrown.code)
        assertEquals(Outcome.NOT_SENT, thrown.outcome)
        for (shown in listOf("$printed", thrown.stackTraceToString(), thrown.details.toString(), thrown.advice)) {
            assertFalse("canary" in shown, shown)
        }
        assertEquals(0, fault.counts()["posts"].asInt())
    }
}
