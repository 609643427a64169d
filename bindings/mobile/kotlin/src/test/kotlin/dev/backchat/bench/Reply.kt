// The CPU time of many replies through one client: `<client> <url> <in flight>`.
package dev.backchat.bench

import com.sun.management.OperatingSystemMXBean
import dev.backchat.Client
import java.lang.management.ManagementFactory
import kotlin.system.exitProcess
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** The JVM compiles for as long. */
private const val WARM_UP = 5_000
private const val REPLIES = 10_000
private const val TO = "+33612345678"
private const val TEXT = "Thanks for reaching out! We'll look into your request."
private const val REPLY_TO = "im_01k8aq2zggeyssvt53zgvpx63a"

fun main(arguments: Array<String>) {
    val (who, url, inFlight) = arguments
    val one = sender(who, url)
    runBlocking { send(WARM_UP, inFlight.toInt(), one) }
    val system = ManagementFactory.getOperatingSystemMXBean() as OperatingSystemMXBean
    val before = system.processCpuTime
    runBlocking { send(REPLIES, inFlight.toInt(), one) }
    val used = system.processCpuTime - before
    println("""{"microseconds": ${used / 1e3 / REPLIES}}""")
    exitProcess(0)
}

/** Sends one reply, and gives its id. */
private fun sender(who: String, url: String): suspend () -> String {
    if (who == "backchat") {
        val client = Client(apiToken = "token", baseUrl = url)
        return { client.notify.reply(TO, TEXT, REPLY_TO).id }
    }
    val peer = Peer(url)
    return { peer.reply(TO, TEXT, REPLY_TO).id }
}

/** All coroutines share `runBlocking`'s thread: the count needs no lock. */
private suspend fun send(count: Int, inFlight: Int, one: suspend () -> String) = coroutineScope {
    var left = count
    repeat(inFlight) {
        launch {
            while (left > 0) {
                left--
                check(one().startsWith("tx_"))
            }
        }
    }
}
