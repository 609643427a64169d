package dev.backchat

import dev.backchat.vectors.FOLDER
import java.io.File
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What was allocated on either side is freed: the process stays as large as it was. */
class LeakTest {
    private val seed = File(FOLDER, "seed-event.json").readBytes()

    @Test
    fun `parsed events leave nothing behind`() =
        stays("events", rounds = 5, each = 20_000) { Event.fromJson(seed) }

    @Test
    fun `replies leave nothing behind`() = FaultServer().use { fault ->
        Client(apiToken = "token", baseUrl = fault.url).use { client ->
            val message = Event.fromJson(seed) as Event.InboundMessage
            runBlocking { stays("replies", rounds = 5, each = 2_000) { client.reply(message, "On it!") } }
        }
    }

    /** After the first round, which fills pools and caches. */
    private inline fun stays(what: String, rounds: Int, each: Int, work: () -> Unit) {
        val sizes = List(rounds) {
            repeat(each) { work() }
            System.gc()
            resident()
        }
        println("leaks: ${rounds * each} $what, MiB after each fifth: $sizes")
        val grown = sizes.last() - sizes[1]
        assertTrue(grown <= ALLOWED, "$what: grown by $grown MiB: $sizes")
    }

    /** MiB of memory, as Linux counts it. */
    private fun resident(): Long {
        val line = File("/proc/self/status").readLines().first { it.startsWith("VmRSS:") }
        return line.filter(Char::isDigit).toLong() / 1024
    }

    private companion object {
        /** MiB. 6,000 leaked replies of 4 KiB, or 60,000 events of 500 bytes, would be more. */
        const val ALLOWED = 16L
    }
}
