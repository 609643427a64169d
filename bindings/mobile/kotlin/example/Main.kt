// The quickstart as a program: `<backend> <session>`, with the pushed event as input.
import dev.backchat.examples.Session
import dev.backchat.examples.answer
import kotlinx.coroutines.runBlocking

fun main(arguments: Array<String>) {
    val (backend, secret) = arguments
    val session = object : Session {
        override suspend fun token() = secret
    }
    val pushed = System.`in`.readBytes().decodeToString()
    val answer = runBlocking { answer(pushed, backend, session) }
    println("sent ${answer!!.id}")
}
