package dev.backchat.internal

import dev.backchat.Attempt
import dev.backchat.ffi.AttemptListener
import dev.backchat.ffi.AttemptReport
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.EmptyCoroutineContext

/**
 * The log of one client: hears the reports one after the other, in their order, on a thread of
 * [UserCode]. A log that blocks keeps nothing waiting but its own client's later reports, and of those
 * not more than [MOST_WAITING]: the rest are dropped, which is printed.
 */
internal class AttemptLog(private val log: (Attempt) -> Unit) : AttemptListener {
    private val turns = UserCode.dispatcher.limitedParallelism(1)
    private val waiting = AtomicInteger()
    private val isFull = AtomicBoolean()

    override fun attempted(report: AttemptReport) {
        if (waiting.get() >= MOST_WAITING) {
            if (!isFull.getAndSet(true)) UserCode.run { print("does not return: reports are dropped") }
            return
        }
        waiting.incrementAndGet()
        Exit.begin()
        turns.dispatch(EmptyCoroutineContext) { hear(report) }
    }

    private fun hear(report: AttemptReport) = try {
        log(report.toPublic())
    } catch (why: Throwable) {
        // What it says may be private.
        print("threw ${why::class.java.name}")
    } finally {
        waiting.decrementAndGet()
        isFull.set(false)
        Exit.end()
    }

    private fun print(what: String) = System.err.println("backchat: the log $what")

    private companion object {
        const val MOST_WAITING = 1_000
    }
}
