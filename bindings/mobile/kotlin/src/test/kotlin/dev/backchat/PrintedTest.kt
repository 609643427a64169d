package dev.backchat

import java.io.File
import dev.backchat.vectors.FOLDER
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Test

/** What is printed shows no text, no token, and no whole number. */
class PrintedTest {
    private val event = Event.fromJson(File(FOLDER, "seed-event.json").readText()) as Event.InboundMessage

    @Test
    fun `an event is printed masked`() {
        assertFalse(event.text in event.toString())
        assertFalse(event.from in event.toString())
        assertFalse(event.to in event.toString())
        assertEquals(true, "from=+33…78" in event.toString(), event.toString())
        assertFalse(event.raw in listOf(event).toString())
    }

    @Test
    fun `a changed copy is printed as it is now`() {
        assertEquals(true, "text=[2 characters]" in event.copy(text = "Hi").toString())
    }

    @Test
    fun `answers, templates and clients hide what is private`() {
        val reply = ReplyResponse(
            "tx_1", "+33612345678", "canary", "im_1", null, null, "https://u:canary@host/", null, null, "canary",
        )
        val sent = SendResponse(
            "tx_1", "+33612345678", "template_1", mapOf("name" to "canary"), null, null, null, null,
            null, null, null, null, null, null, null, null, "canary",
        )
        val template = Template("template_1", mapOf("name" to "canary"), document = Document("https://h/canary"))
        val client = Client(apiToken = "canary", baseUrl = "http://127.0.0.1:9")
        for (printed in listOf(reply, sent, template, client)) {
            assertFalse("canary" in printed.toString(), printed.toString())
            assertFalse("+33612345678" in printed.toString(), printed.toString())
        }
        client.close()
    }

    @Test
    fun `a message can be made for a test`() {
        val made = Event.InboundMessage.of("im_1", "+33612345678", "Hi")
        assertEquals(made, Event.fromJson(made.raw))
        assertEquals(WindowState.UNKNOWN, made.replyWindow.state())
    }
}
