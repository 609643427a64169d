internal import BackchatNative
import Foundation

extension Client {
    /// What a client may be told beside its address and its token.
    public struct Options: Sendable, Hashable {
        /// How long one call may take in all, retries and waiting for a connection included.
        /// Default: 8 s.
        public var timeout: Duration?
        /// How long a connection, TLS included, may take to be made. Default: 3 s.
        public var connectTimeout: Duration?
        /// How often a POST that provably had no effect is tried again. Default: 2; 0 turns it off.
        public var maxRetries: Int?
        /// How many connections are open at most. Default: 100.
        public var maxConnections: Int?
        /// Where Prelude posts the delivery events of every message that names no other address.
        /// Default: `PRELUDE_CALLBACK_URL`, else none.
        public var callbackURL: URL?
        /// The proxy for all calls. Loopback is never proxied.
        public var proxy: URL?
        /// Certificate authorities to trust besides the system's, in PEM.
        public var caCertificates: [String]
        /// Takes an `http` base URL that is not loopback: tokens and texts then travel in the clear.
        public var allowInsecureHTTP: Bool
        /// The `User-Agent` header. Default: `backchat-swift/<version>`.
        public var userAgent: String?

        public init(
            timeout: Duration? = nil,
            connectTimeout: Duration? = nil,
            maxRetries: Int? = nil,
            maxConnections: Int? = nil,
            callbackURL: URL? = nil,
            proxy: URL? = nil,
            caCertificates: [String] = [],
            allowInsecureHTTP: Bool = false,
            userAgent: String? = nil
        ) {
            self.timeout = timeout
            self.connectTimeout = connectTimeout
            self.maxRetries = maxRetries
            self.maxConnections = maxConnections
            self.callbackURL = callbackURL
            self.proxy = proxy
            self.caCertificates = caCertificates
            self.allowInsecureHTTP = allowInsecureHTTP
            self.userAgent = userAgent
        }

        func native(baseURL: URL?, apiToken: String?) -> ClientOptions {
            ClientOptions(
                apiToken: apiToken,
                baseUrl: baseURL?.absoluteString,
                timeoutNanoseconds: timeout?.nanoseconds,
                connectTimeoutNanoseconds: connectTimeout?.nanoseconds,
                maxRetries: maxRetries.map(Int32.init(clamping:)),
                maxConnections: maxConnections.map(Int32.init(clamping:)),
                callbackUrl: callbackURL?.absoluteString,
                proxy: proxy?.absoluteString,
                caCertificates: caCertificates,
                allowInsecureHttp: allowInsecureHTTP,
                userAgent: userAgent ?? "backchat-swift/\(version())"
            )
        }
    }
}

/// A proxy's address may hold a password.
extension Client.Options: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "Options(timeout: \(shown(timeout)), maxRetries: \(shown(maxRetries)))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What one call may be told.
public struct CallOptions: Sendable, Hashable {
    /// How long this call may take in all. Default: the client's.
    public var timeout: Duration?
    /// How often a POST that provably had no effect is tried again. Default: the client's.
    public var maxRetries: Int?
    /// Sent along. Headers that say who calls, and what, cannot be set.
    public var headers: [String: String]

    public init(timeout: Duration? = nil, maxRetries: Int? = nil, headers: [String: String] = [:]) {
        self.timeout = timeout
        self.maxRetries = maxRetries
        self.headers = headers
    }

    var native: BackchatNative.CallOptions {
        BackchatNative.CallOptions(
            timeoutNanoseconds: timeout?.nanoseconds,
            maxRetries: maxRetries.map(Int32.init(clamping:)),
            headers: headers.map { Header(name: $0.key, value: $0.value) }
        )
    }
}

/// A header's value may be a secret.
extension CallOptions: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "CallOptions(timeout: \(shown(timeout)), maxRetries: \(shown(maxRetries)), "
            + "headers: \(shown(headers.keys)))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
