package dev.backchat.internal

import dev.backchat.ffi.drain
import dev.backchat.ffi.version
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import kotlin.time.Duration.Companion.seconds

/** This library's version. */
internal val VERSION: String by lazy { version() }

/**
 * The end of the process waits for POSTs that have begun, and for the logs to hear of them: together
 * for at most 2 s, whatever the logs do. (Android just ends.)
 */
internal object Exit {
    private val limit = 2.seconds.inWholeNanoseconds
    private val lock = ReentrantLock()
    private val heard = lock.newCondition()
    private var unheard = 0

    init {
        Runtime.getRuntime().addShutdownHook(Thread(::finish, "backchat-exit"))
    }

    /** Called by every client: the hook is set by the first. */
    fun prepare() = Unit

    /** A log has yet to hear of an attempt. */
    fun begin(): Unit = lock.withLock { unheard++ }

    /** It has. */
    fun end(): Unit = lock.withLock { if (--unheard == 0) heard.signalAll() }

    private fun finish() {
        val end = System.nanoTime() + limit
        drain(limit)
        lock.withLock {
            var left = end - System.nanoTime()
            while (unheard > 0 && left > 0) left = heard.awaitNanos(left)
        }
    }
}
