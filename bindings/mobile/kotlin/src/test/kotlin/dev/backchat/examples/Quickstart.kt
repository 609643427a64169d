package dev.backchat.examples

import dev.backchat.Client
import dev.backchat.Event
import dev.backchat.ReplyResponse
import dev.backchat.WindowState

/** Shows what was pushed to the app, and answers it through the company's backend. */
suspend fun answer(pushed: String, backend: String, session: Session): ReplyResponse? =
    Client(baseUrl = backend, token = { session.token() }).use { client ->
        val event = Event.fromJson(pushed)
        if (event is Event.InboundMessage) {
            val open = event.replyWindow.state() == WindowState.OPEN
            println("${event.text} (open: $open, closes in ${event.replyWindow.remaining()})")
            client.reply(event, "On it!")
        } else {
            null
        }
    }

/** Whoever is signed in. */
interface Session {
    suspend fun token(): String
}
