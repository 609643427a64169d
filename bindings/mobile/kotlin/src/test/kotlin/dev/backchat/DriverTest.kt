package dev.backchat

import dev.backchat.ffi.CallOptions
import dev.backchat.ffi.ClientOptions
import dev.backchat.ffi.Failure
import dev.backchat.ffi.ReplyClient
import dev.backchat.ffi.ReplyListener
import dev.backchat.ffi.ReplyRequest
import dev.backchat.ffi.core.ReplyResponse
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit.SECONDS
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The thread that drives all calls is one thread of the JVM, however often it calls. */
class DriverTest {
    @Test
    fun `it stays known to the JVM, and does not keep it from ending`() = FaultServer().use { fault ->
        val threads = LinkedBlockingQueue<Thread>()
        val listener = object : ReplyListener {
            override fun sent(response: ReplyResponse) = threads.put(Thread.currentThread())

            override fun failed(failure: Failure) = threads.put(Thread("failed: ${failure.text}"))
        }
        val options = ClientOptions(
            "token", fault.url, null, null, null, null, null, null, emptyList(), false, "test",
        )
        val client = ReplyClient(options, null, null)
        val request = ReplyRequest(
            "+33612345678", "Hi", "im_1", null, null, CallOptions(null, null, emptyList()),
        )
        val called = List(20) {
            client.startReply(request, listener).destroy()
            threads.poll(5, SECONDS)!!
        }
        assertEquals("backchat", called[0].name)
        assertEquals(1, called.toSet().size)
        assertTrue(called[0].isDaemon)
        client.destroy()
    }
}
