package dev.backchat

import dev.backchat.vectors.Document
import dev.backchat.vectors.FILES
import dev.backchat.vectors.Report
import dev.backchat.vectors.checkCall
import dev.backchat.vectors.checkEvent
import dev.backchat.vectors.checkSignature
import dev.backchat.vectors.checkWindow
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** `tests/vectors/README.md` says how the files are read; `tests/src/vectors` is the same in Rust. */
class VectorsTest {
    @Test
    fun `every case of every file`() {
        val reports = FaultServer().use { fault -> FILES.map { run(Document(it), fault) } }
        reports.forEach(::println)
        val (api, http) = reports.sumOf { it.api } to reports.sumOf { it.http }
        println("vectors: total ${api + http} (api $api, http $http)")
        val failures = reports.flatMap { it.failures }
        assertTrue(failures.isEmpty(), failures.joinToString("\n", "${failures.size} failed:\n"))
        // `cargo xtask` counts the cases in Rust.
        assertEquals(environment("BACKCHAT_VECTOR_COUNT").toInt(), api + http)
    }

    private fun run(document: Document, fault: FaultServer): Report {
        val report = Report(document.name)
        for (case in document.cases) {
            report.run(case) {
                when (document.name) {
                    "events" -> checkEvent(it)
                    "signatures" -> checkSignature(it, document)
                    "reply_windows" -> checkWindow(it)
                    else -> checkCall(document.complete(it), fault)
                }
            }
        }
        assertEquals(document.count("api") + document.count("http"), report.api + report.http + report.failures.size)
        return report
    }
}
