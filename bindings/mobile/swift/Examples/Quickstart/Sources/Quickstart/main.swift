// Quickstart <backend> <session> <text>, with the pushed event as input.
import Backchat
import Foundation

let words = CommandLine.arguments
let agent = try Agent(backend: URL(string: words[1])!, session: Session(secret: words[2]))
let pushed = FileHandle.standardInput.readDataToEndOfFile()
try await agent.answer(pushed, with: words[3])
if case .inboundMessage(let message) = try Event.fromJSON(pushed) {
    // A user may be answered more than once.
    print(await agent.answerCarefully(message, with: "Anything else?"))
}
await agent.client.close()
