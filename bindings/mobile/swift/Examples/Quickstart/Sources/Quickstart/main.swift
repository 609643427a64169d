// Quickstart <backend> <session> <text>, with the pushed event as input.
import Backchat
import Foundation

let words = CommandLine.arguments
let agent = try Agent(backend: URL(string: words[1])!, session: Session(secret: words[2]))
let pushed = FileHandle.standardInput.readDataToEndOfFile()
try await agent.answer(pushed, with: words[3])
guard case .inboundMessage(let message) = try Event.fromJSON(pushed) else { exit(2) }
// A user may be answered more than once.
let ending = await agent.answerCarefully(message, with: "Anything else?")
print(ending)
await agent.client.close()
exit(ending.hasPrefix("sent tx_") ? 0 : 1)
