package dev.backchat

import dev.backchat.ffi.windowRemaining
import dev.backchat.ffi.windowState
import dev.backchat.internal.toNative
import dev.backchat.internal.toPublic
import kotlin.time.Clock
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.Instant

/**
 * The 24-hour window, as the event said when it was made.
 *
 * It is information, **not** a gate: a newer message of the same user may have reset the window, so a
 * reply always asks the server, whose `window_expired` is the truth.
 *
 * @property expiresAt when it closes. Null for RCS, which has no window, when the event does not say,
 *   and when what it says is not RFC 3339.
 * @property expiresAtRaw [expiresAt] exactly as it came, mostly with nanoseconds.
 */
@ConsistentCopyVisibility
public data class ReplyWindow internal constructor(
    val expiresAt: Instant?,
    val expiresAtRaw: String?,
    internal val unlimited: Boolean,
) {
    /** The state at [now]. At the very moment of [expiresAt] it is closed. */
    public fun state(now: Instant = Clock.System.now()): WindowState =
        windowState(toNative(), now.toNative()).toPublic()

    /** The time left at [now]: zero once closed, null without a window or when unknown. */
    public fun remaining(now: Instant = Clock.System.now()): Duration? =
        windowRemaining(toNative(), now.toNative())?.let { it.seconds.seconds + it.nanoseconds.nanoseconds }

    override fun toString(): String = "ReplyWindow(expiresAt=$expiresAt)"
}

/** Whether a user may still be answered. */
public enum class WindowState {
    /** A reply is in time. */
    OPEN,

    /** A reply is too late, unless the user wrote again since. */
    CLOSED,

    /** The channel has no window (RCS): a reply is always in time. */
    NONE,

    /** The event does not say. */
    UNKNOWN,
}
