import Dispatch

/// Runs code of the user away from the thread that drives all calls, which only hands over to it.
enum UserCode {
    /// A queue that has a thread to itself while it works, so that what blocks there holds up no other.
    static func queue() -> DispatchQueue {
        DispatchQueue(label: "backchat.user-code")
    }

    /// Runs `work` soon, on a thread of its own, and returns at once.
    static func run(_ work: @escaping @Sendable () -> Void) {
        queue().async(execute: work)
    }

    /// Starts `work` on a thread of its own: blocking in it takes none of the few threads that all
    /// tasks share. Before the systems that can do that it starts as every task does.
    static func task<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) -> Task<T, any Error> {
        if #available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *) {
            Task(executorPreference: OwnThread(), operation: work)
        } else {
            Task(operation: work)
        }
    }

    /// Whether the current task runs on an executor that its owner wrote, which may run jobs in place.
    static var hasItsOwnExecutor: Bool {
        if #available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *) {
            withUnsafeCurrentTask { $0?.unownedTaskExecutor != nil }
        } else {
            false
        }
    }
}

@available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
private final class OwnThread: TaskExecutor {
    private let queue = UserCode.queue()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// A closure of the user. What it holds may run code when it is released: that happens on `queue`, after
/// everything that was there before.
final class Owned<Closure: Sendable>: Sendable {
    private final class Box: Sendable {
        let closure: Closure

        init(_ closure: Closure) {
            self.closure = closure
        }
    }

    private let box: Unmanaged<Box>
    private let queue: DispatchQueue

    init(_ closure: Closure, releasedOn queue: DispatchQueue) {
        box = Unmanaged.passRetained(Box(closure))
        self.queue = queue
    }

    /// To be called on threads of the user alone.
    var closure: Closure { box.takeUnretainedValue().closure }

    deinit {
        queue.async { [box] in box.release() }
    }
}
