internal import BackchatNative
import Foundation

/// The file that a user sent.
public struct InboundMedia: Sendable, Hashable {
    private let native: FetchedMedia

    /// The `Content-Type`, such as `image/jpeg`.
    public var contentType: String? { native.contentType }
    /// The file's name, without directories. The user chose it: do not take it for a path as it is.
    public var filename: String? { native.filename }
    /// The file itself, at most 5 MiB.
    public var bytes: Data { native.bytes }

    init(native: FetchedMedia) {
        self.native = native
    }
}

/// Without the name, and with the file's size alone.
extension InboundMedia: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "InboundMedia(contentType: \(shown(contentType, .text)), "
            + "filename: \(shown(filename, .text)), bytes: \(bytes.count))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
