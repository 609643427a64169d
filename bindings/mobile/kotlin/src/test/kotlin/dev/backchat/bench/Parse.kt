// The time of the seed's event from bytes to an object, and where ours goes: `<file>`.
package dev.backchat.bench

import dev.backchat.Event
import dev.backchat.ffi.FfiConverterTypeReadEvent
import dev.backchat.ffi.readEvent
import dev.backchat.ffi.version
import dev.backchat.internal.toPublic
import java.io.File
import java.nio.ByteBuffer

private const val ROUNDS = 10
private const val TIMES = 20_000

fun main(arguments: Array<String>) {
    val seed = File(arguments[0]).readBytes()
    val figures = mapOf(
        "backchat" to best { Event.fromJson(seed) },
        "jackson" to best { MAPPER.readValue(seed, PlainEvent::class.java) },
        "crossing" to best { version() },
        "lift" to lift(seed),
    )
    println(MAPPER.writeValueAsString(figures))
}

/** What the library wrote as an object of Kotlin, without crossing. */
private fun lift(seed: ByteArray): Double {
    val event = readEvent(seed)
    val written = ByteBuffer.allocateDirect(FfiConverterTypeReadEvent.allocationSize(event).toInt())
    FfiConverterTypeReadEvent.write(event, written)
    written.flip()
    return best { FfiConverterTypeReadEvent.read(written.duplicate()).toPublic() }
}

/** Keeps results from being optimised away. */
private var kept: Any? = null

/** Microseconds of one, in the best round. */
private inline fun best(work: () -> Any): Double = List(ROUNDS) {
    val started = System.nanoTime()
    repeat(TIMES) { kept = work() }
    (System.nanoTime() - started) / 1e3 / TIMES
}.min()
