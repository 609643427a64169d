internal import BackchatNative
import Foundation

/// One call that a task waits for: it ends once, by its end or by the task's cancellation.
///
/// uniffi's own futures do not cancel, so the library tells a listener how a call ended.
final class Waiting<Response: Sendable>: @unchecked Sendable {
    private typealias Waiter = CheckedContinuation<Response, any Error>
    private typealias End = Result<Response, any Error>
    private enum Now { case ended(End), cancelled, wait }

    private let lock = NSLock()
    private let isHandedOver = UserCode.hasItsOwnExecutor
    /// All of these are guarded by the lock.
    private var continuation: Waiter?
    private var call: RunningCall?
    private var cancelled = false
    private var early: End?

    /// Starts a call and waits for its end.
    func wait(_ start: (Waiting) throws -> RunningCall) async throws -> Response {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            let started = try raising { try start(self) }
            return try await withCheckedThrowingContinuation { continuation in
                running(started, continuation)
            }
        } onCancel: {
            cancel()
        }
    }

    private func running(_ started: RunningCall, _ waiting: Waiter) {
        let now: Now = lock.withLock {
            if let early { return .ended(early) }
            if cancelled { return .cancelled }
            (call, continuation) = (started, waiting)
            return .wait
        }
        switch now {
        case .ended(let end): waiting.resume(with: end)
        case .cancelled:
            _ = started.cancel()
            waiting.resume(throwing: CancellationError())
        case .wait: break
        }
    }

    /// Called by the library, once, on the thread that drives all calls. Resuming puts the task into
    /// the queue of Swift's own threads; but an executor that the user wrote is code of the user.
    private func ended(_ end: End) {
        let waiting = lock.withLock {
            defer { (call, continuation) = (nil, nil) }
            if continuation == nil { early = end }
            return continuation
        }
        guard let waiting else { return }
        if isHandedOver {
            UserCode.run { waiting.resume(with: end) }
        } else {
            waiting.resume(with: end)
        }
    }

    func failed(failure: Failure) {
        ended(.failure(BackchatError(failure)))
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

extension Waiting: ReplyListener where Response == ReplyResponse {
    func sent(response: BackchatNative.ReplyResponse) {
        ended(.success(ReplyResponse(native: response)))
    }
}

extension Waiting: SendListener where Response == SendResponse {
    func sent(response: BackchatNative.SendResponse) {
        ended(.success(SendResponse(native: response)))
    }
}

extension Waiting: ReplyOrTemplateListener where Response == Answered {
    func replied(response: BackchatNative.ReplyResponse) {
        ended(.success(.reply(ReplyResponse(native: response))))
    }

    func templateSent(response: BackchatNative.SendResponse) {
        ended(.success(.template(SendResponse(native: response))))
    }
}

extension Waiting: MediaListener where Response == InboundMedia {
    func fetched(media: FetchedMedia) {
        ended(.success(InboundMedia(native: media)))
    }
}
