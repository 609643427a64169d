package dev.backchat.vectors

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import dev.backchat.Answer
import dev.backchat.BackchatException
import dev.backchat.Client
import dev.backchat.Document as File
import dev.backchat.Event
import dev.backchat.FaultServer
import dev.backchat.JSON
import dev.backchat.Received
import dev.backchat.Template
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking

/** A port that nothing listens on: a case by the interface alone must never get there. */
private const val NOWHERE = "http://127.0.0.1:9"

/** A dot and 12 characters of Crockford's base32. */
private val GENERATED = Regex("\\.[0-9a-hjkmnp-tv-z]{12}")

/** `outgoing.json`, `error_bodies.json`, `retry_after.json`: one call, and what becomes of it. */
fun checkCall(case: JsonNode, fault: FaultServer) {
    if (case["via"].asText() == "api") {
        val (_, error) = run(case, NOWHERE)
        // What is wrong without a server is wrong in the arguments.
        same("is an argument's", error != null, error?.isArgument ?: false)
        return checkEnd(case, null, error)
    }
    fault.reset()
    fault.script(case["answers"])
    val (answer, error) = run(case, url(case["server"], fault))
    error?.let { checkError(case, it) }
    checkEnd(case, answer, error)
    checkRequests(case["expect"], fault)
}

private fun url(server: JsonNode, fault: FaultServer): String = when {
    server.isObject -> fault.tls(server["tls"].asText()).first
    server.asText() == "scripted" -> fault.url
    else -> fault.unreachable(server.asText())
}

private fun run(case: JsonNode, baseUrl: String): Pair<Answer?, BackchatException?> = try {
    client(case["client"], baseUrl).use { runBlocking { answer(it, case) } } to null
} catch (end: BackchatException) {
    null to end
}

private fun client(options: JsonNode, baseUrl: String) = Client(
    apiToken = options.text("api_token") ?: "vector-token",
    baseUrl = options.text("base_url") ?: baseUrl,
    timeout = options.seconds("timeout"),
    connectTimeout = options.seconds("connect_timeout"),
    maxRetries = options["max_retries"]?.asInt(),
    maxConnections = options["max_connections"]?.asInt(),
    callbackUrl = options.text("callback_url"),
    proxy = options.text("proxy"),
    caCertificates = listOfNotNull(options.text("ca_certificate")),
    allowInsecureHttp = options["allow_insecure_http"]?.asBoolean() ?: false,
    userAgent = options.text("user_agent") ?: "backchat-kotlin",
)

private suspend fun answer(client: Client, case: JsonNode): Answer? {
    val (args, options) = case["args"] to case["options"]
    val (timeout, headers) = options.seconds("timeout") to options.strings("headers")
    val maxRetries = options["max_retries"]?.asInt()
    return when (val call = case["call"].asText()) {
        "client" -> null
        "notify.reply" -> client.notify.reply(
            to = args["to"].asText(), text = args["text"].asText(), replyTo = args["reply_to"].asText(),
            callbackUrl = args.text("callback_url"), correlationId = args.text("correlation_id"),
            timeout = timeout, maxRetries = maxRetries, headers = headers,
        )
        "notify.send" -> template(args).let {
            client.notify.send(
                templateId = it.templateId, to = args["to"].asText(), variables = it.variables,
                from = it.from, locale = it.locale, expiresAt = it.expiresAt,
                scheduleAt = it.scheduleAt, callbackUrl = it.callbackUrl,
                correlationId = it.correlationId, preferredChannel = it.preferredChannel,
                maxAutoRetries = it.maxAutoRetries, document = it.document,
                timeout = timeout, maxRetries = maxRetries, headers = headers,
            )
        }
        "reply" -> client.reply(
            message(args), args["text"].asText(),
            timeout = timeout, maxRetries = maxRetries, headers = headers,
        )
        "reply_or_template" -> client.replyOrTemplate(
            message(args), args["text"].asText(), template(args["template"]),
            timeout = timeout, maxRetries = maxRetries, headers = headers,
        )
        else -> throw Mismatch("no call is called $call")
    }
}

private fun template(args: JsonNode) = Template(
    templateId = args["template_id"].asText(),
    variables = args.strings("variables"),
    from = args.text("from"),
    locale = args.text("locale"),
    expiresAt = args.text("expires_at"),
    scheduleAt = args.text("schedule_at"),
    callbackUrl = args.text("callback_url"),
    correlationId = args.text("correlation_id"),
    preferredChannel = args.text("preferred_channel"),
    maxAutoRetries = args["max_auto_retries"]?.asInt(),
    document = args["document"]?.let { File(it["url"].asText(), it.text("filename")) },
)

private fun message(args: JsonNode): Event.InboundMessage {
    val event = Event.fromJson(JSON.writeValueAsString(args["event"]))
    return event as? Event.InboundMessage ?: throw Mismatch("not an inbound message: $event")
}

private fun JsonNode.seconds(name: String): Duration? = this[name]?.asDouble()?.seconds

/** An error of a call names the message and the correlation id. */
private fun checkError(case: JsonNode, error: BackchatException) {
    if (error.code == "configuration") return
    val args = case["args"]
    args.text("correlation_id")?.let { same("correlation_id", it, error.correlationId) }
    args.text("reply_to")?.let { same("message_id", it, error.messageId) }
}

private fun checkEnd(case: JsonNode, answer: Answer?, error: BackchatException?) {
    val (ok, expected) = case["expect"]["ok"] to case["expect"]["error"]
    if ((ok == null) == (expected == null)) throw Mismatch("expect either `ok` or `error`")
    if (expected != null) {
        return check(expected, error ?: throw Mismatch("expected $expected, got $answer"))
    }
    if (error != null) throw Mismatch("expected no error, got $error")
    includes(ok, answer?.let(::fields) ?: emptyMap())
}

private fun checkRequests(expect: JsonNode, fault: FaultServer) {
    val posts = expect["posts"].asInt()
    fault.waitForPosts(posts)
    val received = fault.requests().filter(Received::complete)
    same("posts", posts, received.size)
    val requests = expect["requests"] ?: return
    same("requests", requests.size(), received.size)
    for ((expected, got) in requests.zip(received)) checkRequest(expected, got)
}

private fun checkRequest(expected: JsonNode, received: Received) {
    same("method", "POST", received.method)
    same("path", expected["path"].asText(), received.path)
    for ((name, value) in expected["headers"]?.properties().orEmpty()) {
        same(name, value.takeUnless(JsonNode::isNull)?.asText(), received.header(name))
    }
    val got = received.body()
    val body = expected["body"].deepCopy<ObjectNode>()
    body["correlation_id"]?.text("generated_for")?.let { head ->
        val echoed = got["correlation_id"].asText()
        if (!echoed.startsWith(head) || !GENERATED.matches(echoed.removePrefix(head))) {
            throw Mismatch("correlation_id: expected one for $head, got $echoed")
        }
        body.put("correlation_id", echoed)
    }
    same("the body", whole(body), whole(got))
}
