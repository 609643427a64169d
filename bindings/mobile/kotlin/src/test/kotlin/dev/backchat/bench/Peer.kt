package dev.backchat.bench

import com.fasterxml.jackson.annotation.JsonCreator
import com.fasterxml.jackson.annotation.JsonProperty
import com.fasterxml.jackson.databind.DeserializationFeature
import com.fasterxml.jackson.databind.ObjectMapper
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import kotlinx.coroutines.future.await

val MAPPER: ObjectMapper = ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)

/** The same call as one writes it without this library. */
class Peer(url: String) {
    private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
    private val address = URI("$url/v2/notify/reply")

    suspend fun reply(to: String, text: String, replyTo: String): PlainAnswer {
        val body = MAPPER.writeValueAsBytes(PlainRequest(to, text, replyTo))
        val request = HttpRequest.newBuilder(address)
            .header("authorization", "Bearer token").header("content-type", "application/json")
            .POST(BodyPublishers.ofByteArray(body)).build()
        val answer = http.sendAsync(request, BodyHandlers.ofByteArray()).await()
        check(answer.statusCode() == 200)
        return MAPPER.readValue(answer.body(), PlainAnswer::class.java)
    }
}

data class PlainRequest(
    val to: String,
    val text: String,
    @get:JsonProperty("reply_to") val replyTo: String,
)

data class PlainAnswer @JsonCreator constructor(
    @JsonProperty("id") val id: String,
    @JsonProperty("to") val to: String,
    @JsonProperty("text") val text: String,
    @JsonProperty("reply_to") val replyTo: String,
    @JsonProperty("created_at") val createdAt: String,
    @JsonProperty("correlation_id") val correlationId: String?,
)

data class PlainEvent @JsonCreator constructor(
    @JsonProperty("id") val id: String,
    @JsonProperty("type") val type: String,
    @JsonProperty("payload") val payload: PlainPayload,
    @JsonProperty("created_at") val createdAt: String,
)

data class PlainPayload @JsonCreator constructor(
    @JsonProperty("message_id") val messageId: String,
    @JsonProperty("channel") val channel: String,
    @JsonProperty("from") val from: String,
    @JsonProperty("to") val to: String,
    @JsonProperty("content") val content: PlainContent,
    @JsonProperty("conversation") val conversation: PlainConversation?,
)

data class PlainContent @JsonCreator constructor(@JsonProperty("text") val text: String)

data class PlainConversation @JsonCreator constructor(
    @JsonProperty("window_expires_at") val windowExpiresAt: String?,
)
