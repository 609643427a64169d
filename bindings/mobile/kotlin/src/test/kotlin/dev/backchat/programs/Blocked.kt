// Code that blocks for ever wherever the library calls it; then one more reply, and the end: `<url>`.
package dev.backchat.programs

import dev.backchat.Attempt
import dev.backchat.Client
import dev.backchat.Outcome
import java.util.concurrent.CountDownLatch
import java.util.concurrent.LinkedBlockingQueue
import kotlin.concurrent.thread
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlinx.coroutines.runBlocking

private val blocked = CountDownLatch(3)

private fun block() {
    blocked.countDown()
    CountDownLatch(1).await()
}

/** On a thread of its own: it goes on there when an answer comes at once. */
private fun start(work: suspend () -> Unit) =
    thread(isDaemon = true) { work.startCoroutine(Continuation(EmptyCoroutineContext) {}) }

private suspend fun reply(client: Client) = client.notify.reply("+33612345678", "On it!", "im_1")

fun main(arguments: Array<String>) {
    val url = arguments[0]
    start { reply(Client(apiToken = "token", baseUrl = url, log = { block() })) }
    start { reply(Client(baseUrl = url, token = { block(); "late" })) }
    start {
        reply(Client(apiToken = "token", baseUrl = url))
        block()
    }
    blocked.await()
    val heard = LinkedBlockingQueue<Attempt>()
    runBlocking { reply(Client(apiToken = "token", baseUrl = url, log = heard::add)) }
    println(heard.take().outcome.takeIf { it == Outcome.SENT })
}
