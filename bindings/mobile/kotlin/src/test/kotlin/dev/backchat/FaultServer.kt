package dev.backchat

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers

val JSON: ObjectMapper = ObjectMapper()

/** Requests to a control port: JSON in, JSON out. */
class Control(private val url: String) {
    private val http: HttpClient = HttpClient.newHttpClient()

    fun ask(method: String, path: String, body: Any? = null): JsonNode? {
        val request = HttpRequest.newBuilder(URI(url + path))
        if (body == null) {
            request.method(method, BodyPublishers.noBody())
        } else {
            // The port refuses a body that is not marked as JSON, and an empty one that is.
            request.header("content-type", "application/json")
            request.method(method, BodyPublishers.ofString(JSON.writeValueAsString(body)))
        }
        val answer = http.send(request.build(), BodyHandlers.ofString())
        check(answer.statusCode() < 300) { "$method $path: ${answer.statusCode()} ${answer.body()}" }
        return answer.body().takeIf(String::isNotEmpty)?.let(JSON::readTree)
    }
}

/** One request, as the fault server received it. */
class Received(private val json: JsonNode) {
    val method: String = json["method"].asText()
    val path: String = json["path"].asText()
    val complete: Boolean = json["complete"].asBoolean()

    fun header(name: String): String? =
        json["headers"].firstOrNull { it[0].asText().equals(name, true) }?.get(1)?.asText()

    fun body(): JsonNode = JSON.readTree(json["body"].asText())
}

/** `cargo xtask fault-server`, in a process of its own. For one thread at a time. */
class FaultServer : AutoCloseable {
    private val process: Process =
        ProcessBuilder(environment("BACKCHAT_XTASK"), "fault-server")
            .redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val control: Control
    private val tls = HashMap<String, JsonNode>()

    val url: String

    init {
        val addresses = JSON.readTree(process.inputReader().readLine())
        url = addresses["fault"].asText()
        control = Control(addresses["control"].asText())
    }

    /** Answers the next requests with these steps, in order. */
    fun script(steps: Any) {
        control.ask("POST", "/script", steps)
    }

    /** No script, no counts, the first default. */
    fun reset() {
        control.ask("POST", "/reset")
    }

    fun counts(): JsonNode = control.ask("GET", "/counts")!!

    /** The requests in their order, whole or not. */
    fun requests(): List<Received> = control.ask("GET", "/requests")!!.map(::Received)

    /** Waits until [posts] whole requests have arrived: a POST may run on after its call has ended. */
    fun waitForPosts(posts: Int): Int {
        val end = System.nanoTime() + 1_000_000_000
        while (counts()["posts"].asInt() < posts && System.nanoTime() < end) Thread.sleep(10)
        return counts()["posts"].asInt()
    }

    /** The address of the TLS listener of this kind, and the authority that signs the good certificates. */
    fun tls(kind: String): Pair<String, String> {
        val listener = tls.getOrPut(kind) { control.ask("POST", "/tls", mapOf("kind" to kind))!! }
        return listener["url"].asText() to listener["ca_pem"].asText()
    }

    /** An address that no connection gets through to. */
    fun unreachable(kind: String): String = control.ask("GET", "/unreachable")!![kind].asText()

    /** It serves until its input ends. */
    override fun close() {
        process.outputStream.close()
        process.waitFor()
    }
}

/** What `cargo xtask test kotlin` tells the tests. */
fun environment(name: String): String =
    System.getenv(name) ?: error("$name is not set: run the tests by `cargo xtask test kotlin`")
