package dev.backchat.internal

import dev.backchat.ffi.NoToken
import dev.backchat.ffi.TokenSource

/** The token provider of a client. The library starts it on a thread of [UserCode], and cancels it there. */
internal class Provider(private val token: suspend () -> String) : TokenSource {
    override suspend fun token(): String {
        // From Java, or by an unchecked cast, it may give anything.
        @Suppress("UNCHECKED_CAST")
        val ask = token as suspend () -> Any?
        val given = try {
            ask()
        } catch (_: Throwable) {
            // What it says stays here: it may quote a token.
            null
        }
        return given as? String ?: throw NoToken.Unavailable()
    }
}
