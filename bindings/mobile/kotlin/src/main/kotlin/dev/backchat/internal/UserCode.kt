package dev.backchat.internal

import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/**
 * Runs code of the user: continuations, logs and token providers. The thread that drives all calls
 * only hands over to it, so that code that blocks holds up nobody else. It uses the threads of
 * [Dispatchers.IO] beside that one's own limit: while all are blocked, another is made. All are daemons.
 */
internal object UserCode {
    /** More than a process has threads. */
    private const val MOST_AT_ONCE = 65_536

    val dispatcher: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(MOST_AT_ONCE)

    /** Runs [work] soon, and returns at once. */
    fun run(work: Runnable): Unit = dispatcher.dispatch(EmptyCoroutineContext, work)
}
