package dev.backchat

import dev.backchat.ffi.ClientOptions
import dev.backchat.ffi.ReplyClient
import dev.backchat.internal.AttemptLog
import dev.backchat.internal.Exit
import dev.backchat.internal.Provider
import dev.backchat.internal.VERSION
import dev.backchat.internal.awaitClosing
import dev.backchat.internal.translated
import kotlin.time.Duration

/**
 * Sends replies and templates, from any number of coroutines. Every call sends **at most one**
 * message, and an exception says what is known about it: [BackchatException.outcome].
 *
 * ```kotlin
 * Client(baseUrl = backend, token = { session.token() }).use { client ->
 *     client.reply(message, "On it!")
 * }
 * ```
 *
 * A phone must not carry the account's API token: there, `baseUrl` is the address of your own
 * backend, and [token] gives what it accepts. What is not given comes from the environment, then
 * from the defaults.
 *
 * A call goes on where its coroutine's dispatcher says, and never on a thread of the library: without a
 * dispatcher, and with `Dispatchers.Unconfined`, on one of `Dispatchers.IO`.
 *
 * Cancelling a coroutine ends its wait. A POST that had not begun never leaves; one that had is
 * finished in the background, and never repeated.
 *
 * @param apiToken the API token, for servers (default `PRELUDE_API_TOKEN`, then `API_TOKEN`).
 * @param baseUrl default `PRELUDE_BASE_URL`, then `https://api.prelude.dev`; `http` for loopback only.
 * @param token gives the token: asked before each call, and once more after a 401. It starts on a thread
 *   of its own and may block: only its own call waits, not longer than its timeout. An exception of its
 *   own is not shown: it may quote a token. The call then ends with `missing_api_token`.
 * @param timeout for one call in all, retries included (8 s).
 * @param connectTimeout for a connection, TLS included (3 s).
 * @param maxRetries how often a POST that provably had no effect is tried again (2).
 * @param maxConnections 100.
 * @param callbackUrl where Prelude posts delivery events (default `PRELUDE_CALLBACK_URL`).
 * @param proxy default `HTTPS_PROXY` and its kin; loopback is never proxied.
 * @param caCertificates certificate authorities to trust besides the trust store, in PEM.
 * @param allowInsecureHttp takes an `http` base URL that is not loopback.
 * @param userAgent default `backchat-kotlin/<version>`.
 * @param log hears of every attempt to POST, one after the other, on a thread of its own, and often a
 *   moment after the call has returned. It may block: no call waits for it.
 * @throws ConfigurationException with the option's name, such as `connectTimeout`.
 * @throws AuthenticationException without a token.
 */
public class Client(
    apiToken: String? = null,
    baseUrl: String? = null,
    token: (suspend () -> String)? = null,
    timeout: Duration? = null,
    connectTimeout: Duration? = null,
    maxRetries: Int? = null,
    maxConnections: Int? = null,
    callbackUrl: String? = null,
    proxy: String? = null,
    caCertificates: List<String> = emptyList(),
    allowInsecureHttp: Boolean = false,
    userAgent: String = "backchat-kotlin/$VERSION",
    log: ((Attempt) -> Unit)? = null,
) : AutoCloseable {
    internal val native: ReplyClient = translated {
        ReplyClient(
            ClientOptions(
                apiToken = apiToken,
                baseUrl = baseUrl,
                timeoutNanoseconds = timeout?.inWholeNanoseconds,
                connectTimeoutNanoseconds = connectTimeout?.inWholeNanoseconds,
                maxRetries = maxRetries,
                maxConnections = maxConnections,
                callbackUrl = callbackUrl,
                proxy = proxy,
                caCertificates = caCertificates,
                allowInsecureHttp = allowInsecureHttp,
                userAgent = userAgent,
            ),
            token?.let(::Provider),
            log?.let(::AttemptLog),
        )
    }

    init {
        Exit.prepare()
    }

    /** The calls as Prelude's documentation groups them. */
    public val notify: Notify = Notify(native)

    /**
     * Answers [message] with [text], as a quoted reply.
     *
     * @param callbackUrl where Prelude posts the delivery events of this reply (default: the client's).
     * @param correlationId at most 80 characters that come back in them (default:
     *   `<messageId>.<12 random characters>`).
     * @param timeout for this call in all.
     * @param maxRetries as for the client.
     * @param headers sent along.
     * @throws BackchatException [MissingTextException] and its kin before anything is sent, then what
     *   the API refuses, and what the network does: [NotSentException], [MaybeSentException],
     *   [SentUnconfirmedException].
     */
    public suspend fun reply(
        message: Event.InboundMessage,
        text: String,
        callbackUrl: String? = null,
        correlationId: String? = null,
        timeout: Duration? = null,
        maxRetries: Int? = null,
        headers: Map<String, String> = emptyMap(),
    ): ReplyResponse = notify.reply(
        to = message.from,
        text = text,
        replyTo = message.messageId,
        callbackUrl = callbackUrl,
        correlationId = correlationId,
        timeout = timeout,
        maxRetries = maxRetries,
        headers = headers,
    )

    /**
     * Answers [message] with [text], or with [template] when the server says that the window has
     * closed; the answer's class says which. Never sends the template after a `maybe_sent`. The
     * template's preferred channel is the message's when it names none; Prelude may fall back to SMS.
     */
    public suspend fun replyOrTemplate(
        message: Event.InboundMessage,
        text: String,
        template: Template,
        timeout: Duration? = null,
        maxRetries: Int? = null,
        headers: Map<String, String> = emptyMap(),
    ): Answer = notify.replyOrTemplate(message, text, template, timeout, maxRetries, headers)

    /**
     * Ends the client and returns at once: no POST begins any more, and those that have begun are
     * finished in the background, for at most 2 s. Calls made later end with `cancelled`.
     */
    override fun close() {
        translated { native.startClosing(null) }
    }

    /** The same, and waits until no POST runs any more, for at most 2 s. */
    public suspend fun closeAndWait(): Unit = awaitClosing(native)

    override fun toString(): String = native.printed()
}
