internal import BackchatNative
import Dispatch
import Foundation

/// The log of one client: hears the reports one after the other, in their order, on a thread of its own.
/// A log that blocks keeps nothing waiting but its own client's later reports, and of those not more
/// than `mostWaiting`: the rest are dropped, which is printed.
final class AttemptLog: AttemptListener, @unchecked Sendable {
    private static let mostWaiting = 1000
    /// The reports of all clients that no log has heard yet.
    private static let unheard = DispatchGroup()

    private let turns = UserCode.queue()
    private let log: Owned<@Sendable (Attempt) -> Void>
    private let lock = NSLock()
    /// Both are guarded by the lock.
    private var waiting = 0
    private var isFull = false

    init(_ log: @escaping @Sendable (Attempt) -> Void) {
        self.log = Owned(log, releasedOn: turns)
    }

    /// Called by the library, on the thread that drives all calls.
    func attempted(report: AttemptReport) {
        enum Room { case some, none, noneAnyMore }
        let room: Room = lock.withLock {
            guard waiting >= Self.mostWaiting else {
                waiting += 1
                return .some
            }
            defer { isFull = true }
            return isFull ? .none : .noneAnyMore
        }
        switch room {
        case .some:
            Self.unheard.enter()
            turns.async { self.hear(report) }
        case .noneAnyMore:
            UserCode.run {
                let line = "backchat: the log does not return: reports are dropped\n"
                FileHandle.standardError.write(Data(line.utf8))
            }
        case .none: break
        }
    }

    private func hear(_ report: AttemptReport) {
        log.closure(Attempt(report))
        lock.withLock { (waiting, isFull) = (waiting - 1, false) }
        Self.unheard.leave()
    }

    /// Waits until the logs have heard of everything, but not longer.
    static func finish(until end: DispatchTime) {
        _ = unheard.wait(timeout: end)
    }
}
