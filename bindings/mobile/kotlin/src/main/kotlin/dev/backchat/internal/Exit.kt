package dev.backchat.internal

import dev.backchat.ffi.drain
import dev.backchat.ffi.version
import kotlin.time.Duration.Companion.seconds

/** This library's version. */
internal val VERSION: String by lazy { version() }

/** The end of the process waits, at most 2 s, for POSTs that have begun. (Android just ends.) */
internal object Exit {
    init {
        val drains = Thread({ drain(2.seconds.inWholeNanoseconds) }, "backchat-exit")
        Runtime.getRuntime().addShutdownHook(drains)
    }

    /** Called by every client: the hook is set by the first. */
    fun prepare() = Unit
}
