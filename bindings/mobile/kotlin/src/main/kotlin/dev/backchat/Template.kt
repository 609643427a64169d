package dev.backchat

import dev.backchat.ffi.Mask
import dev.backchat.internal.masked

/**
 * A template and what fills it, without its receiver.
 * [Prelude's page](https://docs.prelude.so/notify/v2/api-reference/send-a-message)
 *
 * A wrong value is found by the call that sends it.
 *
 * @property templateId `template_…`.
 * @property variables exactly those that the template has.
 * @property from the sender (default: the account's).
 * @property locale BCP 47 (default: the template's own).
 * @property expiresAt until when Prelude tries to deliver it, in RFC 3339: `instant.toString()`.
 * @property scheduleAt when to send it, in RFC 3339 (default: now).
 * @property callbackUrl where delivery events go (default: the client's).
 * @property correlationId at most 80 characters that come back in every delivery event.
 * @property preferredChannel `sms`, `rcs` or `whatsapp`; Prelude may fall back to SMS.
 * @property maxAutoRetries how often Prelude tries again by itself.
 * @property document a file that goes along.
 */
public data class Template(
    val templateId: String,
    val variables: Map<String, String> = emptyMap(),
    val from: String? = null,
    val locale: String? = null,
    val expiresAt: String? = null,
    val scheduleAt: String? = null,
    val callbackUrl: String? = null,
    val correlationId: String? = null,
    val preferredChannel: String? = null,
    val maxAutoRetries: Int? = null,
    val document: Document? = null,
) {
    /** Without the variables' values, which are as private as a text. */
    override fun toString(): String =
        "Template(templateId=${templateId.masked(Mask.WORD)}, variables=${variables.keys.masked()}, " +
            "locale=${locale.masked(Mask.WORD)}, preferredChannel=${preferredChannel.masked(Mask.WORD)})"
}

/**
 * A file that goes out with a template.
 *
 * @property url where Prelude fetches it, `https`.
 * @property filename the name that the user sees.
 */
public data class Document(val url: String, val filename: String? = null) {
    /** Without the address, which may be signed. */
    override fun toString(): String = "Document(…)"
}
