package dev.backchat.vectors

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.ObjectNode
import dev.backchat.JSON
import java.io.File
import java.util.Base64

val FOLDER: File = File("../../../tests/vectors")
val FILES = listOf("outgoing", "events", "signatures", "reply_windows", "error_bodies", "retry_after")

/** What came out is not what the case expects. */
class Mismatch(why: String) : Exception(why)

/** One file of vectors. */
class Document(val name: String) {
    private val read: JsonNode = JSON.readTree(File(FOLDER, "$name.json"))
    val cases: List<JsonNode> = read["cases"].toList()
    val keys: JsonNode? = read["keys"]
    val bodies: JsonNode? = read["bodies"]
    private val defaults = read["defaults"] as? ObjectNode

    fun count(via: String): Int = cases.count { it["via"].asText() == via }

    /** The case, with what it leaves out. */
    fun complete(case: JsonNode): JsonNode {
        val whole = JSON.createObjectNode()
        for (name in listOf("args", "client", "options")) whole.putObject(name)
        whole.put("server", "scripted")
        whole.putArray("answers")
        defaults?.let { whole.setAll<JsonNode>(it) }
        whole.setAll<JsonNode>(case as ObjectNode)
        return whole
    }
}

/** How many cases of a file passed, by how they are run, and which failed. */
class Report(private val file: String) {
    var api = 0
        private set
    var http = 0
        private set
    val failures = ArrayList<String>()

    fun run(case: JsonNode, check: (JsonNode) -> Unit) {
        try {
            check(case)
            if (case["via"].asText() == "http") http++ else api++
        } catch (why: Exception) { // Whatever it is, the other cases run too.
            failures += "${case["name"].asText()}: ${if (why is Mismatch) why.message else why}"
        }
    }

    override fun toString(): String {
        val counts = listOf("api" to api, "http" to http, "failed" to failures.size)
        return "vectors: $file " +
            counts.filter { it.second > 0 }.joinToString { (what, count) -> "$what $count" }
    }
}

fun same(what: String, expected: Any?, got: Any?) {
    if (expected != got) throw Mismatch("$what: expected $expected, got $got")
}

/** [got] as JSON has every field that [expected] names, and the same. */
fun includes(expected: JsonNode, got: Map<String, Any?>) {
    for ((name, value) in expected.properties()) {
        if (name !in got) throw Mismatch("no field $name")
        same(name, whole(value), whole(JSON.valueToTree(got[name])))
    }
}

/** The same JSON with each number as its characters, so that 1 and 1L are equal and 1.0 is not. */
fun whole(json: JsonNode): Any? = when {
    json.isNull || json.isMissingNode -> null
    json.isTextual -> json.asText()
    json.isArray -> json.map(::whole)
    json.isObject -> json.properties().associate { (name, value) -> name to whole(value) }
    else -> Scalar(json.asText())
}

private data class Scalar(val written: String)

/** The bytes of a webhook, as the vectors write them. */
fun bodyOf(written: JsonNode): ByteArray {
    val (kind, value) = written.properties().single()
    return when (kind) {
        "text" -> value.asText().encodeToByteArray()
        "json" -> JSON.writeValueAsBytes(value)
        "base64" -> Base64.getDecoder().decode(value.asText())
        "padded" -> buildString {
            append(value["before"].asText())
            append(value["fill"].asText().repeat(value["count"].asInt()))
            append(value["after"].asText())
        }.encodeToByteArray()
        else -> throw Mismatch("a body cannot be written as $kind")
    }
}

fun JsonNode.text(name: String): String? = this[name]?.takeUnless(JsonNode::isNull)?.asText()

fun JsonNode.strings(name: String): Map<String, String> =
    this[name]?.properties().orEmpty().associate { (key, value) -> key to value.asText() }

fun JsonNode.array(name: String): ArrayNode = get(name) as ArrayNode
