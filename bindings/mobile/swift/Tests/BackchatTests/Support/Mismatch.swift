/// What came out is not what was expected.
struct Mismatch: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

func same<T: Equatable>(_ what: String, _ expected: T, _ got: T) throws {
    guard expected == got else { throw Mismatch("\(what): expected \(expected), got \(got)") }
}
