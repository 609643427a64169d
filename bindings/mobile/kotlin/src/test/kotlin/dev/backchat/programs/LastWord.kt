// Ends as soon as a reply has come back; its log is slow: `<url>`.
package dev.backchat.programs

import dev.backchat.Client
import kotlinx.coroutines.runBlocking

fun main(arguments: Array<String>) {
    val client = Client(apiToken = "token", baseUrl = arguments[0], log = {
        Thread.sleep(300)
        println("heard of ${it.outcome}")
    })
    runBlocking { client.notify.reply("+33612345678", "On it!", "im_1") }
}
