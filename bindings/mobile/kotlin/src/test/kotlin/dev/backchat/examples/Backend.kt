package dev.backchat.examples

import com.sun.net.httpserver.HttpExchange
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers

/** `POST /v2/notify/reply` of a backend: its own authorization, then the API's token. */
class Backend(private val api: String, private val apiToken: String, private val allowed: (String) -> Boolean) {
    private val http = HttpClient.newHttpClient()

    fun handle(exchange: HttpExchange): Unit = exchange.use {
        val bearer = it.requestHeaders.getFirst("authorization").orEmpty().removePrefix("Bearer ")
        if (!allowed(bearer)) return it.sendResponseHeaders(401, -1)
        val request = HttpRequest.newBuilder(URI("$api/v2/notify/reply"))
            .header("authorization", "Bearer $apiToken").header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(it.requestBody.readBytes())).build()
        val answer = http.send(request, BodyHandlers.ofByteArray())
        it.responseHeaders.add("content-type", "application/json")
        it.sendResponseHeaders(answer.statusCode(), answer.body().size.toLong())
        it.responseBody.write(answer.body())
    }
}
