package dev.backchat

import dev.backchat.ffi.Mask
import dev.backchat.internal.masked

/**
 * The file that a user sent.
 *
 * @property contentType the `Content-Type`, such as `image/jpeg`.
 * @property filename the file's name, without directories. The user chose it: do not take it for a path
 *   as it is.
 * @property bytes the file itself, at most 5 MiB.
 */
public class InboundMedia internal constructor(
    public val contentType: String?,
    public val filename: String?,
    public val bytes: ByteArray,
) {
    /** Without the name, and with the file's size alone. */
    override fun toString(): String =
        "InboundMedia(contentType=${contentType.masked(Mask.TEXT)}, " +
            "filename=${filename.masked(Mask.TEXT)}, bytes=${bytes.size})"
}
