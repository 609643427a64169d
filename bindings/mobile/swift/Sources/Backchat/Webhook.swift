internal import BackchatNative
import Foundation

/// Turns webhook requests into events: bytes in, event out. For servers; a phone receives none.
///
/// ```swift
/// let webhook = try Webhook(publicKey: pem)
/// let event = try webhook.verify(body, headers: ["X-Webhook-Signature": signature])
/// ```
public final class Webhook: Sendable {
    private let native: WebhookVerifier

    /// Takes the webhook's public key, PEM or JWKS.
    ///
    /// - Throws: ``BackchatError`` `configuration`.
    public convenience init(publicKey: String) throws {
        try self.init(publicKeys: [publicKey])
    }

    /// The same with several keys, for the days of a rotation: any of them may have signed.
    public init(publicKeys: [String]) throws {
        native = try raising { try WebhookVerifier(publicKeys: publicKeys) }
    }

    private init(native: WebhookVerifier) {
        self.native = native
    }

    /// Takes the key from `PRELUDE_WEBHOOK_PUBLIC_KEY`.
    public static func fromEnvironment() throws -> Webhook {
        Webhook(native: try raising { try WebhookVerifier.fromEnvironment() })
    }

    /// Takes every request, whoever sent it: for accounts that have not enabled signing, behind a
    /// network that lets only Prelude in. Events then have `verified == false`.
    public static func unverified() -> Webhook {
        Webhook(native: WebhookVerifier.unverified())
    }

    /// Checks the signature over `body`, the **raw** bytes as they were received, and reads the event.
    ///
    /// - Parameter headers: Names and values, as the request had them; a name may come twice.
    /// - Throws: ``BackchatError`` `signatureMissing` or `signatureInvalid` with a `reason`, and
    ///   `eventUnreadable` when the signature is good but the body is no event. Answer with its
    ///   `webhookStatus`.
    public func verify(_ body: Data, headers: some Sequence<(String, String)>) throws -> Event {
        let headers = headers.map { Header(name: $0.0, value: $0.1) }
        return try raising { Event(try native.verify(body: body, headers: headers)) }
    }

    /// The same with headers of which each comes once.
    public func verify(_ body: Data, headers: [String: String]) throws -> Event {
        try verify(body, headers: headers.map { ($0.key, $0.value) })
    }
}

extension Webhook: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { native.printed() }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
