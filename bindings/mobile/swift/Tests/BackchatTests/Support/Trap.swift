import Dispatch
import Foundation

/// More than Swift's own pool has threads for.
let many = 2 * ProcessInfo.processInfo.activeProcessorCount + 6

/// A place where `count` threads are to block, until the trap is opened.
final class Trap: @unchecked Sendable {
    private let lock = NSLock()
    private let opened = DispatchSemaphore(value: 0)
    private let count: Int
    private var caught = 0

    init(_ count: Int = many) {
        self.count = count
    }

    func block() {
        lock.withLock { caught += 1 }
        opened.wait()
        // For the next one.
        opened.signal()
    }

    func open() {
        opened.signal()
    }

    /// As soon as all are there.
    func waitForAll() async throws {
        for _ in 0..<1000 where lock.withLock({ caught < count }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        let there = lock.withLock { caught }
        guard there >= count else { throw Mismatch("only \(there) of \(count) got there") }
    }
}
