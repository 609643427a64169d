package dev.backchat

import dev.backchat.ffi.Header
import dev.backchat.ffi.WebhookVerifier
import dev.backchat.internal.toPublic
import dev.backchat.internal.translated

/**
 * Turns webhook requests into events, on a server: checks Prelude's signature over the raw body, then
 * reads it. [Prelude's page](https://docs.prelude.so/notify/v2/documentation/webhook)
 */
public class Webhook private constructor(private val native: WebhookVerifier) {
    /**
     * @param publicKeys the webhook's public key from Prelude's dashboard, as PEM (line breaks or `\n`)
     *   or JWKS; several, for the days of a rotation.
     * @throws ConfigurationException for no key, a private one, or one under 2048 bits.
     */
    public constructor(vararg publicKeys: String) :
        this(translated { WebhookVerifier(publicKeys.asList()) })

    /**
     * Checks the signature over [body], the raw bytes as they were received, and reads the event.
     *
     * @param headers pairs of name and value; a name may come twice.
     * @throws SignatureVerificationException with a `reason`.
     * @throws UnreadableEventException which keeps the bytes, when the signature is good but the body
     *   is no event. [BackchatException.webhookStatus] is what to answer.
     */
    public fun verify(body: ByteArray, headers: Iterable<Pair<String, String>>): Event = translated {
        native.verify(body, headers.map { (name, value) -> Header(name, value) }).toPublic()
    }

    /** The same with a map of headers. */
    public fun verify(body: ByteArray, headers: Map<String, String>): Event =
        verify(body, headers.toList())

    override fun toString(): String = native.printed()

    public companion object {
        /** Takes the key from `PRELUDE_WEBHOOK_PUBLIC_KEY`. */
        public fun fromEnvironment(): Webhook =
            Webhook(translated { WebhookVerifier.fromEnvironment() })

        /**
         * Takes every request, whoever sent it: for accounts that have not enabled signing, behind a
         * network that lets only Prelude in. Events have `verified` false.
         */
        public fun unverified(): Webhook = Webhook(WebhookVerifier.unverified())
    }
}
