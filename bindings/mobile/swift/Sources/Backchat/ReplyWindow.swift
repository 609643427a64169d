internal import BackchatNative
import Foundation

/// The 24-hour window, as the event said when it was made.
///
/// It is information, **not** a gate: a newer message of the same user may have reset the window, so a
/// reply always asks the server, whose `windowExpired` is the truth.
public struct ReplyWindow: Sendable, Hashable {
    let native: BackchatNative.ReplyWindow

    /// When it closes; `nil` without a window (RCS), or when the event does not say.
    public var expiresAt: Date? { native.expiresAt?.date }
    /// The same exactly as it came.
    public var expiresAtRaw: String? { native.expiresAt?.wire }

    /// Whether a user may still be answered.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// A reply is in time.
        case open
        /// A reply is too late, unless the user wrote again since.
        case closed
        /// The channel has no window (RCS): a reply is always in time.
        case none
        /// The event does not say.
        case unknown
    }

    /// The state at a moment. At the very moment of ``expiresAt`` it is closed.
    public func state(at now: Date = Date()) -> State {
        switch windowState(window: native, now: now.instant) {
        case .open: .open
        case .closed: .closed
        case .none: .none
        case .unknown: .unknown
        }
    }

    /// The time left at a moment: zero once closed, `nil` without a window or when unknown.
    public func remaining(at now: Date = Date()) -> Duration? {
        windowRemaining(window: native, now: now.instant).map {
            .seconds($0.seconds) + .nanoseconds($0.nanoseconds)
        }
    }
}

extension ReplyWindow: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "ReplyWindow(expiresAt: \(shown(expiresAtRaw)))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
