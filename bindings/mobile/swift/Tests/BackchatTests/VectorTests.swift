import Backchat
import Foundation
import Testing

/// The shared vectors, through the public interface. `tests/vectors/README.md` says more.
@Suite struct VectorTests {
    @Test func everyCaseOfEveryFile() async throws {
        let fault = try await FaultServer()
        var tallies: [Tally] = []
        for name in Document.names {
            let document = try Document(name)
            var tally = Tally(file: name)
            for testCase in document.cases {
                await tally.run(testCase) { testCase in
                    switch name {
                    case "events": try EventCheck.events(testCase)
                    case "signatures": try EventCheck.signatures(testCase, document)
                    case "reply_windows": try EventCheck.replyWindows(testCase)
                    default:
                        try await CallCheck(testCase, defaults: document.defaults).check(fault)
                    }
                }
            }
            print(tally)
            tallies.append(tally)
            for failure in tally.failures { Issue.record("\(name): \(failure)") }
            #expect(tally.api + tally.http > 0)
            // Rust counts the same data: equal to it is equal to Rust.
            #expect(tally.api == document.count(via: "api"))
            #expect(tally.http == document.count(via: "http"))
        }
        let (api, http) = tallies.reduce((0, 0)) { ($0.0 + $1.api, $0.1 + $1.http) }
        print("vectors: total \(api + http) (api \(api), http \(http))")
    }
}
