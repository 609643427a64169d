package dev.backchat.internal

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import dev.backchat.ffi.drain
import dev.backchat.ffi.uniffiCallbackInterfaceAttemptListener
import dev.backchat.ffi.uniffiCallbackInterfaceCallListener
import dev.backchat.ffi.uniffiCallbackInterfaceClosingListener
import dev.backchat.ffi.uniffiCallbackInterfaceTokenSource
import dev.backchat.ffi.version
import kotlin.time.Duration.Companion.seconds

/** This library's version. */
internal val VERSION: String by lazy { version() }

/** The end of the process waits, at most 2 s, for POSTs that have begun. (Android just ends.) */
internal object Exit {
    init {
        val drains = Thread({ drain(2.seconds.inWholeNanoseconds) }, "backchat-exit")
        Runtime.getRuntime().addShutdownHook(drains)
        // The one thread that drives all calls stays known to the JVM, and does not keep it from ending.
        val driver = CallbackThreadInitializer(true, false, "backchat")
        for (callback in CALLBACKS) Native.setCallbackThreadInitializer(callback, driver)
    }

    /** Called by every client: the hook is set by the first. */
    fun prepare() = Unit
}

/** What that thread calls, whichever comes first. */
private val CALLBACKS = listOf(
    uniffiCallbackInterfaceAttemptListener.attempted,
    uniffiCallbackInterfaceAttemptListener.uniffiFree,
    uniffiCallbackInterfaceCallListener.ended,
    uniffiCallbackInterfaceCallListener.uniffiFree,
    uniffiCallbackInterfaceClosingListener.closed,
    uniffiCallbackInterfaceClosingListener.uniffiFree,
    uniffiCallbackInterfaceTokenSource.token,
    uniffiCallbackInterfaceTokenSource.uniffiFree,
)
