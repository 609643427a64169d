package dev.backchat.internal

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import dev.backchat.ffi.uniffiCallbackInterfaceAttemptListener
import dev.backchat.ffi.uniffiCallbackInterfaceClosingListener
import dev.backchat.ffi.uniffiCallbackInterfaceMediaListener
import dev.backchat.ffi.uniffiCallbackInterfaceReplyListener
import dev.backchat.ffi.uniffiCallbackInterfaceReplyOrTemplateListener
import dev.backchat.ffi.uniffiCallbackInterfaceSendListener
import dev.backchat.ffi.uniffiCallbackInterfaceTokenSource
import dev.backchat.ffi.uniffiForeignFutureDroppedCallbackImpl

/**
 * The one thread that drives all calls. It stays known to the JVM, and does not keep it from ending.
 * Without this each callback makes a Java thread and forgets it.
 */
internal object Driver {
    /** Called before the library gets its callbacks: JNA asks for the initializer when it makes one. */
    fun introduce() {
        val driver = CallbackThreadInitializer(true, false, "backchat")
        for (callback in callbacks()) Native.setCallbackThreadInitializer(callback, driver)
    }

    /** All that the thread calls. */
    private fun callbacks() = listOf(
        uniffiCallbackInterfaceAttemptListener.attempted,
        uniffiCallbackInterfaceAttemptListener.uniffiFree,
        uniffiCallbackInterfaceClosingListener.closed,
        uniffiCallbackInterfaceClosingListener.uniffiFree,
        uniffiCallbackInterfaceMediaListener.fetched,
        uniffiCallbackInterfaceMediaListener.failed,
        uniffiCallbackInterfaceMediaListener.uniffiFree,
        uniffiCallbackInterfaceReplyListener.sent,
        uniffiCallbackInterfaceReplyListener.failed,
        uniffiCallbackInterfaceReplyListener.uniffiFree,
        uniffiCallbackInterfaceReplyOrTemplateListener.replied,
        uniffiCallbackInterfaceReplyOrTemplateListener.templateSent,
        uniffiCallbackInterfaceReplyOrTemplateListener.failed,
        uniffiCallbackInterfaceReplyOrTemplateListener.uniffiFree,
        uniffiCallbackInterfaceSendListener.sent,
        uniffiCallbackInterfaceSendListener.failed,
        uniffiCallbackInterfaceSendListener.uniffiFree,
        uniffiCallbackInterfaceTokenSource.token,
        uniffiCallbackInterfaceTokenSource.uniffiFree,
        uniffiForeignFutureDroppedCallbackImpl,
    )
}
