package dev.backchat

import com.fasterxml.jackson.databind.JsonNode

/** `backchat sandbox`, in a process of its own. */
class Sandbox : AutoCloseable {
    private val process: Process =
        ProcessBuilder(environment("BACKCHAT_PROGRAM"), "--json", "sandbox", "--listen", "127.0.0.1:0")
            .redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val control: Control

    val url: String
    val token: String
    val publicKey: String

    init {
        val started = JSON.readTree(process.inputReader().readLine())
        url = started["url"].asText()
        token = started["token"].asText()
        publicKey = started["webhook_public_key"].asText()
        control = Control("$url/sandbox")
    }

    /** A user writes; the event as it would be posted. */
    fun inbound(text: String = "Hi", from: String = "+33612345678"): Event.InboundMessage {
        val event = control.ask("POST", "/inbound", mapOf("from" to from, "text" to text))!!
        return Event.fromJson(JSON.writeValueAsString(event)) as Event.InboundMessage
    }

    /** What the API accepted, in order. */
    fun messages(): List<JsonNode> = control.ask("GET", "/messages")!!.toList()

    fun ask(method: String, path: String, body: Any? = null): JsonNode? =
        control.ask(method, path, body)

    override fun close() {
        process.destroy()
        process.waitFor()
    }
}
