// A second reply, blocking, where the first has suspended: `<url>`.
package dev.backchat.programs

import dev.backchat.Client
import kotlinx.coroutines.runBlocking

suspend fun main(arguments: Array<String>) {
    val client = Client(apiToken = "token", baseUrl = arguments[0])
    println(client.notify.reply("+33612345678", "1", "im_1").id)
    runBlocking { println(client.notify.reply("+33612345678", "2", "im_1").id) }
}
