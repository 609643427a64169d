package dev.backchat.internal

import dev.backchat.ffi.CallEnd
import dev.backchat.ffi.CallListener
import dev.backchat.ffi.CallOptions
import dev.backchat.ffi.ClosingListener
import dev.backchat.ffi.Header
import dev.backchat.ffi.ReplyClient
import dev.backchat.ffi.RunningCall
import kotlin.coroutines.Continuation
import kotlin.coroutines.resume
import kotlin.time.Duration
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Starts a call and waits for its end, suspended. Cancelling the coroutine cancels the call, and
 * throws its `CancellationException`.
 */
internal suspend fun await(start: (CallListener) -> RunningCall): CallEnd {
    var running: RunningCall? = null
    try {
        return suspendCancellableCoroutine { continuation ->
            val call = translated { start(Listener(continuation)) }
            running = call
            continuation.invokeOnCancellation { call.cancel() }
        }
    } finally {
        running?.destroy()
    }
}

internal suspend fun awaitClosing(client: ReplyClient): Unit = suspendCancellableCoroutine {
    translated {
        client.startClosing(object : ClosingListener {
            override fun closed() = it.resume(Unit)
        })
    }
}

internal fun callOptions(timeout: Duration?, maxRetries: Int?, headers: Map<String, String>) =
    CallOptions(timeout?.inWholeNanoseconds, maxRetries, headers.map { Header(it.key, it.value) })

private class Listener(private val continuation: Continuation<CallEnd>) : CallListener {
    override fun ended(end: CallEnd) = continuation.resume(end)
}
