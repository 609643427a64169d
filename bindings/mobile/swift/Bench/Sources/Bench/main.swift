// One measurement in a process of its own; prints its figures as JSON:
// `Bench reply <client> <url> <in flight>`, `Bench parse <event>`.
import Foundation

struct Unusable: Error {}

let arguments = Array(CommandLine.arguments.dropFirst())
let figures: [String: Double]
switch (arguments.first, arguments.count) {
case ("reply", 4):
    guard let url = URL(string: arguments[2]), let inFlight = Int(arguments[3]) else { throw Unusable() }
    figures = try await measureReplies(arguments[1], url, inFlight)
case ("parse", 2):
    figures = try measureParsing(Data(contentsOf: URL(fileURLWithPath: arguments[1])))
default:
    throw Unusable()
}
print(String(decoding: try JSONEncoder().encode(figures), as: UTF8.self))
