internal import BackchatNative
import Foundation

/// A template and what fills it, without its receiver.
public struct Template: Sendable, Hashable {
    /// The template's id, `template_…`.
    public var templateID: String
    /// Exactly the variables that the template has.
    public var variables: [String: String]
    /// The sender. Default: the account's.
    public var from: String?
    /// The language, BCP 47. Default: the template's own.
    public var locale: String?
    /// Until when Prelude tries to deliver it, in RFC 3339: ``expiresAt`` as it is sent.
    public var expiresAtRaw: String?
    /// When to send it, in RFC 3339: ``scheduleAt`` as it is sent.
    public var scheduleAtRaw: String?
    /// Where Prelude posts the delivery events. Default: the client's.
    public var callbackURL: URL?
    /// Comes back in every delivery event. Default: made by the client.
    public var correlationID: String?
    /// The channel to try first. Prelude may fall back to SMS.
    public var preferredChannel: Channel?
    /// How often Prelude tries again by itself when the delivery fails.
    public var maxAutoRetries: Int?
    /// A file that goes along.
    public var document: Document?

    /// A file that goes out with a template.
    public struct Document: Sendable, Hashable {
        /// Where Prelude fetches it, `https`.
        public var url: URL
        /// The name that the user sees.
        public var filename: String?

        public init(url: URL, filename: String? = nil) {
            self.url = url
            self.filename = filename
        }
    }

    public init(
        templateID: String,
        variables: [String: String] = [:],
        from: String? = nil,
        locale: String? = nil,
        expiresAt: Date? = nil,
        scheduleAt: Date? = nil,
        callbackURL: URL? = nil,
        correlationID: String? = nil,
        preferredChannel: Channel? = nil,
        maxAutoRetries: Int? = nil,
        document: Document? = nil
    ) {
        self.templateID = templateID
        self.variables = variables
        self.from = from
        self.locale = locale
        self.callbackURL = callbackURL
        self.correlationID = correlationID
        self.preferredChannel = preferredChannel
        self.maxAutoRetries = maxAutoRetries
        self.document = document
        self.expiresAt = expiresAt
        self.scheduleAt = scheduleAt
    }

    /// Until when Prelude tries to deliver it.
    public var expiresAt: Date? {
        get { expiresAtRaw.flatMap(Date.init(wire:)) }
        set { expiresAtRaw = newValue?.wire }
    }

    /// When to send it. Default: now.
    public var scheduleAt: Date? {
        get { scheduleAtRaw.flatMap(Date.init(wire:)) }
        set { scheduleAtRaw = newValue?.wire }
    }

    var native: TemplateRequest {
        TemplateRequest(
            templateId: templateID,
            variables: variables,
            from: from,
            locale: locale,
            expiresAt: expiresAtRaw,
            scheduleAt: scheduleAtRaw,
            callbackUrl: callbackURL?.absoluteString,
            correlationId: correlationID,
            preferredChannel: preferredChannel?.rawValue,
            maxAutoRetries: maxAutoRetries.map(Int32.init(clamping:)),
            document: document.map {
                DocumentRequest(url: $0.url.absoluteString, filename: $0.filename)
            }
        )
    }
}

/// Without the variables' values, which are as private as a text.
extension Template: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "Template(templateID: \(shown(templateID)), variables: \(shown(variables.keys)))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Without the address, which may be signed.
extension Template.Document: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "Document(…)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
