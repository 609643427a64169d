package dev.backchat

import com.sun.net.httpserver.HttpServer
import dev.backchat.examples.Backend
import dev.backchat.examples.Session
import dev.backchat.examples.answer
import java.io.File
import java.net.InetSocketAddress
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The README's code runs: an app, its backend, and the sandbox behind it. */
class QuickstartTest {
    @Test
    fun `an app answers through its backend`() = Sandbox().use { sandbox ->
        val backend = Backend(sandbox.url, sandbox.token) { it == "of-the-session" }
        val server = HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0)
        server.createContext("/v2/notify/reply", backend::handle)
        server.start()
        try {
            val session = object : Session {
                override suspend fun token() = "of-the-session"
            }
            val url = "http://127.0.0.1:${server.address.port}"
            val response = runBlocking { answer(sandbox.inbound().raw, url, session) }
            assertEquals("On it!", sandbox.messages().single()["text"].asText())
            assertEquals(response!!.id, sandbox.messages().single()["id"].asText())
        } finally {
            server.stop(0)
        }
    }

    @Test
    fun `the README shows the files that run`() {
        val readme = File("README.md").readText()
        for (name in listOf("Quickstart", "Backend")) {
            val file = File("src/test/kotlin/dev/backchat/examples/$name.kt").readText()
            val shown = file.substringAfter("\n\n").trim()
            assertTrue("```kotlin\n$shown\n```" in readme, name)
        }
    }
}
