package dev.backchat.internal

import dev.backchat.Answer
import dev.backchat.InboundMedia
import dev.backchat.ReplyResponse
import dev.backchat.SendResponse
import dev.backchat.ffi.CallOptions
import dev.backchat.ffi.ClosingListener
import dev.backchat.ffi.Failure
import dev.backchat.ffi.FetchedMedia
import dev.backchat.ffi.Header
import dev.backchat.ffi.MediaListener
import dev.backchat.ffi.ReplyClient
import dev.backchat.ffi.ReplyListener
import dev.backchat.ffi.ReplyOrTemplateListener
import dev.backchat.ffi.RunningCall
import dev.backchat.ffi.SendListener
import kotlin.coroutines.resume
import kotlin.time.Duration
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import dev.backchat.ffi.core.ReplyResponse as NativeReplyResponse
import dev.backchat.ffi.core.SendResponse as NativeSendResponse

/**
 * Starts a call and waits for its end, suspended. Cancelling the coroutine cancels the call, and
 * throws its `CancellationException`.
 */
internal suspend fun <T, L : Waiting<T>> await(
    listener: (CancellableContinuation<() -> T>) -> L,
    start: (L) -> RunningCall,
): T {
    var running: RunningCall? = null
    try {
        val end = suspendCancellableCoroutine { continuation ->
            val call = translated { start(listener(continuation)) }
            running = call
            continuation.invokeOnCancellation { call.cancel() }
        }
        return end()
    } finally {
        running?.destroy()
    }
}

internal suspend fun awaitClosing(client: ReplyClient): Unit = suspendCancellableCoroutine {
    translated {
        client.startClosing(object : ClosingListener {
            override fun closed() = UserCode.run { it.resume(Unit) }
        })
    }
}

internal fun callOptions(timeout: Duration?, maxRetries: Int?, headers: Map<String, String>) =
    CallOptions(timeout?.inWholeNanoseconds, maxRetries, headers.map { Header(it.key, it.value) })

/**
 * A coroutine that waits for the end of its call. The library tells it on the thread that drives all
 * calls. A dispatcher may run the coroutine in place (`Dispatchers.Unconfined`, or none), so it is
 * resumed elsewhere; it makes the answer or the exception itself.
 */
internal sealed class Waiting<T>(private val continuation: CancellableContinuation<() -> T>) {
    fun failed(failure: Failure): Unit = end { throw failure.toException() }

    protected fun end(end: () -> T): Unit = UserCode.run { continuation.resume(end) }
}

internal class WaitingForReply(continuation: CancellableContinuation<() -> ReplyResponse>) :
    Waiting<ReplyResponse>(continuation), ReplyListener {
    override fun sent(response: NativeReplyResponse) = end { response.toPublic() }
}

internal class WaitingForTemplate(continuation: CancellableContinuation<() -> SendResponse>) :
    Waiting<SendResponse>(continuation), SendListener {
    override fun sent(response: NativeSendResponse) = end { response.toPublic() }
}

internal class WaitingForEither(continuation: CancellableContinuation<() -> Answer>) :
    Waiting<Answer>(continuation), ReplyOrTemplateListener {
    override fun replied(response: NativeReplyResponse) = end { response.toPublic() }

    override fun templateSent(response: NativeSendResponse) = end { response.toPublic() }
}

internal class WaitingForMedia(continuation: CancellableContinuation<() -> InboundMedia>) :
    Waiting<InboundMedia>(continuation), MediaListener {
    override fun fetched(media: FetchedMedia) = end { media.toPublic() }
}
