package dev.backchat.vectors

import com.fasterxml.jackson.databind.JsonNode
import dev.backchat.BackchatException
import dev.backchat.ConfigurationException
import dev.backchat.MaybeSentException
import dev.backchat.SignatureVerificationException
import dev.backchat.UnreadableEventException
import java.math.BigDecimal
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

private val KNOWN = setOf(
    "class", "code", "outcome", "safe_to_retry", "webhook_status", "status", "request_id",
    "retry_after", "retry_after_within", "server_code", "phase", "reason", "option", "verified",
)

/** Whether [error] is the expected one. A field that is left out is null. */
fun check(expected: JsonNode, error: BackchatException) {
    if (error.advice.isEmpty()) throw Mismatch("${error.code} has no advice")
    if (!error.message!!.startsWith(error.code)) throw Mismatch("its message is ${error.message}")
    same("fields of the case that nobody reads", emptySet<String>(), expected.fieldNames().asSequence().toSet() - KNOWN)
    same("class", expected.text("class"), className(error))
    same("code", expected.text("code"), error.code)
    same("outcome", expected.text("outcome"), error.outcome?.name?.lowercase())
    same("safe_to_retry", expected["safe_to_retry"].asBoolean(), error.safeToRetry)
    same("webhook_status", expected["webhook_status"].asInt(), error.webhookStatus)
    same("status", expected.text("status")?.toInt(), error.status)
    same("request_id", expected.text("request_id"), error.requestId)
    val wait = expected.text("retry_after")?.let(::seconds)
    val within = expected.text("retry_after_within")?.let(::seconds)
    val waited = error.retryAfter
    if (within == null || wait == null || waited == null) {
        same("retry_after", wait, waited)
    } else if ((waited - wait).absoluteValue > within) {
        throw Mismatch("retry_after: expected $wait, got $waited")
    }
    same("server_code", expected.text("server_code"), (error as? MaybeSentException)?.serverCode)
    same("phase", expected.text("phase"), (error as? MaybeSentException)?.phase)
    same("reason", expected.text("reason"), (error as? SignatureVerificationException)?.reason)
    same("option", expected.text("option")?.let(::spelled), (error as? ConfigurationException)?.option)
    same("verified", expected.text("verified"), (error as? UnreadableEventException)?.verified?.toString())
}

/** The name of an exception's class as the vectors have it. */
fun className(error: BackchatException): String =
    error::class.simpleName!!.removeSuffix("Exception") + "Error"

private fun seconds(written: String): Duration =
    BigDecimal(written).movePointRight(9).longValueExact().nanoseconds

/** An option's name in Kotlin. */
private fun spelled(name: String): String = when (name) {
    "ca_certificate" -> "caCertificates"
    "public_key" -> "publicKeys"
    else -> name.split("_").let { words -> words[0] + words.drop(1).joinToString("") { it.replaceFirstChar(Char::uppercase) } }
}
