internal import BackchatNative
import Foundation

/// One call that a task waits for: it ends once, by its end or by the task's cancellation.
///
/// uniffi's own futures do not cancel, so the library tells a listener how a call ended.
final class Waiting: CallListener, @unchecked Sendable {
    private let lock = NSLock()
    /// All of these are guarded by the lock.
    private var continuation: CheckedContinuation<CallEnd, any Error>?
    private var call: RunningCall?
    private var cancelled = false
    private var early: CallEnd?

    /// Starts a call and waits for its end.
    func wait(_ start: (any CallListener) throws -> RunningCall) async throws -> CallEnd {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            let started = try raising { try start(self) }
            let end = try await withCheckedThrowingContinuation { continuation in
                running(started, continuation)
            }
            if case .failed(let failure) = end { throw BackchatError(failure) }
            return end
        } onCancel: {
            cancel()
        }
    }

    private func running(_ started: RunningCall, _ waiting: CheckedContinuation<CallEnd, any Error>) {
        enum Now { case ended(CallEnd), cancelled, wait }
        let now: Now = lock.withLock {
            if let early { return .ended(early) }
            if cancelled { return .cancelled }
            (call, continuation) = (started, waiting)
            return .wait
        }
        switch now {
        case .ended(let end): waiting.resume(returning: end)
        case .cancelled:
            _ = started.cancel()
            waiting.resume(throwing: CancellationError())
        case .wait: break
        }
    }

    /// Called by the library, once, on the thread that drives all calls.
    func ended(end: CallEnd) {
        let waiting = lock.withLock {
            defer { (call, continuation) = (nil, nil) }
            if continuation == nil { early = end }
            return continuation
        }
        waiting?.resume(returning: end)
    }

    private func cancel() {
        let (running, waiting) = lock.withLock {
            cancelled = true
            defer { (call, continuation) = (nil, nil) }
            return (call, continuation)
        }
        // Whether a POST had begun is the library's to say: it then runs on by itself.
        _ = running?.cancel()
        waiting?.resume(throwing: CancellationError())
    }
}
